/** What the leader can do about a group or a node, and the updates that do it. Pure. */
import { type Change, ChangeBuilder } from "../database/change.ts";
import { writeMove } from "../database/moving.ts";
import { anyNode, drainStatus, type MoveReason, minusOne, resourceState } from "../database/schema.ts";
import type { ClusterState, Failover, GroupState, NodeState } from "../database/state.ts";
import { dword, multiSz, sz } from "../tree/value.ts";
import { nodeName, quoted } from "./words.ts";

interface Common {
  /** One sentence: what and why. The update carries the same. */
  readonly because: string;
  readonly update: Change;
}

/** One decision of the leader. */
export type Action =
  /** The node becomes the owner under the next ownership generation. */
  | (Common & { readonly kind: "place-group"; readonly group: string; readonly node: string })
  /** The owner recorded is the node that runs it (after a restore). */
  | (Common & { readonly kind: "adopt-group"; readonly group: string; readonly node: string })
  /** The owner takes it offline and releases it; placed in a later round. `node` undefined: wherever is best then. */
  | (Common & {
      readonly kind: "begin-move";
      readonly group: string;
      readonly node: string | undefined;
      readonly reason: MoveReason;
    })
  /** Left failed where it is. */
  | (Common & { readonly kind: "fail-group"; readonly group: string })
  /** Its resources are shown as unknown. */
  | (Common & { readonly kind: "mark-unknown"; readonly group: string })
  | (Common & { readonly kind: "finish-drain"; readonly node: string; readonly complete: boolean })
  /** Nothing can be done now; for status. */
  | { readonly kind: "wait"; readonly group: string; readonly because: string; readonly update: undefined };

/** The ownership that was read must still hold. */
function guarded(state: ClusterState, group: GroupState): ChangeBuilder {
  return new ChangeBuilder(state.tree)
    .exists(group.path)
    .unchanged(group.runtimePath, "Owner", "OwnershipGeneration", "Released", "MoveTo");
}

/** The node's life that was read must still be the present one: a node that came back in between may run what it owns. */
export function sameLife(change: ChangeBuilder, node: NodeState): void {
  change
    .exists(node.path)
    .unchanged(node.runtimePath, "Incarnation", "State", "Paused", "ConfirmedDown", "DownBecause");
}

/** How a group is placed. */
export interface PlaceOptions {
  readonly because: string;
  /** The better node that the group has to do without; undefined: none (any more). */
  readonly displacedFrom: string | undefined;
  /** It stays offline from now on, because its priority forbids an automatic start. */
  readonly stopped: boolean;
}

/** Makes `node` the owner; the caller made sure that the group is free. */
export function placeGroup(state: ClusterState, group: GroupState, node: NodeState, options: PlaceOptions): Action {
  const change = guarded(state, group);
  sameLife(change, node);
  const before = group.owner === undefined ? undefined : state.nodes.get(group.owner);
  if (before !== undefined && before !== node) sameLife(change, before);
  if (before === undefined && group.owner !== undefined) change.absent(`Nodes\\${group.owner}`);
  if (group.owner === undefined && !group.released) for (const other of state.nodes.values()) sameLife(change, other);
  writePlacement(change, state, group, node, options);
  return {
    kind: "place-group",
    group: group.id,
    node: node.id,
    because: options.because,
    update: change.build(options.because),
  };
}

/** What a group and its resources are from the moment on that `node` has them, under the next ownership generation. */
export function writePlacement(
  change: ChangeBuilder,
  state: ClusterState,
  group: GroupState,
  node: NodeState,
  { displacedFrom, stopped }: Omit<PlaceOptions, "because">,
): void {
  const generation = group.ownershipGeneration + 1;
  const { runtimePath } = group;
  change.remove(runtimePath, "Released", "MoveTo", "MoveReason", "FailoverRequested", "Failed");
  change.set(runtimePath, sz("Owner", node.id), dword("OwnershipGeneration", generation));
  if (displacedFrom === undefined) change.remove(runtimePath, "DisplacedFrom");
  else change.set(runtimePath, sz("DisplacedFrom", displacedFrom));
  if (stopped) change.unchanged(group.path, "PersistentState").set(group.path, dword("PersistentState", 0));
  change.unchanged(group.path, "Contains");
  for (const id of group.resources) {
    const resource = state.resources.get(id);
    if (resource === undefined) continue;
    change.exists(resource.path);
    change.set(
      resource.runtimePath,
      dword("State", resourceState.offline),
      sz("Node", node.id),
      dword("OwnershipGeneration", generation),
    );
    change.set(resource.runtimePath, dword("Restarts", 0));
    change.remove(resource.runtimePath, "Reason", "Request");
  }
}

/** Records the node that runs a group without a recorded owner. */
export function adoptGroup(state: ClusterState, group: GroupState, node: NodeState): Action {
  const change = guarded(state, group);
  for (const other of state.nodes.values()) sameLife(change, other);
  change.set(group.runtimePath, sz("Owner", node.id), dword("OwnershipGeneration", group.ownershipGeneration + 1));
  const because = `${quoted(group)} stays on ${node.name}: that node alone reports that it runs it.`;
  return { kind: "adopt-group", group: group.id, node: node.id, because, update: change.build(because) };
}

/** Where to and why. */
export interface MoveOptions {
  readonly node: NodeState | undefined;
  readonly reason: MoveReason;
  readonly because: string;
  /** Replaces the record of failovers. */
  readonly failovers?: readonly Failover[];
}

/** Asks the owner to release the group. */
export function beginMove(state: ClusterState, group: GroupState, options: MoveOptions): Action {
  const change = guarded(state, group).unchanged(group.runtimePath, "FailoverRequested", "Failovers");
  writeMove(change, group, options.node?.id ?? anyNode, options.reason);
  if (options.failovers !== undefined) change.set(group.runtimePath, failoversValue(options.failovers));
  const { because, reason } = options;
  return {
    kind: "begin-move",
    group: group.id,
    node: options.node?.id,
    reason,
    because,
    update: change.build(because),
  };
}

function failoversValue(failovers: readonly Failover[]): ReturnType<typeof multiSz> {
  return multiSz(
    "Failovers",
    failovers.map((one) => `${Math.floor(one.at)} ${one.node ?? anyNode}`),
  );
}

/** Leaves the group failed where it is. */
export function failGroup(state: ClusterState, group: GroupState, because: string): Action {
  const change = guarded(state, group).unchanged(group.runtimePath, "FailoverRequested", "Failovers");
  change.remove(group.runtimePath, "FailoverRequested").set(group.runtimePath, sz("Failed", because));
  return { kind: "fail-group", group: group.id, because, update: change.build(because) };
}

/** undefined when every resource is shown as unknown already. */
export function markUnknown(state: ClusterState, group: GroupState, why: string): Action | undefined {
  const change = guarded(state, group);
  let marked = 0;
  for (const id of group.resources) {
    const resource = state.resources.get(id);
    if (resource === undefined || resource.state === resourceState.unknown) continue;
    change
      .exists(resource.path)
      .unchanged(resource.runtimePath, "State")
      .set(resource.runtimePath, dword("State", resourceState.unknown));
    marked += 1;
  }
  if (marked === 0) return undefined;
  const owner = group.owner === undefined ? undefined : state.nodes.get(group.owner);
  if (owner !== undefined) change.unchanged(owner.runtimePath, "Incarnation", "State");
  const because = `The state of ${quoted(group)} is unknown: ${why}.`;
  return { kind: "mark-unknown", group: group.id, because, update: change.build(because) };
}

/** `stuck`: why each group that stays could not go; empty: the drain is complete. */
export function finishDrain(state: ClusterState, node: NodeState, stuck: readonly string[]): Action {
  const complete = stuck.length === 0;
  const change = new ChangeBuilder(state.tree)
    .exists(node.path)
    .unchanged(node.runtimePath, "NodeDrainStatus", "Incarnation");
  change.set(node.runtimePath, dword("NodeDrainStatus", complete ? drainStatus.completed : drainStatus.failed));
  if (complete) change.set(node.runtimePath, dword("NodeDrainTarget", minusOne));
  const because = complete
    ? `${nodeName(state, node.id)} is drained: it owns no group any more.`
    : `${nodeName(state, node.id)} can't be drained: ${stuck.join("; ")}.`;
  return { kind: "finish-drain", node: node.id, complete, because, update: change.build(because) };
}
