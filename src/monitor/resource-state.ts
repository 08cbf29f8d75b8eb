/** WSFC's CLUSTER_RESOURCE_STATE, those that a host reports (wsfc-facts §6.1). */
export const resourceState = { online: 2, offline: 3, failed: 4, onlinePending: 129, offlinePending: 130 } as const;

/** One of the numbers of `resourceState`. */
export type ResourceState = (typeof resourceState)[keyof typeof resourceState];

/** Told at every change of state, in order. */
export interface ResourceEvent {
  /** The resource's id. */
  readonly resource: string;
  /** Of the start command that this run belongs to. */
  readonly ownershipGeneration: number;
  readonly state: ResourceState;
  /** Set while it can't be ended: something of it is left, and the host tries on. */
  readonly held?: true;
  /** One sentence: why. */
  readonly because: string;
}
