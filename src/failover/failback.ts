/** When a group goes back to the node it had to leave (facts §6.2). Pure. */
import { minusOne } from "../database/schema.ts";
import type { GroupState, NodeState } from "../database/state.ts";
import { choosePlacement, type PlacementQuestion, rank } from "./placement.ts";

/** Whether `hour` (0–23, local time of the cluster) lies in the group's window; without a window it always does. */
export function isInFailbackWindow(
  group: Pick<GroupState, "failbackWindowStart" | "failbackWindowEnd">,
  hour: number,
): boolean {
  const { failbackWindowStart: start, failbackWindowEnd: end } = group;
  if (start === minusOne || end === minusOne) return true;
  if (start === end) return hour === start;
  return start < end ? hour >= start && hour < end : hour >= start || hour < end;
}

/**
 * Where the group goes back to now: a preferred owner before its present one. Only when it was displaced from a better node, so that
 * a move that a person asked for is not undone, and never to a node where a resource of it failed lately.
 */
export function failbackTarget(question: PlacementQuestion, hour: number): NodeState | undefined {
  const { group, avoid } = question;
  if (!group.autoFailback || group.displacedFrom === undefined || group.owner === undefined) return undefined;
  if (group.preferredOwners.length === 0 || !isInFailbackWindow(group, hour)) return undefined;
  const best = choosePlacement(question).node;
  if (best === undefined || avoid?.has(best.id) === true) return undefined;
  return rank(group, best.id) < rank(group, group.owner) ? best : undefined;
}
