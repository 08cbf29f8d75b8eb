/**
 * `npm run bench [-- NAME… --runs N --json]`: ratios, measured in one execution on a machine that does nothing else; medians of several
 * runs. NAME is a bench of the table below; without one all of them, except those that take long. --json prints one JSON object instead
 * of the table.
 */
import { parseArgs } from "node:util";
import { cpus, release, tmpdir } from "node:os";
import { benchBackup } from "./backup.ts";
import { benchFailover, benchFailoverEtcd } from "./failover.ts";
import { benchGrowth } from "./hive/growth.ts";
import { benchHive } from "./hive/hive.ts";
import { type Row, table } from "./measure.ts";
import { benchMoves } from "./moves.ts";
import { benchQuorum } from "./quorum.ts";
import { benchScale } from "./scale.ts";
import { benchSoak } from "./soak.ts";
import { benchStall } from "./stall.ts";
import { benchThaw } from "./thaw.ts";
import { benchUpdates } from "./updates.ts";

const benches: Readonly<Record<string, (runs: number, say: (line: string) => void) => Promise<readonly Row[]>>> = {
  quorum: benchQuorum,
  backup: benchBackup,
  updates: benchUpdates,
  failover: benchFailover,
  "failover-etcd": benchFailoverEtcd,
  moves: benchMoves,
  scale: benchScale,
  stall: benchStall,
  thaw: benchThaw,
  hive: benchHive,
  "hive-growth": benchGrowth,
  soak: benchSoak,
};
/** The one takes minutes and a gigabyte of disk, the other ten minutes. */
const whenNamed: ReadonlySet<string> = new Set(["hive-growth", "soak"]);

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
