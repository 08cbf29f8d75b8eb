/** A group's state out of its resources' states, by WSFC's rules; what can't be known comes first. */
import { groupState, resourceState } from "./schema.ts";

/**
 * Unknown when a resource is unknown; else Failed when one failed; Pending when one is on its way; Online when all are;
 * PartialOnline when some are; Offline when none is, also without resources (clusapi.h, GetClusterGroupState).
 */
export function deriveGroupState(states: readonly number[]): number {
  if (states.includes(resourceState.unknown)) return groupState.unknown;
  if (states.includes(resourceState.failed)) return groupState.failed;
  if (states.some((state) => state >= resourceState.pending || state === resourceState.initializing))
    return groupState.pending;
  const online = states.filter((state) => state === resourceState.online).length;
  if (online === 0) return groupState.offline;
  return online === states.length ? groupState.online : groupState.partialOnline;
}
