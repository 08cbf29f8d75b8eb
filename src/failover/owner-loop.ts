/** Runs the owner's side on one node: keeps what runs here as the database wants it, and reports. */
import { newGuid } from "../base/guid.ts";
import type { Log } from "../base/log.ts";
import type { Outside } from "../base/outside.ts";
import { noError } from "../base/no-error.ts";
import type { Database } from "../database/database.ts";
import { isFormerOwners } from "../database/ownership.ts";
import { persistentState } from "../database/schema.ts";
import { type ClusterState, type GroupState, readState, type ResourceState } from "../database/state.ts";
import { type ResourceEvent, type ResourceSpec, resourceState as hostState } from "../monitor/protocol.ts";
import { captureLast } from "./last-capture.ts";
import { specOf } from "./resource-spec.ts";
import { QuietGroups } from "./quiet-groups.ts";
import {
  closeDifference,
  type OwnerAction,
  restoredMark,
  type RunningResource,
  withoutOlderFailures,
} from "./owner.ts";

/** The host as this loop commands it. */
export interface ResourceHost {
  start(spec: ResourceSpec): Promise<void>;
  /** It will be started with this very spec soon. */
  makeReady(spec: ResourceSpec): void;
  stop(id: string): Promise<void>;
  terminate(id: string): Promise<void>;
}

/** What checkpoints do around a resource's life; `checkpoint/` implements it. */
export interface ResourceCheckpoints {
  /** `notice`: what people should know of the resource while it is online; "" when all is well. */
  restoreBeforeOnline(resource: string): Promise<{ readonly notice: string }>;
  begin(resource: string, ownershipGeneration: number): void;
  captureNow(
    resource: string,
  ): Promise<{ readonly failed: readonly { readonly path: string; readonly why: string }[] }>;
  end(resource: string): void;
}

/** What the owner's loop works with. */
export interface OwnerLoopParts {
  readonly outside: Outside;
  readonly database: Database;
  readonly host: ResourceHost;
  readonly checkpoints: ResourceCheckpoints;
  readonly log: Log;
  /** Milliseconds between two rounds when nothing changes. */
  readonly poll: number;
}

/** Rounds without a rest after which the process looks at its sockets and timers first: a loop that kicks itself must not starve it. */
const hurriedMax = 16;
/** A round of so many milliseconds is followed by as long a rest: with many groups, every change would cost a whole round. */
const longRound = 5;

type Told = Extract<OwnerAction, { readonly update: unknown }>;
type Step = Exclude<OwnerAction, Told | { readonly kind: "wake" }>;

/**
 * Compares what the database asks of this node's resources with what runs, and closes the difference, whenever the database or a
 * resource changes and at least once a `poll`.
 */
export class OwnerLoop {
  readonly #parts: OwnerLoopParts;
  readonly #running = new Map<string, RunningResource>();
  readonly #generation = new Map<string, number>();
  /** The ownership generation under which something was made ready. */
  readonly #readied = new Map<string, number>();
  /** The groups among which arrivals were looked for last. */
  #arrivalsIn: ClusterState["groups"] | undefined;
  /** Steps under way, by kind and resource. */
  readonly #steps = new Set<string>();
  readonly #telling = new Set<string>();
  readonly #quiet = new QuietGroups();
  #kick: () => void = () => undefined;
  #kicked = false;
  #resting = false;

  constructor(parts: OwnerLoopParts) {
    this.#parts = parts;
  }

  kick(): void {
    this.#kicked = true;
    this.#kick();
  }

  /** Nothing is brought online or reported any more: the node takes everything down and leaves. */
  rest(): void {
    this.#resting = true;
  }

  /** By folded resource id, what runs on this node. */
  running(): ReadonlyMap<string, RunningResource> {
    return this.#running;
  }

  /** Ids of what is online here, or was and is not offline yet. */
  online(): readonly string[] {
    const isUp = ({ phase }: RunningResource): boolean => phase === "online" || phase === "offline-pending";
    return [...this.#running].flatMap(([id, entry]) => (isUp(entry) ? [id] : []));
  }

  /** A resource on the host changed its state. */
  hostEvent(event: ResourceEvent): void {
    const entry = this.#running.get(event.resource);
    if (entry === undefined || event.ownershipGeneration !== this.#generation.get(event.resource)) return;
    const { because } = event;
    if (event.state === hostState.online && entry.phase !== "online") {
      this.#become(event.resource, { phase: "online", restored: undefined, captured: false, reason: "" });
      this.#parts.checkpoints.begin(event.resource, event.ownershipGeneration);
    } else if (event.state === hostState.offline && entry.phase !== "offline-pending") {
      this.#become(event.resource, { phase: "offline", restored: undefined, reason: because });
    } else if (event.state === hostState.failed) {
      this.#parts.checkpoints.end(event.resource);
      this.#become(event.resource, { phase: "failed", restored: undefined, reason: because });
    } else if (event.state === hostState.offlinePending && (event.held === true || entry.phase.startsWith("online"))) {
      // It ends by itself and is not gone yet: what depends on it stops, and nothing is released.
      this.#become(event.resource, { phase: "offline-pending", reason: because });
    } else if (event.state === hostState.online)
      this.#become(event.resource, { reason: because === "It came online." ? "" : because });
  }

  /** Runs until `signal`. */
  async run(signal: AbortSignal): Promise<void> {
    const { outside, log, poll } = this.#parts;
    let hurried = 0;
    while (!signal.aborted) {
      this.#kicked = false;
      const begun = outside.clock.boot();
      let wakeAt = begun + poll;
      try {
        wakeAt = this.#round(wakeAt);
      } catch (error) {
        log.error("a round of the owner failed", { error });
      }
      const took = outside.clock.boot() - begun;
      if (this.#kicked && took < longRound && ++hurried < hurriedMax) continue;
      if (hurried >= hurriedMax || took >= longRound) {
        await outside.timers.sleep(Math.max(1, took));
        hurried = 0;
      }
      if (this.#kicked) continue;
      const rested = new AbortController();
      const kicked = new Promise<void>((resolve) => {
        this.#kick = resolve;
      });
      signal.addEventListener("abort", this.#kick);
      const slept = outside.timers.sleep(Math.max(1, wakeAt - outside.clock.boot()), rested.signal).then(() => true);
      // A kick is no rest: what kicks again and again may never let the process look outside.
      hurried = (await Promise.race([kicked, slept])) === true ? 0 : hurried + 1;
      signal.removeEventListener("abort", this.#kick);
      rested.abort(noError);
    }
  }

  #round(latest: number): number {
    const { database, outside } = this.#parts;
    const state = readState(database.tree());
    const { node, incarnation } = database.self;
    let wakeAt = latest;
    if (this.#resting) return wakeAt;
    const running = withoutOlderFailures(state, node, this.#running);
    for (const [id, entry] of running) {
      if (this.#running.get(id) === entry) continue;
      this.#quiet.delete(entry.group);
      this.#running.set(id, entry);
    }
    for (const action of closeDifference({
      state,
      me: node,
      incarnation,
      running: this.#running,
      nowBoot: outside.clock.boot(),
      quiet: this.#quiet,
      telling: this.#telling,
    })) {
      if (action.kind === "wake") wakeAt = Math.min(wakeAt, action.at);
      else if ("update" in action) void this.#tell(action);
      else if (!this.#steps.has(`${action.kind} ${action.resource}`)) void this.#do(state, action);
    }
    if (state.groups !== this.#arrivalsIn) this.#makeArrivalsReady(state, node);
    this.#arrivalsIn = state.groups;
    return wakeAt;
  }

  /** What of a group is to come online after something else of it, which starts now. */
  #makeReady(state: ClusterState, group: GroupState): void {
    for (const id of group.resources) {
      const resource = state.resources.get(id);
      const phase = this.#running.get(id)?.phase ?? "offline";
      if (resource !== undefined && resource.dependsOn.length > 0 && phase === "offline")
        this.#makeOneReady(state, resource, group);
    }
  }

  /** What of groups on their way to this node is to come online here under the next ownership generation. */
  #makeArrivalsReady(state: ClusterState, me: string): void {
    for (const group of state.groups.values()) {
      if (group.moveTo !== me || group.owner === me || !group.wanted || group.held !== undefined) continue;
      const arrived = { ...group, ownershipGeneration: group.ownershipGeneration + 1 };
      for (const id of group.resources) {
        const resource = state.resources.get(id);
        if (resource !== undefined) this.#makeOneReady(state, resource, arrived);
      }
    }
  }

  #makeOneReady(state: ClusterState, resource: ResourceState, group: GroupState): void {
    const { id } = resource;
    if (this.#readied.get(id) === group.ownershipGeneration) return;
    if (resource.persistentState === persistentState.offline) return;
    this.#readied.set(id, group.ownershipGeneration);
    this.#parts.host.makeReady(specOf(state, resource, group));
  }

  async #tell(action: Told): Promise<void> {
    const { database, outside, log } = this.#parts;
    if (this.#telling.has(action.group)) return;
    this.#telling.add(action.group);
    try {
      const result = await database.submit({ ...action.update, requestId: newGuid(outside.random) }, 2_000);
      const isLate = result.outcome === "refused" && isFormerOwners(action.update, result.condition);
      const said = isLate ? "the report of a former owner was refused" : "reported";
      log[isLate ? "warn" : "info"](said, { kind: action.kind, because: action.because, outcome: result.outcome });
      if (result.outcome === "unknown") await outside.timers.sleep(this.#parts.poll);
    } catch (error) {
      log.warn("could not report", { kind: action.kind, because: action.because, error });
      await outside.timers.sleep(this.#parts.poll);
    } finally {
      this.#telling.delete(action.group);
      this.kick();
    }
  }

  async #do(state: ClusterState, step: Step): Promise<void> {
    const { log } = this.#parts;
    const resource = state.resources.get(step.resource);
    const name = `${step.kind} ${step.resource}`;
    this.#steps.add(name);
    log.info("step", { kind: step.kind, resource: resource?.name ?? step.resource, because: step.because });
    try {
      await this.#carryOut(state, resource, step);
    } catch (error) {
      log.warn("a step failed", { kind: step.kind, resource: resource?.name ?? step.resource, error });
      this.#become(step.resource, {
        phase: mayBeLeft(resource, step, error) ? "offline-pending" : "failed",
        busy: false,
        restored: undefined,
        reason: error instanceof Error ? error.message : String(error),
      });
    } finally {
      this.#steps.delete(name);
      this.kick();
    }
  }

  async #carryOut(state: ClusterState, resource: ResourceState | undefined, step: Step): Promise<void> {
    const { host, checkpoints } = this.#parts;
    const id = step.resource;
    switch (step.kind) {
      case "restore-checkpoints":
        // From here on it is not failed but tried: the request to try again is taken away, whatever comes of it.
        this.#enter(state, id, {
          busy: true,
          restarts: this.#restartsAfter(step),
          ...triedUnder(state, resource),
          ...(this.#running.get(id)?.phase === "failed" ? { phase: "offline" } : {}),
        });
        {
          const group = state.groups.get(resource?.group ?? "");
          const restored = group === undefined || resource === undefined ? undefined : restoredMark(group, resource);
          const { notice } = await checkpoints.restoreBeforeOnline(id);
          this.#become(id, { busy: false, restored, notice });
        }
        return;
      case "online":
        if (resource !== undefined) await this.#start(state, resource, step);
        return;
      case "offline":
        this.#become(id, { phase: "offline-pending", reason: step.because });
        await host.stop(id);
        this.#become(id, { phase: "offline", restored: undefined, ...afterwards(step) });
        return;
      case "terminate":
        this.#become(id, { phase: "offline-pending", reason: step.because });
        await host.terminate(id);
        if (step.becomes === "failed") checkpoints.end(id);
        this.#become(id, { phase: step.becomes, restored: undefined, reason: step.because, ...afterwards(step) });
        return;
      case "capture-checkpoints":
        this.#become(id, { busy: true });
        await captureLast(
          { timers: this.#parts.outside.timers, log: this.#parts.log, poll: this.#parts.poll },
          id,
          () => checkpoints.captureNow(id),
        );
        checkpoints.end(id);
        this.#become(id, { busy: false, captured: true });
    }
  }

  async #start(state: ClusterState, resource: ResourceState, step: Extract<Step, { kind: "online" }>): Promise<void> {
    const { outside, host } = this.#parts;
    const { id } = resource;
    const group = resource.group === undefined ? undefined : state.groups.get(resource.group);
    if (group === undefined) return;
    const restarts = this.#restartsAfter(step);
    this.#generation.set(id, group.ownershipGeneration);
    const triedUnder = group.ownershipGeneration;
    this.#enter(state, id, { phase: "online-pending", restarts, reason: "", triedUnder });
    try {
      const started = host.start(specOf(state, resource, group));
      this.#makeReady(state, group);
      await started;
    } catch (error) {
      // Without a permit nothing starts; the permit comes or this life ends.
      if (!(error instanceof Error) || error.name !== "INVALID_STATE") throw error;
      await outside.timers.sleep(this.#parts.poll);
      if (this.#running.get(id)?.phase === "online-pending")
        this.#become(id, { phase: "offline", reason: error.message });
    }
  }

  #restartsAfter(step: {
    readonly resource: string;
    readonly restart: boolean;
    readonly fresh: boolean;
  }): readonly number[] {
    const before = this.#running.get(step.resource)?.restarts ?? [];
    return step.fresh ? [] : step.restart ? [...before, this.#parts.outside.clock.boot()] : before;
  }

  #enter(state: ClusterState, id: string, change: Partial<RunningResource>): void {
    if (!this.#running.has(id)) {
      const group = state.resources.get(id)?.group ?? "";
      const since = this.#parts.outside.clock.boot();
      this.#running.set(id, {
        group,
        phase: "offline",
        busy: false,
        since,
        restarts: [],
        restored: undefined,
        captured: true,
        reason: "",
      });
    }
    this.#become(id, { ...change, group: state.resources.get(id)?.group ?? "" });
  }

  #become(id: string, change: Partial<RunningResource>): void {
    const before = this.#running.get(id);
    if (before === undefined) return;
    const moved = change.phase !== undefined && change.phase !== before.phase;
    const after = { ...before, ...change, since: moved ? this.#parts.outside.clock.boot() : before.since };
    this.#running.set(id, after);
    for (const { group } of [before, after]) this.#quiet.delete(group);
    this.kick();
  }
}

/** What a step that takes something down leaves of its past. */
function afterwards(step: Extract<Step, { kind: "offline" | "terminate" }>): Partial<RunningResource> {
  const isUncaptured = step.kind === "terminate" && step.uncaptured === true;
  return { ...(step.asked === true ? { restarts: [] } : {}), ...(isUncaptured ? { captured: true } : {}) };
}

function triedUnder(state: ClusterState, resource: ResourceState | undefined): Pick<RunningResource, "triedUnder"> {
  const group = state.groups.get(resource?.group ?? "");
  return group === undefined ? {} : { triedUnder: group.ownershipGeneration };
}

/**
 * Whether something of it may be left on this machine after a step that failed: then it is neither failed nor offline. A host that gave no
 * answer may be about to end, and what dies with it ends after its connections have closed.
 */
function mayBeLeft(resource: ResourceState | undefined, step: Step, error: unknown): boolean {
  if (step.kind !== "online" && step.kind !== "offline" && step.kind !== "terminate") return false;
  const name = error instanceof Error ? error.name : "";
  if (name === "CLUSTER_NODE_UNREACHABLE") return true;
  if (resource?.diesWithHost === true) return false;
  return step.kind !== "online" || name !== "CLUSTER_RESOURCE_TYPE_NOT_FOUND";
}
