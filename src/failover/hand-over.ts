/** A release that is also the placing: where a move has a target that can take the group, its owner hands it over in one update. Pure. */
import type { ChangeBuilder } from "../database/change.ts";
import { runtimeNodeValue } from "../database/schema.ts";
import type { ClusterState, GroupState, NodeState } from "../database/state.ts";
import { sameLife, writePlacement } from "./actions.ts";
import { displacedAfter, staysOffline } from "./displaced.ts";
import { whyNot } from "./placement.ts";

/**
 * The node that gets the group; undefined when that is to be decided anew. It and its present owner have reported to the same leader: what
 * the owner knows of it is what that leader knows.
 */
export function heirOf(state: ClusterState, group: GroupState, me: string): NodeState | undefined {
  const heir = group.moveTo === undefined ? undefined : state.nodes.get(group.moveTo);
  const epoch = state.nodes.get(me)?.epoch;
  if (heir === undefined || heir.id === me || epoch === undefined) return undefined;
  const facts = { up: true, confirmedThisEpoch: heir.epoch === epoch, takeOver: "no" } as const;
  return whyNot(state, group, heir, facts) === undefined ? heir : undefined;
}

/**
 * Refused, and built anew, when the heir's life has changed, or the leader to whom both have reported: the next hears of it from an owner
 * that has joined it, and does not know yet whether the heir still lives.
 */
export function writeHandOver(change: ChangeBuilder, state: ClusterState, group: GroupState, heir: NodeState): void {
  sameLife(change, heir);
  const owner = group.owner === undefined ? undefined : state.nodes.get(group.owner);
  for (const node of [owner, heir]) if (node !== undefined) change.unchanged(node.runtimePath, runtimeNodeValue.epoch);
  const displacedFrom = displacedAfter(state, group, "released", heir);
  writePlacement(change, state, group, heir, { displacedFrom, stopped: staysOffline(group, "released") });
}
