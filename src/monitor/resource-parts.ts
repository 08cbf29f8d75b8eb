/** What a host makes for one resource before it runs: its lives, its context, its record. */
import { fail } from "../base/errors.ts";
import type { Outside } from "../base/outside.ts";
import type { HostEngineOptions, ResourceSpec } from "./host-engine.ts";
import { forgetOutlasting, untilReleased, writeOutlasting } from "./outlasting.ts";
import { moduleType } from "./module-type.ts";
import { parametersOf } from "./parameters.ts";
import { ResourceLife } from "./resource-life.ts";
import type { Outlasting } from "./resource-run.ts";
import type { ResourceContext, ResourceType } from "./resource-type.ts";

/** A life that starts programs while `may` says so. */
export function lifeOf(
  outside: Outside,
  options: HostEngineOptions,
  spec: ResourceSpec,
  may: () => boolean,
  watchedEnded: (because: string) => void,
): ResourceLife {
  return new ResourceLife(outside, spec.name, options.folder, `${options.folder}/resources/${spec.id}/output.log`, {
    mayRun: may,
    applicationStarts: options.onApplicationStarts,
    applicationGone: options.onApplicationGone,
    watchedEnded,
  });
}

/** Of a type that does not die with its host. */
export function outlastingOf(
  outside: Outside,
  options: HostEngineOptions,
  spec: ResourceSpec,
  context: ResourceContext,
): Outlasting {
  return {
    begin: () => writeOutlasting(outside.files, options.folder, spec),
    end: () => forgetOutlasting(outside.files, options.folder, spec.id),
    next() {
      // Releasing needs no permit: it ends what one was needed for.
      const life = lifeOf(outside, options, spec, always, () => undefined);
      return { life, context: { ...context, ...startingIn(life, false) } };
    },
  };
}

const always = (): boolean => true;
const never = (): boolean => false;

/** Releases what an earlier host of this node left of a resource; resolves when nothing is left. */
export async function releaseLeft(outside: Outside, options: HostEngineOptions, spec: ResourceSpec): Promise<void> {
  const type = typeOf(options, spec);
  const none = lifeOf(outside, options, spec, never, () => undefined);
  const context = contextOf(outside, options, spec, type, none, () => undefined);
  const outlasting = outlastingOf(outside, options, spec, context);
  const held = (because: string): void =>
    options.log.error("what an earlier host left can't be released", { resource: spec.name, because });
  await untilReleased({ outside, type, next: () => outlasting.next(), held });
  await outlasting.end();
}

/** What the functions of a type get of a resource; its programs belong to `life`. */
export function contextOf(
  outside: Outside,
  options: HostEngineOptions,
  spec: ResourceSpec,
  type: ResourceType,
  life: ResourceLife,
  applicationOf: ResourceContext["applicationOf"],
): ResourceContext {
  const times = { ...type.times, ...spec.times };
  const quorum = options.quorum?.();
  const parameters = parametersOf(spec.parameters, type.parameters);
  return {
    outside,
    resource: { id: spec.id, name: spec.name, parameters, times },
    readKey: options.readKey,
    exportPem: options.exportPem,
    watch: (use) => options.onWatch(spec.id, use),
    log: options.log,
    folder: `${options.folder}/resources/${spec.id}`,
    disks: options.disks,
    ...(quorum === undefined ? {} : { quorum }),
    socket: options.socket,
    environment: { ...options.environment, CLUBAR_OWNERSHIP: String(spec.ownershipGeneration) },
    ...startingIn(life, type.diesWithHost),
    applicationOf,
  };
}

/** What a context starts is of that life. */
function startingIn(life: ResourceLife, diesWithHost: boolean): Pick<ResourceContext, "start" | "application"> {
  return {
    async start(program) {
      if (program.machine !== true || !diesWithHost) return life.start(program);
      throw fail("INVALID_FUNCTION", {
        happened: "A type that dies with its host starts nothing outside of its PID namespace.",
        unchanged: "Nothing was started.",
      });
    },
    application: () => life.application(),
  };
}

/** The type of a resource: one of ours, or a module. @throws CLUSTER_RESOURCE_TYPE_NOT_FOUND */
export function typeOf(options: HostEngineOptions, spec: ResourceSpec): ResourceType {
  const { module, type: name, parameters: values } = spec;
  const runner = options.typeRunner;
  const type =
    module === undefined
      ? options.findType(name)
      : runner && moduleType({ name, module: module.path, diesWithHost: module.diesWithHost, runner, values });
  if (type !== undefined) return type;
  throw fail("CLUSTER_RESOURCE_TYPE_NOT_FOUND", {
    happened: `${spec.name} is of type ${spec.type}, which this node does not know.`,
    unchanged: "It was not started.",
    next: "Correct the type, or exclude this node from its possible owners.",
  });
}
