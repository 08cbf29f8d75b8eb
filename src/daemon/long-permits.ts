/** Longer permits for the time of a move of the quorum, as the node that moves it sees to them (docs/safety.md §2.10). */
import { fail } from "../base/errors.ts";
import { newGuid } from "../base/guid.ts";
import { askNode } from "../clusapi/ask-node.ts";
import { beginLongPermits, endLongPermits } from "../membership/long-permit.ts";
import { type NodeStatusAnswer, nodeStatus } from "./node-status.ts";
import type { ServiceNode } from "./service-node.ts";

/** How long the nodes may take to get one, and how long it may take to say that the move is over, in milliseconds. */
const limits = { granted: 10_000, over: 5_000 };

/** How much of a long permit each node must have left. */
const enough = 0.8;

type Other = { readonly name: string; readonly endpoint: string | undefined };

/** Resolves with the boot time until which every node that runs may run what it runs. TIMEOUT: nothing was changed. */
export async function lengthenPermits(service: ServiceNode, plan: string, permit: number): Promise<number> {
  const { clock, timers } = service.parts.outside;
  const { sequence } = await service.change((tree) => beginLongPermits(plan, permit, tree));
  const asked = [undefined, ...(await runningOthers(service))];
  const until = clock.boot() + limits.granted;
  let lasts = Number.POSITIVE_INFINITY;
  for (const one of asked) {
    for (;;) {
      const sentAt = clock.boot();
      const status = await statusOf(service, one).catch(() => undefined);
      if (status !== undefined && status.sequence >= sequence && status.permitLeft >= permit * enough) {
        lasts = Math.min(lasts, sentAt + status.permitLeft);
        break;
      }
      if (clock.boot() >= until) throw notGranted(one?.name ?? service.node.name);
      await timers.sleep(service.timing.poll / 2);
    }
  }
  return lasts;
}

/** The move has failed. Never rejects: the leader ends them by itself after a minute. */
export async function shortenPermits(service: ServiceNode, plan: string): Promise<void> {
  const { random } = service.parts.outside;
  await service.database
    .submit({ requestId: newGuid(random), ...endLongPermits(plan) }, limits.over)
    .catch(() => undefined);
}

/** Names of nodes that run and have not come into that generation in so many milliseconds. */
export async function waitForOthers(
  service: ServiceNode,
  generation: number,
  limitMs: number,
): Promise<readonly string[]> {
  const { clock, timers } = service.parts.outside;
  const until = clock.boot() + limitMs;
  const missing: string[] = [];
  for (const one of await runningOthers(service)) {
    for (;;) {
      const status = await statusOf(service, one).catch(() => undefined);
      if (status !== undefined && status.generation >= generation && ["leader", "member"].includes(status.state)) break;
      if (clock.boot() >= until) {
        missing.push(one.name);
        break;
      }
      await timers.sleep(service.timing.poll / 2);
    }
  }
  return missing;
}

async function runningOthers(service: ServiceNode): Promise<readonly Other[]> {
  const { outside } = service.parts;
  const others = [...service.clusterState().nodes.values()].filter(({ id }) => id !== service.node.id);
  const asked = await Promise.all(
    others.map(async (one) => ({ one, state: (await askNode(outside, one.endpoint)).state })),
  );
  return asked.flatMap(({ one, state }) => (state === "running" ? [one] : []));
}

/** Of this node when nobody is named. */
async function statusOf(service: ServiceNode, other: Other | undefined): Promise<NodeStatusAnswer> {
  if (other === undefined) return nodeStatus(service);
  const answer = await service.callers.call(other.endpoint ?? "", "status", {}, service.timing.call);
  return answer as NodeStatusAnswer;
}

function notGranted(name: string): Error {
  return fail("TIMEOUT", {
    happened: `Node ${name} did not get a longer permit within ${limits.granted / 1000} s.`,
    unchanged: "The quorum was not moved.",
    next: "`clubar status` says what the node waits for; mend that or stop its service, then plan again.",
  });
}
