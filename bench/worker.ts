/** Runs benches in the process that main.ts watches. Arguments: the benches' names, comma-separated, and their options as JSON. */
import { cpus, release } from "node:os";
import { benches } from "./benches.ts";
import { markdown, type Row, rowLine, table, whenRow } from "./measure.ts";
import type { BenchOptions } from "./options.ts";

const [names = "", given = "{}", form = ""] = process.argv.slice(2);
const options = JSON.parse(given) as BenchOptions;
const rows: Row[] = [];
for (const name of names.split(",")) {
  const seen: Row[] = [];
  whenRow((one) => {
    seen.push(one);
    process.stderr.write(`${rowLine(one)}\n`);
  });
  try {
    const done = await benches.get(name)?.run(options, (line) => process.stderr.write(`${name}: ${line}\n`));
    rows.push(...(done ?? []));
  } catch (error) {
    process.exitCode = 1;
    process.stderr.write(
      `${name}: FAILED: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`,
    );
    rows.push(...seen);
  }
}
const machine = { node: process.version, cores: cpus().length, kernel: release() };
if (form === "json") console.log(JSON.stringify({ machine, rows }, undefined, 2));
else {
  console.log(`Node ${machine.node}, ${machine.cores} cores, Linux ${machine.kernel}`);
  console.log(form === "markdown" ? markdown(rows) : table(rows));
}
