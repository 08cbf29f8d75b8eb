/** The other end of `module-type.ts`: serves one resource with a type that a module gave. */
import { fail } from "../base/errors.ts";
import { failureOf } from "../base/failure-of.ts";
import type { Log } from "../base/log.ts";
import type { Outside, ProcessEnd } from "../base/outside.ts";
import type { Disks } from "../disks/disks.ts";
import { type Caller, dial } from "../rpc/call.ts";
import type { Application } from "./application.ts";
import {
  keyOf,
  moduleInstance,
  type PlainKey,
  toType,
  toTypeHost,
  type TypeDescription,
  type TypeQuestion,
  type TypeResource,
} from "./module-messages.ts";
import { parametersOf } from "./parameters.ts";
import type { ResourceContext, ResourceType } from "./resource-type.ts";

/** A call may take as long as the host lets it. */
const noLimit = 0x7fffffff;

/** What a module exported. @throws INVALID_DATA when it is no resource type */
export function describeType(type: unknown): TypeDescription {
  mustBeType(type);
  const { name, diesWithHost, parameters, moreParameters = false } = type;
  return { name, diesWithHost, parameters, moreParameters };
}

/** Serves until the host closes the connection. `socket`: where the host listens. @throws INVALID_DATA when `type` is none */
export async function runModule(outside: Outside, disks: Disks, type: unknown, socket: string): Promise<void> {
  const description = describeType(type);
  mustBeType(type);
  const running = new Map<number, AbortController>();
  // A call may come before the answer that says of which resource.
  const context = Promise.withResolvers<ResourceContext>();
  const told = {
    [toType.call]: async (body: unknown) => {
      const { number, what } = body as TypeQuestion;
      const over = new AbortController();
      running.set(number, over);
      const outcome = await callType(type, await context.promise, what, over.signal);
      running.delete(number);
      host.tell(toTypeHost.done, { number, ...outcome });
      return null;
    },
    [toType.abort]: async (body: unknown) => {
      running.get((body as TypeQuestion).number)?.abort();
      return null;
    },
  };
  const host = await dial(outside, socket, moduleInstance, told);
  const resource = (await host.call(toTypeHost.hello, description, noLimit)) as TypeResource;
  context.resolve(contextOf(outside, disks, type, resource, host));
  await new Promise<void>((resolve) => host.onClose(resolve));
}

async function callType(
  type: ResourceType,
  context: ResourceContext,
  what: TypeQuestion["what"],
  signal: AbortSignal,
): Promise<{ readonly value: boolean | null; readonly failure?: string }> {
  try {
    const value = await type[what]?.(context, signal);
    return { value: typeof value === "boolean" ? value : null };
  } catch (error) {
    return { value: null, failure: failureOf(error).happened };
  }
}

function contextOf(
  outside: Outside,
  disks: Disks,
  type: ResourceType,
  { id, name, times, parameters: values, folder, socket, environment }: TypeResource,
  host: Caller,
): ResourceContext {
  let latest: Application | undefined;
  const log: Log = {
    info: (event, fields = {}) => host.tell(toTypeHost.log, { level: "info", event, fields }),
    warn: (event, fields = {}) => host.tell(toTypeHost.log, { level: "warn", event, fields }),
    error: (event, fields = {}) => host.tell(toTypeHost.log, { level: "error", event, fields }),
  };
  return {
    outside,
    resource: { id, name, parameters: parametersOf(values, type.parameters), times },
    async readKey(path) {
      const key = (await host.call(toTypeHost.readKey, { path }, noLimit)) as PlainKey | null;
      return key === null ? undefined : keyOf(key);
    },
    exportPem: async (container) => (await host.call(toTypeHost.exportPem, { container }, noLimit)) as string,
    watch: (use) => host.tell(toTypeHost.watch, use),
    log,
    folder,
    disks,
    socket,
    environment,
    async start(program) {
      const number = (await host.call(toTypeHost.start, program, noLimit)) as number;
      const application = remote(host, number);
      latest = application;
      void application.ended.then(() => {
        if (latest === application) latest = undefined;
      });
      return application;
    },
    application: () => latest,
    applicationOf: () => undefined,
  };
}

/** An application that the host holds. */
function remote(host: Caller, application: number): Application {
  const ask = (what: string, more: object = {}): Promise<unknown> =>
    host.call(toTypeHost.application, { application, what, ...more }, noLimit);
  const hidden = (): never => {
    throw fail("INVALID_FUNCTION", { happened: "Only the host knows an application's processes." });
  };
  return {
    get identity() {
      return hidden();
    },
    get record() {
      return hidden();
    },
    ended: ask("ended") as Promise<ProcessEnd>,
    stop: async (ms) => void (await ask("stop", { ms })),
    kill: async () => void (await ask("kill")),
    async call(words, signal) {
      const gone = new Promise<null>((resolve) => signal?.addEventListener("abort", () => resolve(null)));
      return ((await Promise.race([ask("call", { words }), gone])) as number | null) ?? undefined;
    },
  };
}

function isRow(row: unknown): boolean {
  const { name, kind, required } = (typeof row === "object" && row !== null ? row : {}) as Record<string, unknown>;
  const isKind = typeof kind === "string" && ["text", "texts", "number", "flag", "bytes"].includes(kind);
  return typeof name === "string" && name !== "" && isKind && typeof required === "boolean";
}

const calls = ["online", "offline", "terminate", "looksAlive", "isAlive"] as const;

function mustBeType(type: unknown): asserts type is ResourceType {
  const is = (typeof type === "object" && type !== null ? type : {}) as Partial<ResourceType>;
  const missing: string[] = calls.filter((name) => typeof is[name] !== "function");
  if (typeof is.name !== "string" || is.name === "") missing.push("name");
  if (typeof is.diesWithHost !== "boolean") missing.push("diesWithHost");
  if (!Array.isArray(is.parameters) || !is.parameters.every(isRow)) missing.push("parameters");
  if (missing.length === 0) return;
  throw fail("INVALID_DATA", {
    happened: `The module exports no resource type as resourceType: ${missing.join(", ")} is missing or of another kind.`,
    next: "See docs/manual/resource-types.md.",
  });
}
