/**
 * One node that wants to live from two data folders. A node's lock keeps its next life from starting beside its last one, but only in its
 * own folder: a copy of that, or a node restored elsewhere, has a lock of its own (docs/safety.md §2.3).
 */
import { fail, Failure } from "../base/errors.ts";
import type { Log } from "../base/log.ts";
import type { Outside } from "../base/outside.ts";
import { findValue, type Key } from "../tree/key.ts";
import { textOf } from "../tree/value.ts";
import type { Leader } from "./leader.ts";
import { nodeRecord } from "./node-records.ts";
import type { Timing } from "./timing.ts";
import type { JoinRequest } from "./wire.ts";

/**
 * CLUSTER_NODE_UP while another life of this node counts as up in another folder; also when nothing is recorded of it, after a restore, but
 * permits of the old generation may last (`mayRun`).
 */
export function refuseOtherFolder(
  tree: Key,
  { node, incarnation, endpoint }: Pick<JoinRequest, "node" | "incarnation" | "endpoint">,
  mayRun: boolean,
): void {
  const record = nodeRecord(tree, node);
  const lived = record?.endpoint ?? textOf(findValue(tree, `Nodes\\${node}`, "Endpoint")) ?? "";
  if (lived === "" || lived === endpoint || record?.incarnation === incarnation) return;
  if (!(record === undefined ? mayRun : record.up)) return;
  throw fail("CLUSTER_NODE_UP", {
    happened: `Node ${node} lives at ${lived}, or may run something until its permit is over; now it wants to join from ${endpoint}.`,
    unchanged: "It was not let in, and starts nothing.",
    next: "It is let in as soon as the other one is down. One node can't run twice: stop one of them.",
  });
}

/** A leader joins itself. A life of its node in another folder is waited out as any other node's. */
export async function joinItself(
  leader: Pick<Leader, "join" | "review">,
  request: JoinRequest,
  { outside, log, timing }: { readonly outside: Pick<Outside, "timers">; readonly log: Log; readonly timing: Timing },
  isOver: () => boolean,
): Promise<void> {
  for (;;) {
    try {
      await leader.join(request);
      return;
    } catch (error) {
      if (!(error instanceof Failure) || error.name !== "CLUSTER_NODE_UP" || isOver()) throw error;
      log.info("could not join itself yet", { error });
    }
    await leader.review().catch((error: unknown) => log.warn("review failed", { error }));
    await outside.timers.sleep(timing.poll);
  }
}
