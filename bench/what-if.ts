/**
 * What would happen if: of a whole database put in the place of the present one, which is the largest plan that clubar's command has. It
 * reads the set, checks it, compares both databases, asks the nodes, and changes nothing.
 */
import type { NodeProcess } from "../src/daemon/demo/node-process.ts";
import type { TestCluster } from "../test/e2e/cluster.ts";
import { type Row, row } from "./measure.ts";

/** `what` of its row. */
export function whatIfRow(what: string): string {
  return `${what}: what-if (clubar restore SET --plan), its start included`;
}

/** `set`: folder of a backup of this cluster. */
export async function whatIf(
  cluster: TestCluster,
  node: NodeProcess,
  [what, set]: readonly [string, string],
  runs: number,
): Promise<Row> {
  const took: number[] = [];
  for (let run = 0; run < runs; run++) {
    const begun = performance.now();
    await cluster.run(node, "restore", set, "force", "--plan");
    took.push(performance.now() - begun);
  }
  return row("scale", whatIfRow(what), "ms", took, "Pacemaker 769 ms (crm_simulate)");
}
