/** The leader over `rpc`, as a member calls it. */
import type { Outside } from "../base/outside.ts";
import type { SubmitResult } from "../database/update.ts";
import type { LeaderCalls } from "../membership/member.ts";
import { fetchWait, type Timing } from "../membership/timing.ts";
import type { CopyAnswer, JoinAnswer } from "../membership/wire.ts";
import { dialPaths, type KeptOff } from "../rpc/paths.ts";

/** Connects to a leader's service; rejects with CLUSTER_NODE_UNREACHABLE when nobody listens. */
export async function dialLeader(
  outside: Outside,
  endpoint: string,
  instance: string,
  timing: Timing,
  isKeptOff?: KeptOff,
): Promise<LeaderCalls> {
  const caller = await dialPaths(outside, endpoint, instance, isKeptOff);
  return {
    join: async (request) => (await caller.call("join", request, timing.call * 5)) as JoinAnswer,
    fetch: async (request) => (await caller.call("fetch", request, fetchWait(timing) + timing.call)) as CopyAnswer,
    submit: async (request) => (await caller.call("submit", request, timing.call * 5)) as SubmitResult,
    closed: new Promise((resolve) => caller.onClose(resolve)),
    close: () => caller.close(),
  };
}
