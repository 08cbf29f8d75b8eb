import { fail } from "../base/errors.ts";
import type { Log } from "../base/log.ts";
import type { Outside } from "../base/outside.ts";
import type { Disks } from "../disks/disks.ts";
import type { Key } from "../tree/key.ts";
import type { Value } from "../tree/value.ts";
import type { ApplicationRecord } from "./application-record.ts";
import { readOutlasting } from "./outlasting.ts";
import { MadeReady } from "./made-ready.ts";
import { parameterProblems } from "./parameters.ts";
import { contextOf, lifeOf, outlastingOf, releaseLeft, typeOf } from "./resource-parts.ts";
import type { ResourceLife } from "./resource-life.ts";
import { ResourceRun } from "./resource-run.ts";
import { type ResourceEvent, resourceState } from "./resource-state.ts";
import type { RegistryUse, ResourceContext, ResourceTimes, ResourceType } from "./resource-type.ts";

/** A resource as the service tells it to the host. */
export interface ResourceSpec {
  readonly id: string;
  readonly name: string;
  /** The resource type's name. */
  readonly type: string;
  /** Of a third party's type: where its code is, and what the cluster knows of it. */
  readonly module?: { readonly path: string; readonly diesWithHost: boolean };
  readonly ownershipGeneration: number;
  /** What the resource sets itself; the rest is the type's. */
  readonly times: Partial<ResourceTimes>;
  /** The values of its `Parameters` key. */
  readonly parameters: readonly Value[];
}

/** What the engine gets from the process that it lives in. */
export interface HostEngineOptions {
  /** The node's data folder: `resources/<id>/` is a resource's own, `applications/` holds the records. */
  readonly folder: string;
  /** Path of the API's socket, for scripts. */
  readonly socket: string;
  /** What programs' environments start from. */
  readonly environment: Readonly<Record<string, string>>;
  readonly disks: Disks;
  /** Absolute path of the quorum folder, while the quorum is one. */
  readonly quorum?: () => string | undefined;
  readonly findType: (name: string) => ResourceType | undefined;
  /** The words that start the process of a third party's type; without them this host runs none. */
  readonly typeRunner?: readonly string[];
  readonly readKey: (path: string) => Promise<Key | undefined>;
  readonly exportPem: (container: string) => Promise<string>;
  readonly log: Log;
  readonly onEvent: (event: ResourceEvent) => void;
  readonly onWatch: (resource: string, use: RegistryUse) => void;
  /** Awaited before a program starts: tell the guard. */
  readonly onApplicationStarts: (record: ApplicationRecord) => Promise<void>;
  readonly onApplicationGone: (record: ApplicationRecord) => void;
}

/**
 * Runs resources by command. A resource that hangs holds up no other. Nothing starts while `mayRun` is false, which it is at first.
 */
export interface HostEngine {
  /**
   * Begins to bring a resource online; events tell the rest. One that is online or on its way is left so (its state is told again).
   * @throws INVALID_STATE without permit or while it is being taken down; CLUSTER_RESOURCE_TYPE_NOT_FOUND
   */
  start(spec: ResourceSpec): void;
  /** It will be started with this very spec soon: makes what it runs in, where that can be made ahead. Gone again if it does not come. */
  makeReady(spec: ResourceSpec): void;
  /** Takes it offline in order. Resolves when nothing of it is left. */
  stop(id: string): Promise<void>;
  /** Ends it at once, after a short word to its type. Resolves when nothing of it is left. */
  terminate(id: string): Promise<void>;
  /** Kills everything now. Resolves when it is proven that nothing is left. */
  terminateAll(because: string): Promise<void>;
  /** True: starts are accepted. False: nothing starts from this moment, and all is killed as by `terminateAll`. */
  setMayRun(mayRun: boolean, because: string): Promise<void>;
  /** What a resource watches has changed. */
  registryChanged(id: string): void;
  /**
   * Releases what earlier hosts of this node brought online and did not release, of types that do not die with their host. Resolves when
   * nothing is left, however long that takes. Once, before anything is started; their containers must be gone.
   */
  endOutlasting(): Promise<void>;
  /** The last event of every resource that was started here. */
  status(): readonly ResourceEvent[];
}

/** An engine that runs nothing yet and has no permit. */
export function createHostEngine(outside: Outside, options: HostEngineOptions): HostEngine {
  const runs = new Map<string, ResourceRun>();
  const ahead = new MadeReady(outside);
  let mayRun = false;

  const find = (name: string): ResourceRun | undefined =>
    [...runs.values()].find((each) => each.context.resource.name === name);
  const runOf = (spec: ResourceSpec, type: ResourceType): ResourceRun => {
    const ended = (because: string): void => void (ahead.has(run) ? ahead.drop(spec.id) : run.fail(because));
    const life = lifeOf(outside, options, spec, () => mayRun, ended);
    const run = runIn(life, outside, options, spec, type, (name) => find(name)?.context.application());
    return run;
  };
  const begin = (spec: ResourceSpec, type: ResourceType): void => {
    const run = ahead.take(spec) ?? runOf(spec, type);
    runs.set(spec.id, run);
    void run.live();
  };

  const terminateAll = async (because: string): Promise<void> => {
    const all = [...runs.values()].filter((run) => !run.isDown).map((run) => run.killNow(because));
    await Promise.all([...all, ahead.dropAll()]);
  };

  /** Of one that never ran here, offline is the truth. */
  const runOrOffline = (id: string): ResourceRun | undefined => {
    const run = runs.get(id);
    if (run === undefined) options.onEvent(neverRan(id));
    return run;
  };

  return {
    start(spec) {
      const before = runs.get(spec.id);
      const type = typeOf(options, spec);
      if (!mayRun) throw refused(spec, "this host holds no permit to run", "It is started once the permit is renewed.");
      if (before === undefined || before.isDown) return begin(spec, type);
      if (before.isClosing) throw refused(spec, "it is just being taken down", "Try again when it is offline.");
      options.onEvent(before.lastEvent);
    },
    makeReady(spec) {
      const type = spec.module === undefined ? options.findType(spec.type) : undefined;
      const isFree = runs.get(spec.id)?.isDown ?? true;
      if (mayRun && isFree && type?.makeReady !== undefined) ahead.add(spec, () => runOf(spec, type));
    },
    stop: async (id) => {
      await ahead.drop(id);
      const run = runOrOffline(id);
      if (run === undefined) return;
      if (run.lastEvent.state === resourceState.failed) await run.terminate("It was failed, and is offline now.");
      else await run.stop();
    },
    terminate: async (id) => {
      await ahead.drop(id);
      await runOrOffline(id)?.terminate("It was terminated.");
    },
    terminateAll,
    async setMayRun(next, because) {
      mayRun = next;
      if (!next) await terminateAll(because);
    },
    async endOutlasting() {
      const left = await readOutlasting(outside.files, options.folder);
      await Promise.all(left.map((spec) => releaseLeft(outside, options, spec as ResourceSpec)));
    },
    registryChanged: (id) => void runs.get(id)?.registryChanged(),
    status: () => [...runs.values()].map((run) => run.lastEvent),
  };
}

function neverRan(resource: string): ResourceEvent {
  const because = "It does not run on this node.";
  return { resource, ownershipGeneration: 0, state: resourceState.offline, because };
}

function runIn(
  life: ResourceLife,
  outside: Outside,
  options: HostEngineOptions,
  spec: ResourceSpec,
  type: ResourceType,
  applicationOf: ResourceContext["applicationOf"],
): ResourceRun {
  const context = contextOf(outside, options, spec, type, life, applicationOf);
  const { ownershipGeneration } = spec;
  const outlasting = type.diesWithHost ? undefined : outlastingOf(outside, options, spec, context);
  const problems = parameterProblems(spec.parameters, type.parameters, type.moreParameters);
  return new ResourceRun({
    outside,
    type,
    context,
    life,
    ownershipGeneration,
    problems,
    outlasting,
    onEvent: options.onEvent,
  });
}

function refused(spec: ResourceSpec, why: string, next: string): Error {
  return fail("INVALID_STATE", {
    happened: `${spec.name} was not started: ${why}.`,
    unchanged: "Nothing was started.",
    next,
  });
}
