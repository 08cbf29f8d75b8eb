/**
 * The owning node's side: the difference between what the database asks for and what runs here, as steps that close it. Pure;
 * called again after every change of the database, after every change of what runs, and at the time of a `wake` step.
 */
import { nodeState, persistentState, resourceState } from "../database/schema.ts";
import type { ClusterState, GroupState, ResourceState } from "../database/state.ts";
import type { Change } from "../database/change.ts";
import { inCircles, onlineOrder } from "./dependency.ts";
import type { QuietGroups } from "./quiet-groups.ts";
import { isPassing, passedAt, releaseGroup, reportGroup, requestFailover } from "./report.ts";
import { decideRestart } from "./restart.ts";
import { nodeName, quoted } from "./words.ts";

/** One resource on this node, as the driver of the host knows it. What never ran here has no entry. */
export interface RunningResource {
  /** Folded id of its group when it was started. */
  readonly group: string;
  /**
   * A phase changes the moment the driver begins a step, so a step is never asked for twice: online → "online-pending", offline and
   * terminate → "offline-pending". "failed": it failed and was terminated, nothing of it runs any more.
   */
  readonly phase: "offline" | "online-pending" | "online" | "offline-pending" | "failed";
  /** A checkpoint step is under way; the phase stays what it was. */
  readonly busy: boolean;
  /** Boot time in milliseconds at which the phase began. */
  readonly since: number;
  /** Boot times of restarts on this node; the driver adds one at each step with `restart`, and empties it with `fresh`. */
  readonly restarts: readonly number[];
  /** `restoredMark` of what was put in place since it was last online or failed. */
  readonly restored: string | undefined;
  /** The ownership generation of its group when it was last tried here; unless given, the present one. */
  readonly triedUnder?: number;
  /** Its checkpoints were captured since it went offline; false from the moment it comes online. */
  readonly captured: boolean;
  /** Why it is in this phase, for people; "" when there is nothing to say. */
  readonly reason: string;
  /** Said of it while it is online and has no other reason: with what it had to do without. */
  readonly notice?: string;
}

/** All that the owner's steps rest on. */
export interface OwnerInput {
  readonly state: ClusterState;
  /** Node id. */
  readonly me: string;
  /** The life of this service; without its record in the database nothing is started. */
  readonly incarnation: string;
  /** By folded resource id. */
  readonly running: ReadonlyMap<string, RunningResource>;
  readonly nowBoot: number;
  /** They are not looked at again. */
  readonly quiet?: QuietGroups;
  /** Folded ids of groups of which something is being told just now: nothing more is told of them. */
  readonly telling?: ReadonlySet<string>;
}

interface Step {
  readonly resource: string;
  readonly because: string;
}

interface Asked {
  /** Somebody wants it, or its group, offline; then its restarts count no longer. */
  readonly asked?: true;
}

/** One step of the owner. */
export type OwnerAction =
  /** Put the newest checkpoint versions in place; the `online` step follows in a later call. */
  | (Step & { readonly kind: "restore-checkpoints"; readonly restart: boolean; readonly fresh: boolean })
  | (Step & { readonly kind: "online"; readonly restart: boolean; readonly fresh: boolean })
  /** Capture a last time, after it stopped and before that is reported. */
  | (Step & { readonly kind: "capture-checkpoints" })
  | (Step & Asked & { readonly kind: "offline" })
  /** End it now; the phase afterwards is `becomes`. `uncaptured`: it failed, so what it has is not captured. */
  | (Step & Asked & { readonly kind: "terminate"; readonly becomes: "offline" | "failed"; readonly uncaptured?: true })
  /** Updates to submit: what runs, that the group is released (and to whom), that it should go elsewhere. */
  | {
      readonly kind: "report" | "release-group" | "hand-over-group" | "request-failover";
      readonly group: string;
      readonly because: string;
      readonly update: Change;
    }
  /** Call again at this boot time at the latest. */
  | { readonly kind: "wake"; readonly at: number; readonly because: string };

/** Steps for all groups; those of different resources may be done side by side. */
export function closeDifference(input: OwnerInput): OwnerAction[] {
  const { state, me, running } = input;
  const actions: OwnerAction[] = [];
  const self = state.nodes.get(me);
  for (const [id, entry] of running) {
    const stray = whyStray(input, id, entry);
    if (stray !== undefined && runs(entry) && entry.phase !== "offline-pending") {
      actions.push({ kind: "terminate", resource: id, becomes: "offline", because: stray });
    }
  }
  const isMember = self?.state === nodeState.up || self?.state === nodeState.paused;
  if (!isMember || self.incarnation !== input.incarnation) return actions;
  const active = new Set<string>();
  for (const entry of running.values()) if (isActive(entry)) active.add(entry.group);
  for (const group of state.groups.values()) {
    if (group.owner !== me || group.released) continue;
    const quiet = input.quiet?.stepsOf(group, input.nowBoot);
    const steps = quiet ?? closeGroup(input, group, active.has(group.id));
    actions.push(...steps);
    if (quiet === undefined && input.telling?.has(group.id) !== true) input.quiet?.looked(group, steps);
  }
  return actions;
}

/**
 * A failure under an older ownership says nothing of this one: the group was placed here anew, so it is tried as if it had never run here.
 * Its live settings are not the newest either: another owner's may be. Why it went offline then is no news either.
 */
export function withoutOlderFailures(
  state: ClusterState,
  me: string,
  running: ReadonlyMap<string, RunningResource>,
): ReadonlyMap<string, RunningResource> {
  let kept: Map<string, RunningResource> | undefined;
  for (const [id, entry] of running) {
    const group = state.groups.get(state.resources.get(id)?.group ?? "");
    const { phase, reason } = entry;
    const says = phase === "failed" || (phase === "offline" && reason !== "");
    if (!says || entry.busy || entry.triedUnder === undefined) continue;
    if (group?.owner !== me || group.released || group.ownershipGeneration === entry.triedUnder) continue;
    kept ??= new Map(running);
    const anew = phase === "failed" ? { restarts: [], restored: undefined, captured: true } : {};
    kept.set(id, { ...entry, ...anew, phase: "offline", reason: "" });
  }
  return kept ?? running;
}

/** Why something that runs here must not; undefined when it may. */
function whyStray(input: OwnerInput, id: string, entry: RunningResource): string | undefined {
  const { state, me } = input;
  if (!state.nodes.has(me)) return "this node was evicted";
  const resource = state.resources.get(id);
  if (resource === undefined) return `the resource was deleted`;
  const group = resource.group === undefined ? undefined : state.groups.get(resource.group);
  if (group === undefined || resource.group !== entry.group) return `${quoted(resource)} is in another group now`;
  if (group.owner !== me)
    return `${quoted(group)} belongs to ${group.owner === undefined ? "no node" : nodeName(state, group.owner)}`;
  if (group.released) return `${quoted(group)} was released`;
  return undefined;
}

function runs(entry: RunningResource): boolean {
  return entry.phase !== "offline" && entry.phase !== "failed";
}

/** Something of it runs or is being done to it. */
function isActive(entry: RunningResource): boolean {
  return entry.busy || runs(entry);
}

const never: Omit<RunningResource, "group"> = {
  phase: "offline",
  busy: false,
  since: Number.NEGATIVE_INFINITY,
  restarts: [],
  restored: undefined,
  captured: true,
  reason: "",
};

/** One group as it is and as it should be. */
interface View {
  readonly input: OwnerInput;
  readonly group: GroupState;
  readonly resources: readonly ResourceState[];
  readonly wanted: ReadonlySet<string>;
  entry(id: string): RunningResource;
  /** What this round takes down: nothing that depends on it starts in the same round. */
  readonly leaving: Set<string>;
  readonly actions: OwnerAction[];
}

/** `isRunning`: something that was started as part of the group runs. */
function closeGroup(input: OwnerInput, group: GroupState, isRunning: boolean): readonly OwnerAction[] {
  const { state, running } = input;
  const actions: OwnerAction[] = [];
  const resources = onlineOrder(group.resources.flatMap((id) => state.resources.get(id) ?? []));
  const entry = (id: string): RunningResource => running.get(id) ?? { ...never, group: group.id };
  const view: View = {
    input,
    group,
    resources,
    wanted: wantedResources(group, resources),
    entry,
    leaving: new Set(),
    actions,
  };
  for (const resource of [...resources].reverse()) stepDown(view, resource);
  for (const resource of resources) stepUp(view, resource);
  if (input.telling?.has(group.id) === true) return actions;
  const steps = actions.some(({ kind }) => kind !== "wake");
  const settled =
    !steps && resources.every((resource) => !isActive(entry(resource.id)) && !needsCapture(view, resource));
  // It tells the states too, and the placing that follows clears the rest: a report before it would only hold the move up.
  if (group.moveTo !== undefined && !isRunning && settled)
    return [...actions, releaseGroup(input, group, resources, entry)];
  const more = steps || resources.some((resource) => isPassing(input, entry(resource.id)));
  const report = reportGroup(input, group, resources, entry, more);
  if (report !== undefined) actions.push(report);
  return actions;
}

/** What is to be online: as the group, the resource and all that it depends on are to be. */
function wantedResources(group: GroupState, resources: readonly ResourceState[]): Set<string> {
  const wanted = new Set<string>();
  if (!group.wanted || group.moveTo !== undefined) return wanted;
  const circular = new Set(inCircles(resources));
  for (const resource of resources) {
    const isAsked = resource.persistentState !== persistentState.offline && !circular.has(resource.id);
    if (isAsked && resource.dependsOn.every((id) => wanted.has(id))) wanted.add(resource.id);
  }
  return wanted;
}

function needsCapture(view: View, resource: ResourceState): boolean {
  const { phase, captured } = view.entry(resource.id);
  return resource.hasCheckpoints && phase === "offline" && !captured;
}

/**
 * What its checkpoints in place are good for: under an older ownership another owner has captured anew since, and a revert made other
 * versions the current ones.
 */
export function restoredMark(group: GroupState, resource: ResourceState): string {
  return `${group.ownershipGeneration}: ${resource.currentVersions}`;
}

function isRestored({ group }: View, resource: ResourceState, { restored }: RunningResource): boolean {
  return restored === restoredMark(group, resource);
}

/** Takes it offline when it should not run or what it depends on does not, dependents first. */
function stepDown(view: View, resource: ResourceState): void {
  const { phase, since, busy } = view.entry(resource.id);
  const { nowBoot } = view.input;
  if (busy) return;
  const step = { resource: resource.id };
  if (needsCapture(view, resource)) {
    view.actions.push({
      ...step,
      kind: "capture-checkpoints",
      because: `${quoted(resource)} stopped; its settings are captured a last time`,
    });
    return;
  }
  if (phase === "offline-pending" || phase === "online-pending") {
    const at = since + resource.pendingTimeout;
    const what = phase === "offline-pending" ? "go offline" : "come online";
    const because = `${quoted(resource)} did not ${what} within ${resource.pendingTimeout} ms (PendingTimeout)`;
    if (nowBoot >= at) {
      view.actions.push({
        ...step,
        kind: "terminate",
        becomes: phase === "offline-pending" ? "offline" : "failed",
        because,
      });
      return;
    }
    const passes = isPassing(view.input, view.entry(resource.id));
    view.actions.push({
      kind: "wake",
      at: passes ? Math.min(at, passedAt(view.entry(resource.id))) : at,
      because: passes ? `${quoted(resource)} is on its way` : `PendingTimeout of ${quoted(resource)}`,
    });
    if (phase === "offline-pending") return;
  }
  if (isToRest(view.group, resource, phase)) {
    view.actions.push({
      ...step,
      kind: "terminate",
      becomes: "offline",
      asked: true,
      uncaptured: true,
      because: whyRest(view, resource),
    });
    return;
  }
  if (!runs(view.entry(resource.id))) return;
  const because = whyDown(view, resource);
  if (because === undefined) {
    if (phase === "online" && resource.request === "fail") {
      view.leaving.add(resource.id);
      view.actions.push({
        ...step,
        kind: "terminate",
        becomes: "failed",
        because: `somebody asked for ${quoted(resource)} to fail`,
      });
    }
    return;
  }
  const dependents = view.resources.filter((one) => one.dependsOn.includes(resource.id));
  if (dependents.some((one) => isActive(view.entry(one.id)))) return;
  view.leaving.add(resource.id);
  const isAsked = resource.persistentState === persistentState.offline || isGroupToRest(view.group);
  const asked = isAsked ? { asked: true as const } : {};
  if (phase === "online") view.actions.push({ ...step, ...asked, kind: "offline", because });
  else view.actions.push({ ...step, ...asked, kind: "terminate", becomes: "offline", because });
}

/** Failed, and it or its group asked to be offline: then it is. */
function isToRest(group: GroupState, resource: ResourceState, phase: RunningResource["phase"]): boolean {
  const isAsked = resource.persistentState === persistentState.offline && resource.request === undefined;
  return phase === "failed" && (isAsked || isGroupToRest(group));
}

/** What it had when it failed may be why it failed, so that is not captured; its next online keeps it aside. */
function whyRest({ input }: View, resource: ResourceState): string {
  const rests = `${quoted(resource)} is to be offline, and nothing of it runs`;
  if (!resource.hasCheckpoints) return rests;
  const here = nodeName(input.state, input.me);
  return `${rests}; settings that were not stored when it failed are on ${here} only, and kept aside at its next online there`;
}

function isGroupToRest({ wanted, held, moveTo }: GroupState): boolean {
  return !wanted && held === undefined && moveTo === undefined;
}

function whyDown(view: View, resource: ResourceState): string | undefined {
  const { group, input } = view;
  if (group.moveTo !== undefined) return `${quoted(group)} leaves this node (${group.moveReason})`;
  if (group.held !== undefined) return `${quoted(group)} is held`;
  if (!group.wanted) return `${quoted(group)} is to be offline`;
  const provider = resource.dependsOn.find((id) => view.entry(id).phase !== "online");
  const name = provider === undefined ? "" : quoted(input.state.resources.get(provider) ?? { name: provider });
  if (provider !== undefined) return `${quoted(resource)} depends on ${name}, which is not online`;
  if (!view.wanted.has(resource.id)) {
    return resource.persistentState === persistentState.offline
      ? `${quoted(resource)} is to be offline`
      : `what ${quoted(resource)} depends on is to be offline`;
  }
  return undefined;
}

/** Brings it online when all that it depends on is. */
function stepUp(view: View, resource: ResourceState): void {
  const entry = view.entry(resource.id);
  if (!view.wanted.has(resource.id) || isActive(entry) || needsCapture(view, resource)) return;
  if (entry.phase === "failed") {
    stepAfterFailure(view, resource, entry);
    return;
  }
  start(view, resource, { restart: false, fresh: false, because: `${quoted(resource)} is to be online` });
}

function start(view: View, resource: ResourceState, how: { restart: boolean; fresh: boolean; because: string }): void {
  if (!resource.dependsOn.every((id) => view.entry(id).phase === "online" && !view.leaving.has(id))) return;
  const dependents = view.resources.filter((one) => one.dependsOn.includes(resource.id));
  if (dependents.some((one) => isActive(view.entry(one.id)))) return;
  const step = { resource: resource.id };
  if (resource.hasCheckpoints && !isRestored(view, resource, view.entry(resource.id))) {
    view.actions.push({
      ...step,
      kind: "restore-checkpoints",
      ...how,
      because: `${how.because}; its checkpoints come first`,
    });
    return;
  }
  view.actions.push({ ...step, kind: "online", ...how });
}

function stepAfterFailure(view: View, resource: ResourceState, entry: RunningResource): void {
  const { group, actions } = view;
  // A failure on request is reported, and with that the request taken away, before anything else: otherwise it would fail again.
  if (resource.request === "fail" || group.failoverRequested) return;
  if (resource.hasCheckpoints && isRestored(view, resource, entry)) {
    // The attempt was counted when its checkpoints were put in place.
    start(view, resource, {
      restart: false,
      fresh: false,
      because: `${quoted(resource)} failed; its checkpoints are in place again`,
    });
    return;
  }
  const decision = decideRestart(resource, entry, view.input.nowBoot);
  if (decision.kind === "later") {
    actions.push({ kind: "wake", at: decision.at, because: `${quoted(resource)}: ${decision.because}` });
    return;
  }
  if (decision.kind === "restart") {
    const { fresh, because } = decision;
    start(view, resource, { restart: !fresh, fresh, because: `${quoted(resource)} failed; ${because}` });
    return;
  }
  if (decision.retryAt !== undefined) {
    actions.push({ kind: "wake", at: decision.retryAt, because: `RetryPeriodOnFailure of ${quoted(resource)}` });
  }
  const isReported =
    resource.state === resourceState.failed && resource.reportedGeneration === group.ownershipGeneration;
  if (!decision.askFailover || group.failed !== undefined || !isReported) return;
  actions.push(requestFailover(view.input, group, `${quoted(resource)} stays failed here: ${decision.because}`));
}
