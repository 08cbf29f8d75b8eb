/**
 * What an application still does when its machine stood still past the takeover and goes on: the whole node frozen, its group started
 * elsewhere, then thawed. It writes one line a millisecond; every line after the thaw is one too many.
 */
import { join } from "node:path";
import { isAlive } from "../src/daemon/demo/own-processes.ts";
import { TestCluster } from "../test/e2e/cluster.ts";
import { freeze, linesOf, now } from "../test/e2e/ice.ts";
import { waitFor } from "../test/e2e/wait-for.ts";
import { type Row, row } from "./measure.ts";

const limit = 60_000;

/** Of two nodes with the times that clubar has by itself. */
export async function benchThaw(runs: number, say: (line: string) => void): Promise<readonly Row[]> {
  const cluster = new TestCluster("thaw", 1);
  const lines: number[] = [];
  const times: number[] = [];
  try {
    await cluster.form(["N1", "N2"]);
    const [first] = cluster.nodes;
    if (first === undefined) return [];
    const path = join(cluster.folder, "lines");
    const program = join(import.meta.dirname, "../test/programs/counting-app.mjs");
    const command = `CommandLine="${process.execPath}" "${program}" "${path}"`;
    await cluster.run(first, "group", "create", "Count");
    const of = ["--group", "Count", "--type", "Generic Application"];
    await cluster.run(first, "resource", "create", "count", ...of, command);
    await cluster.run(first, "group", "online", "Count");
    for (let run = 1; run <= runs; run++) {
      const owner = await cluster.owner("Count");
      const seen = linesOf(path).length;
      const old = await waitFor("it writes", () => linesOf(path)[seen]?.instance, limit);
      const ice = freeze(owner);
      await waitFor(
        "its successor writes",
        () => linesOf(path).some((line, at) => at > seen && line.instance !== old),
        limit,
      );
      const thawed = now();
      ice.thaw();
      const ended = (): boolean => ice.processes.every((one) => !isAlive(one) || one.pid === owner.service?.pid);
      await waitFor("the old host has ended", ended, limit);
      ice.end();
      const late = linesOf(path).filter(({ instance, at }) => instance === old && at >= thawed);
      lines.push(late.length);
      times.push((late.at(-1)?.at ?? thawed) - thawed);
      say(`run ${run}, by ${ice.how}: ${late.length} lines in ${times.at(-1)?.toFixed(1)} ms`);
      await cluster.whole();
    }
  } finally {
    await cluster.end();
  }
  return [
    row("thaw", "an application goes on after its machine was thawed", "ms", times),
    row("thaw", "lines that it writes then, one a millisecond", "lines", lines),
  ];
}
