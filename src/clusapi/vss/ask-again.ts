/** Asks the nodes again before a restore of the cluster that waited for a start of the service. */
import type { Outside } from "../../base/outside.ts";
import { gatherFacts } from "../../restore/check.ts";
import type { NodeFact, RestorePlan } from "../../restore/restore.ts";
import type { NodeRecord } from "../node-record.ts";
import { provenNodes } from "./proven-nodes.ts";

/** Every node but this one. */
export async function planAgain(
  at: {
    readonly outside: Outside;
    readonly data: string;
    readonly record: Pick<NodeRecord, "node" | "name" | "insist">;
    readonly confirmed: readonly string[];
  },
  plan: RestorePlan,
): Promise<readonly NodeFact[]> {
  const { outside, data, record, confirmed } = at;
  const { place } = plan;
  const { insist } = record;
  const { nodes } = await gatherFacts(
    {
      outside,
      data,
      place,
      self: { id: record.node, name: record.name },
      insist,
      askNode: provenNodes({ outside, place, insist, confirmed }),
    },
    { path: plan.set.path },
  );
  return nodes;
}
