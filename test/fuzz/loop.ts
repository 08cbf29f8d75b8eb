import { BlockCoverage } from "./coverage.ts";
import { mutate, numbersFrom } from "./mutate.ts";
import type { Target } from "./targets.ts";

/** An input for which something did not hold. */
export interface FuzzFailure {
  readonly bytes: Uint8Array;
  readonly error: unknown;
}

/** What a run did. */
export interface FuzzResult {
  readonly runs: number;
  /** Inputs kept because they did something new, the ones to begin with included. */
  readonly corpus: number;
  /** Kinds of things that happened: findings, refusals, losses. */
  readonly kinds: number;
  /** Blocks of the sources that ran; 0 when they were not counted. */
  readonly blocks: number;
  readonly failure: FuzzFailure | undefined;
}

/** Runs between two looks at the coverage, which cost as much as many runs. */
const batch = 64;

/** One run in so many is a thorough one, and every run that does something new. */
const thoroughEvery = 8;

/**
 * Mutates inputs as long as `goesOn` says, and keeps those that do something new: another finding, refusal or loss, or (with
 * `coverage`) a block of the sources that never ran. Ends at the first failure. The same seed and runs give the same mutations unless
 * coverage
 * is looked at.
 */
export function fuzz(
  target: Target,
  options: { seed: number; coverage: boolean; goesOn: (runs: number) => boolean },
): FuzzResult {
  const next = numbersFrom(options.seed);
  const corpus = target.corpus();
  const kinds = new Set<string>();
  const coverage = options.coverage ? new BlockCoverage(["/src/hive/", "/src/tree/"]) : undefined;
  let failure: FuzzFailure | undefined;
  const isNew = (bytes: Uint8Array): boolean => {
    const before = kinds.size;
    try {
      const thorough = next(thoroughEvery) === 0;
      for (const kind of target.run(bytes, thorough)) kinds.add(kind);
      if (kinds.size > before && !thorough) for (const kind of target.run(bytes, true)) kinds.add(kind);
    } catch (error) {
      failure = { bytes, error };
    }
    return kinds.size > before;
  };
  for (const bytes of corpus) if (failure === undefined) isNew(bytes);
  coverage?.newBlocks();
  let runs = 0;
  let recent: Uint8Array[] = [];
  while (failure === undefined && options.goesOn(runs)) {
    const bytes = mutate(corpus[next(corpus.length)]!, corpus[next(corpus.length)]!, next);
    if (next(4) !== 0) target.repair?.(bytes);
    runs++;
    if (isNew(bytes)) corpus.push(bytes);
    else recent.push(bytes);
    if (recent.length < batch) continue;
    if (failure === undefined && coverage !== undefined && coverage.newBlocks() > 0) corpus.push(...recent);
    recent = [];
  }
  const blocks = coverage?.blocks ?? 0;
  coverage?.stop();
  return { runs, corpus: corpus.length, kinds: kinds.size, blocks, failure };
}
