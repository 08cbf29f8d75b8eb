/** `npm run sim -- --seeds N [--from S] [--nodes 3|4|5] [--trace]`: runs seeds one after the other; exit code 1 when one fails. */
import { parseArgs } from "node:util";
import { type RunResult, runSeed } from "./cluster/run.ts";
import { ProcessExit } from "./processes.ts";

const { values } = parseArgs({
  options: {
    seeds: { type: "string", default: "20" },
    from: { type: "string", default: "1" },
    nodes: { type: "string" },
    trace: { type: "boolean", default: false },
    stop: { type: "boolean", default: false },
  },
});
const from = Number(values.from);
const nodes = values.nodes === undefined ? undefined : Number(values.nodes);
const keepTrace = values.trace ? 1_000_000 : 0;

let unhandled: unknown[] = [];
process.on("unhandledRejection", (error) => {
  // A simulated process that has exited says so to its own main, where nobody listens any more.
  if (!(error instanceof ProcessExit)) unhandled.push(error);
});

let passed = 0;
let failed = 0;
for (let seed = from; seed < from + Number(values.seeds); seed++) {
  unhandled = [];
  const result = await runSeed({ seed, keepTrace, ...(nodes === undefined ? {} : { nodes }) }, () => unhandled);
  if (values.trace) process.stdout.write(`${result.trace.join("\n")}\n`);
  if (result.violations.length === 0) passed++;
  else failed++;
  if (result.violations.length > 0) process.stdout.write(failureOf(result));
  if (failed > 0 && values.stop) break;
}
process.stdout.write(`${passed} passed, ${failed} failed\n`);
process.exitCode = failed === 0 ? 0 : 1;

function failureOf({ seed, nodes: count, violations, plan }: RunResult): string {
  const [first] = violations;
  const checkers = [...new Set(violations.map((each) => each.checker))].join(", ");
  const what = `${checkers} (${plan.kinds.join(" ")}): at ${first?.at.toFixed(0)} ms ${first?.what}`;
  return `seed ${seed}, ${count} nodes: ${what} | replay: npm run sim -- --seeds 1 --from ${seed} --trace\n`;
}
