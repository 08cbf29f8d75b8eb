/**
 * Resource types of third parties: a module by its path. It runs in a process of its own, in the resource's container, so whatever it does
 * (an endless loop, an exit, a leak) harms no other resource, and it ends with its resource.
 */
import { fail } from "../base/errors.ts";
import { type Peer, serve } from "../rpc/call.ts";
import type { Application } from "./application.ts";
import {
  type ApplicationCall,
  moduleInstance,
  plainKey,
  type StartMessage,
  toType,
  toTypeHost,
  type TypeAnswer,
  type TypeCall,
  type TypeDescription,
  type TypeResource,
} from "./module-messages.ts";
import { foldName } from "../tree/path.ts";
import { dword, multiSz, textOf, type Value } from "../tree/value.ts";
import { type ParameterRow, parameterProblems } from "./parameters.ts";
import { defaultTimes, type RegistryUse, type ResourceContext, type ResourceType } from "./resource-type.ts";

/** Where a type's code is, and what the cluster database says of it. */
export interface ModuleSpec {
  readonly name: string;
  /** Absolute path of the module, on every node. */
  readonly module: string;
  readonly diesWithHost: boolean;
  /** The words that start the process: Node and `type-runner`; socket and module path follow. */
  readonly runner: readonly string[];
  /** The resource's own. */
  readonly values: readonly Value[];
}

/** The type for one resource of it. */
export function moduleType(spec: ModuleSpec): ResourceType {
  const sessions = new WeakMap<ResourceContext, Session>();
  const sessionOf = async (context: ResourceContext): Promise<Session> => {
    const known = sessions.get(context) ?? (await openSession(context, spec));
    sessions.set(context, known);
    return known;
  };
  const ask = async (context: ResourceContext, what: TypeCall, signal: AbortSignal): Promise<boolean> =>
    (await sessionOf(context)).ask(what, signal);
  return {
    name: spec.name,
    diesWithHost: spec.diesWithHost,
    times: defaultTimes,
    parameters: [],
    moreParameters: true,
    async prepare(context) {
      checkDescription(context, spec, (await sessionOf(context)).description);
    },
    online: async (context, signal) => void (await ask(context, "online", signal)),
    offline: async (context, signal) => void (await ask(context, "offline", signal)),
    async terminate(context, signal) {
      // One that dies with its host and never came up has nothing to be told.
      if (spec.diesWithHost && sessions.get(context) === undefined) return;
      await ask(context, "terminate", signal);
    },
    looksAlive: (context, signal) => ask(context, "looksAlive", signal),
    isAlive: (context, signal) => ask(context, "isAlive", signal),
    onRegistryChange: async (context, signal) => void (await ask(context, "onRegistryChange", signal)),
  };
}

interface Session {
  readonly description: TypeDescription;
  ask(what: TypeCall, signal: AbortSignal): Promise<boolean>;
}

async function openSession(context: ResourceContext, spec: ModuleSpec): Promise<Session> {
  const { outside, folder } = context;
  if ((await outside.files.stat(spec.module)) === undefined) {
    throw fail("FILE_NOT_FOUND", {
      happened: `${context.resource.name}: the module of resource type ${spec.name}, ${spec.module}, is not on this node.`,
      unchanged: "It was not started.",
      next: `Put it there, on every possible owner, then: clubar resource online "${context.resource.name}".`,
    });
  }
  const place = `${folder}/type`;
  await outside.files.makeFolder(place);
  const greeting = Promise.withResolvers<{ readonly peer: Peer; readonly description: TypeDescription }>();
  const answers = new Map<number, (answer: TypeAnswer) => void>();
  const handlers = typeHandlers(context, spec.values, answers, (peer, description) =>
    greeting.resolve({ peer, description }),
  );
  const listener = await serve(outside.net, `${place}/socket`, () => moduleInstance, handlers);
  const { environment } = context;
  const program = [...spec.runner, `${place}/socket`, spec.module];
  const endedMeans =
    `The module ${spec.module} of resource type ${spec.name} can't be loaded, or has ended; its output is in ${folder}/output.log. ` +
    `Correct it, then: clubar resource online "${context.resource.name}".`;
  const runner = await context
    .start({ program, environment, folder, watched: true, endedMeans })
    .catch(async (cause: unknown) => {
      await listener.close();
      throw cause;
    });
  void runner.ended.then(async () => {
    greeting.reject(fail("RESOURCE_FAILED", { happened: endedMeans }));
    for (const [number, answer] of answers) answer({ number, value: null, failure: `${spec.module} ended.` });
    await listener.close();
  });
  const { peer, description } = await greeting.promise;
  let last = 0;
  return {
    description,
    async ask(what, signal) {
      const number = ++last;
      const answered = new Promise<TypeAnswer>((resolve) => answers.set(number, resolve));
      const abort = (): void => peer.tell(toType.abort, { number });
      signal.addEventListener("abort", abort);
      peer.tell(toType.call, { number, what });
      const { value, failure } = await answered;
      answers.delete(number);
      signal.removeEventListener("abort", abort);
      if (failure === undefined) return value === true;
      throw fail("RESOURCE_FAILED", { happened: `${context.resource.name}: ${failure}` });
    },
  };
}

/** What the process may ask of its host. */
function typeHandlers(
  context: ResourceContext,
  parameters: readonly Value[],
  answers: ReadonlyMap<number, (answer: TypeAnswer) => void>,
  greet: (peer: Peer, description: TypeDescription) => void,
): Parameters<typeof serve>[3] {
  const { resource, folder, socket, environment } = context;
  const applications: Application[] = [];
  const own: TypeResource = {
    id: resource.id,
    name: resource.name,
    times: resource.times,
    parameters,
    folder,
    socket,
    environment,
  };
  return {
    [toTypeHost.hello]: async (body, from) => {
      const description = body as TypeDescription;
      greet(from, description);
      return { ...own, parameters: asKinds(parameters, description.parameters) };
    },
    [toTypeHost.done]: async (body) => {
      const answer = body as TypeAnswer;
      answers.get(answer.number)?.(answer);
      return null;
    },
    [toTypeHost.start]: async (body) => applications.push(await context.start(body as StartMessage)) - 1,
    [toTypeHost.application]: async (body) => {
      const call = body as ApplicationCall;
      const application = applications[call.application];
      if (call.what === "ended") return (await application?.ended) ?? null;
      if (call.what === "call") return (await application?.call(call.words)) ?? null;
      if (call.what === "stop") await application?.stop(call.ms);
      else await application?.kill();
      return null;
    },
    [toTypeHost.readKey]: async (body) => {
      const key = await context.readKey((body as { path: string }).path);
      return key === undefined ? null : plainKey(key);
    },
    [toTypeHost.exportPem]: (body) => context.exportPem((body as { container: string }).container),
    [toTypeHost.watch]: async (body) => {
      context.watch(body as RegistryUse);
      return null;
    },
    [toTypeHost.log]: async (body) => {
      const { level, event, fields } = body as { level: "info" | "warn" | "error"; event: string; fields: object };
      context.log[level](event, { resource: resource.name, ...fields });
      return null;
    },
  };
}

/** The cluster does not know the kinds of a third party's parameters, so what people give as text is read as the module's table says. */
export function asKinds(values: readonly Value[], rows: readonly ParameterRow[]): readonly Value[] {
  return values.map((value) => {
    const kind = rows.find(({ name }) => foldName(name) === foldName(value.name))?.kind;
    const text = textOf(value);
    if (text === undefined) return value;
    if (kind === "texts") return multiSz(value.name, text.split(";"));
    const isNumber = (kind === "number" || kind === "flag") && /^\d{1,10}$/.test(text) && Number(text) <= 0xffffffff;
    return isNumber ? dword(value.name, Number(text)) : value;
  });
}

/** @throws INVALID_PARAMETER when the module is not what was registered, or the resource's parameters do not fit it */
function checkDescription({ resource }: ResourceContext, spec: ModuleSpec, is: TypeDescription): void {
  const problems: string[] = [];
  if (is.diesWithHost !== spec.diesWithHost) {
    const [says, registered] = [is.diesWithHost, spec.diesWithHost].map((dies) => (dies ? "dies" : "does not die"));
    problems.push(`The module says that it ${says} with its host; the type is registered as one that ${registered}.`);
  }
  problems.push(...parameterProblems(asKinds(spec.values, is.parameters), is.parameters, is.moreParameters));
  if (problems.length === 0) return;
  throw fail("INVALID_PARAMETER", {
    happened: `${resource.name}: ${problems.join(" ")} Parameters of ${spec.name}: ${is.parameters.map(({ name }) => name).join(", ")}.`,
    unchanged: "It was not brought online.",
    next: `Correct them: clubar resource param "${resource.name}" NAME=VALUE, or --unset NAME.`,
  });
}
