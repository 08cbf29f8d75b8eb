/** What other folders may know of the monitor: how a resource is told to a host, and what the host tells of it. */
export type { ResourceSpec } from "./host-engine.ts";
export { type ResourceEvent, resourceState } from "./resource-state.ts";
