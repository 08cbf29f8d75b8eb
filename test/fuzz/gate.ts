/** What the tests run of every target: a fixed seed, then a new one each time, which is told. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { sha256 } from "../../src/base/digest.ts";
import { Fuzzer, type FuzzFailure } from "./loop.ts";
import type { Target } from "./target.ts";

/** Inputs that failed, which the tests run from then on. */
export const failuresFolder: string = join(import.meta.dirname, "failures");

const fixedSeed = 20_261_121;

/** Works for so many seconds of this process's time, half of it with each seed. Throws for an input that fails, and keeps it. */
export function fuzzFor(name: string, target: Target, seconds: number, say: (text: string) => void): void {
  const limit = Error.stackTraceLimit;
  // Stacks of refusals, which nobody reads, cost more than the rest.
  Error.stackTraceLimit = 0;
  try {
    for (const seed of [fixedSeed, Date.now() % 1_000_000_000]) {
      const fuzzer = new Fuzzer(target, { seed, coverage: true });
      const end = used() + seconds / 2;
      const failure = fuzzer.run(() => used() < end);
      fuzzer.close();
      say(
        `${name}: seed ${seed}, ${fuzzer.runs} mutations, ${fuzzer.kinds.size} kinds of outcome, ${fuzzer.blocks} blocks`,
      );
      if (failure !== undefined) throw kept(name, seed, failure);
    }
  } finally {
    Error.stackTraceLimit = limit;
  }
}

/** Processor seconds of this process: the same work on a machine that is busy. */
function used(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}

function kept(name: string, seed: number, { bytes, error }: FuzzFailure): Error {
  mkdirSync(failuresFolder, { recursive: true });
  const path = join(failuresFolder, `${name}-${sha256(bytes).slice(0, 12)}`);
  writeFileSync(path, bytes);
  const packed = gzipSync(bytes).toString("base64");
  return new Error(`A run of ${name} with seed ${seed} failed; the input is in ${path} (gzip, base64: ${packed}).`, {
    cause: error,
  });
}
