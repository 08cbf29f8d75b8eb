/**
 * `npm run bench [-- NAME… --runs N --json]`: ratios, measured in one execution on a machine that does nothing else; medians of several
 * runs. NAME is one of failover, quorum, backup, stall, thaw, hive; all of them without one. --json prints one JSON object instead of the
 * table.
 */
import { parseArgs } from "node:util";
import { cpus, release, tmpdir } from "node:os";
import { benchBackup } from "./backup.ts";
import { benchFailover } from "./failover.ts";
import { benchGrowth } from "./hive/growth.ts";
import { benchHive } from "./hive/hive.ts";
import { type Row, table } from "./measure.ts";
import { benchQuorum } from "./quorum.ts";
import { benchStall } from "./stall.ts";
import { benchThaw } from "./thaw.ts";

const benches: Readonly<Record<string, (runs: number, say: (line: string) => void) => Promise<readonly Row[]>>> = {
  quorum: benchQuorum,
  backup: benchBackup,
  failover: benchFailover,
  stall: benchStall,
  thaw: benchThaw,
  hive: benchHive,
  "hive-growth": benchGrowth,
};
/** Takes minutes and a gigabyte of disk. */
const whenNamed: ReadonlySet<string> = new Set(["hive-growth"]);

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { json: { type: "boolean", default: false }, runs: { type: "string", default: "7" } },
});
const unknown = positionals.filter((name) => !(name in benches));
if (unknown.length > 0) {
  console.error(
    `There is no bench ${unknown.join(", ")}; benches are ${Object.keys(benches).join(", ")}. Nothing was run.`,
  );
  process.exit(2);
}

const machine = { node: process.version, cores: cpus().length, kernel: release(), folder: tmpdir() };
const rows: Row[] = [];
for (const [name, bench] of Object.entries(benches)) {
  if (positionals.length > 0 ? !positionals.includes(name) : whenNamed.has(name)) continue;
  rows.push(...(await bench(Number(values.runs), (line) => process.stderr.write(`${name}: ${line}\n`))));
}
if (values.json) console.log(JSON.stringify({ machine, rows }, undefined, 2));
else {
  console.log(`Node ${machine.node}, ${machine.cores} cores, Linux ${machine.kernel}, in ${machine.folder}`);
  console.log(table(rows));
}
