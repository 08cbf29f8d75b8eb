/**
 * `npm run fuzz -- --seconds N [--target reader|logs|reg|inplace] [--seed S] [--no-coverage] [--failures DIR] [--counter FILE]`: mutates
 * hives, logs and registry text of others and of our own, the targets in turns. An input that fails is written to test/fuzz/failures, where
 * the tests run it from then on. `--counter` adds the runs of each target to a JSON file every few minutes, over several calls.
 */
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { sha256 } from "../../src/base/digest.ts";
import { Fuzzer } from "./loop.ts";
import { kindOf } from "./target.ts";
import { targets } from "./targets.ts";

const { values } = parseArgs({
  options: {
    seconds: { type: "string", default: "60" },
    target: { type: "string", multiple: true, default: Object.keys(targets) },
    seed: { type: "string", default: `${Date.now() % 1_000_000}` },
    coverage: { type: "boolean", default: true },
    failures: { type: "string", default: join(import.meta.dirname, "failures") },
    counter: { type: "string" },
  },
  allowNegative: true,
});

const seconds = Number(values.seconds);
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
/** A turn of one target; afterwards what was done is counted. */
const turn = Math.min(60, seconds / values.target.length);
const end = performance.now() + seconds * 1000;
const known = new Set<string>();
const fuzzers = values.target.map((name) => ({ name, fuzzer: undefined as Fuzzer | undefined, counted: 0 }));

for (let at = 0; performance.now() < end; at = (at + 1) % fuzzers.length) {
  const one = fuzzers[at]!;
  // Coverage is taken of one target at a time: it counts what runs in the process.
  one.fuzzer ??= new Fuzzer(targets[one.name]!, { seed, coverage: values.coverage });
  // Its runs take ten times as long as the others', which would have less of the time's inputs otherwise.
  const share = one.name === "inplace" ? 0.4 : 1;
  const stop = Math.min(end, performance.now() + turn * share * 1000);
  while (performance.now() < stop) {
    const failure = one.fuzzer.run(() => performance.now() < stop);
    if (failure !== undefined) keep(one.name, failure.bytes);
  }
  report(one.name, one.fuzzer);
  count(one.name, one.fuzzer.runs - one.counted);
  one.counted = one.fuzzer.runs;
}

function report(name: string, { runs, corpus, kinds, blocks }: Fuzzer): void {
  const time = new Date().toISOString();
  console.log(
    `${time} ${name}: seed ${seed}, ${runs} runs, ${corpus} inputs kept, ${kinds.size} kinds of outcome, ${blocks} blocks`,
  );
}

function count(name: string, runs: number): void {
  if (values.counter === undefined) return;
  const counts = existsSync(values.counter)
    ? (JSON.parse(readFileSync(values.counter, "utf8")) as Record<string, number>)
    : {};
  counts[name] = (counts[name] ?? 0) + runs;
  writeFileSync(`${values.counter}.new`, `${JSON.stringify(counts)}\n`);
  renameSync(`${values.counter}.new`, values.counter);
}

/** The first input of each kind of failure. */
function keep(name: string, bytes: Uint8Array): void {
  process.exitCode = 1;
  const error = again(name, bytes);
  const kind = kindOf(error instanceof Error ? `${error.message}` : String(error)).slice(0, 200);
  if (known.has(`${name} ${kind}`)) return;
  known.add(`${name} ${kind}`);
  mkdirSync(values.failures, { recursive: true });
  const path = join(values.failures, `${name}-${sha256(bytes).slice(0, 12)}`);
  writeFileSync(path, bytes);
  console.error(`${name} failed; the input is in ${path}.\n`, error);
}

function again(name: string, bytes: Uint8Array): unknown {
  Error.stackTraceLimit = 20;
  try {
    targets[name]!.run(bytes, true);
    return "It did not fail when it was run again.";
  } catch (error) {
    return error;
  } finally {
    Error.stackTraceLimit = 0;
  }
}
