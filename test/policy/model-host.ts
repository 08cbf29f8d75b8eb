/** A host that runs nothing: it does the owner's steps in memory, at once or when told to. */
import {
  type OwnerAction,
  restoredMark,
  type RunningResource,
  withoutOlderFailures,
} from "../../src/failover/owner.ts";
import type { ClusterState } from "../../src/database/state.ts";

const blank: Omit<RunningResource, "group"> = {
  phase: "offline",
  busy: false,
  since: Number.NEGATIVE_INFINITY,
  restarts: [],
  restored: undefined,
  captured: true,
  reason: "",
};

export class ModelHost {
  readonly running: Map<string, RunningResource>;
  /** What a resource becomes when its present step ends. */
  readonly #after = new Map<string, Partial<RunningResource>>();

  constructor(running: ReadonlyMap<string, RunningResource> = new Map()) {
    this.running = new Map(running);
  }

  /** As the owner's loop does before each round. */
  forgetOlder(state: ClusterState, me: string): void {
    for (const [id, entry] of withoutOlderFailures(state, me, this.running)) this.running.set(id, entry);
  }

  /** Begins a step; actions that are no steps are left to the caller. */
  begin(state: ClusterState, action: OwnerAction, now: number): void {
    switch (action.kind) {
      case "restore-checkpoints":
        this.#change(state, action.resource, { busy: true, restarts: this.#restarts(action, now) });
        this.#after.set(action.resource, { busy: false, restored: markOf(state, action.resource) });
        return;
      case "capture-checkpoints":
        this.#change(state, action.resource, { busy: true });
        this.#after.set(action.resource, { busy: false, captured: true });
        return;
      case "online": {
        const restarts = this.#restarts(action, now);
        this.#change(state, action.resource, {
          phase: "online-pending",
          since: now,
          restarts,
          triedUnder: state.groups.get(state.resources.get(action.resource)?.group ?? "")?.ownershipGeneration ?? 0,
          restored: undefined,
          captured: false,
          reason: "",
        });
        this.#after.set(action.resource, { phase: "online", since: now });
        return;
      }
      case "offline":
        this.#change(state, action.resource, { phase: "offline-pending", since: now });
        this.#after.set(action.resource, { phase: "offline", since: now, ...this.#afterwards(action) });
        return;
      case "terminate":
        this.#change(state, action.resource, { phase: "offline-pending", since: now });
        this.#after.set(action.resource, {
          phase: action.becomes,
          since: now,
          reason: action.becomes === "failed" ? action.because : "",
          ...this.#afterwards(action),
        });
        return;
      default:
    }
  }

  pending(): string[] {
    return [...this.#after.keys()];
  }

  /** Ends the present step; one that came online may fail instead. */
  finish(resource: string, now: number, fails = false): void {
    const after = this.#after.get(resource);
    const entry = this.running.get(resource);
    this.#after.delete(resource);
    if (after === undefined || entry === undefined) return;
    const failed: Partial<RunningResource> = { phase: "failed", since: now, reason: "it did not start" };
    this.running.set(resource, { ...entry, ...(fails && after.phase === "online" ? failed : after) });
  }

  /** What was online has failed and is terminated. */
  fail(resource: string, now: number): void {
    const entry = this.running.get(resource);
    if (entry?.phase === "online")
      this.running.set(resource, { ...entry, phase: "failed", since: now, reason: "it ended" });
  }

  #afterwards(action: { readonly asked?: true; readonly uncaptured?: true }): Partial<RunningResource> {
    return { ...(action.asked ? { restarts: [] } : {}), ...(action.uncaptured ? { captured: true } : {}) };
  }

  #restarts(action: { resource: string; restart: boolean; fresh: boolean }, now: number): readonly number[] {
    const before = this.running.get(action.resource)?.restarts ?? [];
    return action.fresh ? [] : action.restart ? [...before, now] : before;
  }

  #change(state: ClusterState, resource: string, change: Partial<RunningResource>): void {
    const group = state.resources.get(resource)?.group ?? "";
    this.running.set(resource, { ...(this.running.get(resource) ?? { ...blank, group }), ...change });
  }
}

function markOf(state: ClusterState, id: string): string | undefined {
  const resource = state.resources.get(id);
  const group = state.groups.get(resource?.group ?? "");
  return resource === undefined || group === undefined ? undefined : restoredMark(group, resource);
}
