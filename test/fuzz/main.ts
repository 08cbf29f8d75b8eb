/**
 * `npm run fuzz -- --seconds N [--target reader|logs|reg|inplace] [--seed S] [--no-coverage]`: mutates hives, logs and registry text
 * of others
 * and
 * of our own. An input that fails is written to test/fuzz/failures, where the tests run it from then on.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { sha256 } from "../../src/base/digest.ts";
import { fuzz } from "./loop.ts";
import { targets } from "./targets.ts";

const { values } = parseArgs({
  options: {
    seconds: { type: "string", default: "60" },
    target: { type: "string", multiple: true, default: Object.keys(targets) },
    seed: { type: "string", default: `${Date.now() % 1_000_000}` },
    coverage: { type: "boolean", default: true },
  },
  allowNegative: true,
});

const seconds = Number(values.seconds) / values.target.length;
const seed = Number(values.seed);
const unknown = values.target.filter((name) => !(name in targets));
if (unknown.length > 0 || !(seconds > 0) || !Number.isInteger(seed)) {
  console.error(
    `Targets are ${Object.keys(targets).join(", ")}; seconds a number above 0, seed a whole one. Nothing was run.`,
  );
  process.exit(2);
}

// Most inputs are refused by an error, whose stack nobody reads and which costs more than the rest; the failing input is run again
// with one.
Error.stackTraceLimit = 0;
let failed = false;
for (const name of values.target) {
  const end = performance.now() + seconds * 1000;
  const result = fuzz(targets[name]!, { seed, coverage: values.coverage, goesOn: () => performance.now() < end });
  const { runs, corpus, kinds, blocks, failure } = result;
  console.log(
    `${name}: seed ${seed}, ${runs} runs, ${corpus} inputs kept, ${kinds} kinds of outcome, ${blocks} blocks`,
  );
  if (failure === undefined) continue;
  failed = true;
  const folder = join(import.meta.dirname, "failures");
  mkdirSync(folder, { recursive: true });
  const path = join(folder, `${name}-${sha256(failure.bytes).slice(0, 12)}`);
  writeFileSync(path, failure.bytes);
  console.error(`${name} failed; the input is in ${path}.\n`, again(name, failure.bytes));
}
function again(name: string, bytes: Uint8Array): unknown {
  Error.stackTraceLimit = 20;
  try {
    targets[name]!.run(bytes, true);
    return "It did not fail when it was run again.";
  } catch (error) {
    return error;
  }
}

process.exitCode = failed ? 1 : 0;
