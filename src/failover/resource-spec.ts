/** A resource as its owner tells it to the host. */
import type { ClusterState, GroupState, ResourceState } from "../database/state.ts";
import type { ResourceSpec } from "../monitor/protocol.ts";
import { valuesOf } from "../tree/key.ts";

/** Of a resource of this group, under the group's ownership generation. */
export function specOf(
  state: ClusterState,
  resource: ResourceState,
  { ownershipGeneration }: GroupState,
): ResourceSpec {
  const { id, name, type, parameters } = resource;
  const { pendingTimeout, deadlockTimeout, looksAlivePollInterval, isAlivePollInterval } = resource;
  return {
    id,
    name,
    type,
    ...moduleOf(state, resource),
    ownershipGeneration,
    times: { pendingTimeout, deadlockTimeout, looksAlivePollInterval, isAlivePollInterval },
    parameters: parameters === undefined ? [] : [...valuesOf(parameters)],
  };
}

/** Where the code of a third party's type is. */
function moduleOf(state: ClusterState, { type, diesWithHost }: ResourceState): Pick<ResourceSpec, "module"> {
  const path = state.resourceTypes.get(type.toLowerCase())?.module ?? "";
  return path === "" ? {} : { module: { path, diesWithHost } };
}
