/** Asks the nodes again before a restore of the cluster that was cut short, or waited for a start of the service, goes on. */
import type { Outside } from "../base/outside.ts";
import { askNodes, type NodeFact, nodesOfPlan, type RestorePlan } from "../restore/restore.ts";
import { askLife } from "./ask-life.ts";
import type { NodeRecord } from "./node-record.ts";
import { provenNodes } from "./vss/proven-nodes.ts";

/** Every node but this one. A forced quorum asks whether it lives under a quorum: one without a leader forbids nothing. */
export async function planAgain(
  at: {
    readonly outside: Outside;
    readonly record: Pick<NodeRecord, "node" | "insist">;
    /** Names of nodes that a person says are off, lower case. */
    readonly confirmed: readonly string[];
  },
  plan: RestorePlan,
): Promise<readonly NodeFact[]> {
  const { outside, record, confirmed } = at;
  const { insist } = record;
  const nodes = await nodesOfPlan(outside, plan, { self: record.node, insist });
  if (plan.copy === undefined)
    return askNodes(provenNodes({ outside, place: plan.formerPlace ?? plan.place, insist, confirmed }), nodes);
  return askNodes(async ({ endpoint }) => {
    const { state, evidence } = await askLife(outside, endpoint, plan.identity.instance);
    if (state === "alone") return { state: "stopped", evidence };
    return { state: state === "living" ? "running" : state, evidence };
  }, nodes);
}
