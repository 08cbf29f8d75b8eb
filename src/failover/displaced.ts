/** What a placement leaves behind: the node that a group would rather be on, and whether it starts there. Pure. */
import type { ClusterState, GroupState, NodeState } from "../database/state.ts";
import type { Custody } from "./custody.ts";

type Free = Extract<Custody, { kind: "free" }>["how"];

/** The node to which the group would rather go back, kept in the database so that failback outlives the leader. */
export function displacedAfter(state: ClusterState, group: GroupState, how: Free, node: NodeState): string | undefined {
  const kept = group.displacedFrom === node.id ? undefined : group.displacedFrom;
  if (how === "new" || how === "recovered") {
    const first = group.preferredOwners[0];
    return first === node.id ? undefined : first;
  }
  const isForced = how === "taken-over" || group.moveReason === "drain";
  if (isForced)
    return (
      kept ??
      (group.owner !== node.id && group.owner !== undefined && state.nodes.has(group.owner) ? group.owner : undefined)
    );
  return group.moveTo !== undefined && group.moveReason === "move" ? undefined : kept;
}

/** Its priority forbids an automatic start, and nobody asked for this one. */
export function staysOffline(group: GroupState, how: Free): boolean {
  const automatic = how === "taken-over" || how === "recovered" || group.moveReason === "failover";
  return group.priority === 0 && group.wanted && automatic;
}
