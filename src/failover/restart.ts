/** What to do about a resource that failed: restart, give up and ask for a failover, try again much later (facts §6.2). Pure. */
import { minusOne, restartAction } from "../database/schema.ts";
import type { ResourceState } from "../database/state.ts";

/** What becomes of a failed resource. */
export type RestartDecision =
  /** `fresh`: earlier restarts no longer count. */
  | { readonly kind: "restart"; readonly fresh: boolean; readonly because: string }
  | { readonly kind: "later"; readonly at: number; readonly because: string }
  /** `askFailover`: RestartNotify asks the leader to move the group. */
  | {
      readonly kind: "give-up";
      readonly askFailover: boolean;
      readonly retryAt: number | undefined;
      readonly because: string;
    };

/** One failure and what came before it. */
export interface Failure {
  /** Boot time at which it failed. */
  readonly since: number;
  /** Boot times of the restarts so far. */
  readonly restarts: readonly number[];
}

/** `now`: boot time in milliseconds. */
export function decideRestart(resource: ResourceState, failure: Failure, now: number): RestartDecision {
  if (resource.request === "online") return { kind: "restart", fresh: true, because: "somebody asked for it" };
  if (resource.restartAction === restartAction.dontRestart) {
    return { kind: "give-up", askFailover: false, retryAt: undefined, because: "its RestartAction is 0 (no restart)" };
  }
  const recent = restartsBefore(resource, failure);
  if (recent < resource.restartThreshold) {
    const at = failure.since + resource.restartDelay;
    const because = `restart ${recent + 1} of at most ${resource.restartThreshold} in ${resource.restartPeriod} ms`;
    return now < at ? { kind: "later", at, because } : { kind: "restart", fresh: false, because };
  }
  const never = resource.retryPeriodOnFailure === minusOne;
  const retryAt = never ? undefined : failure.since + resource.retryPeriodOnFailure;
  if (retryAt !== undefined && now >= retryAt) {
    return {
      kind: "restart",
      fresh: true,
      because: `RetryPeriodOnFailure (${resource.retryPeriodOnFailure} ms) is over`,
    };
  }
  const because = `it was restarted ${recent} times in ${resource.restartPeriod} ms, and RestartThreshold is ${resource.restartThreshold}`;
  return { kind: "give-up", askFailover: resource.restartAction === restartAction.restartNotify, retryAt, because };
}

/** Counted back from the failure, not from now: otherwise waiting alone would allow more restarts. */
function restartsBefore(resource: ResourceState, failure: Failure): number {
  return failure.restarts.filter((at) => at > failure.since - resource.restartPeriod).length;
}
