import { BlockCoverage } from "./coverage.ts";
import { Mutator, numbersFrom, type Numbers } from "./mutate.ts";
import type { Target } from "./target.ts";

/** An input for which something did not hold. */
export interface FuzzFailure {
  readonly bytes: Uint8Array;
  readonly error: unknown;
}

/** How a target is fuzzed. */
export interface FuzzOptions {
  readonly seed: number;
  /** Looks at which blocks of the sources ran, in short phases; kinds of outcome count always. */
  readonly coverage: boolean;
}

/** Runs between two phases in which blocks are counted, and runs of such a phase: counting makes all of it several times slower. */
const plainRuns = 500_000;
const countedRuns = 600;
/** Runs between two looks at the counts, which cost as much as many runs. */
const batch = 50;
/** One of so many inputs of the plain phases is run again in the next counted one. */
const sampledEvery = 400;
/** One run in so many is a thorough one, and every run that does something new. */
const thoroughEvery = 24;
/** Inputs above this are taken less often. */
const large = 20_000;

/**
 * Mutates inputs and keeps those that do something new: another finding, refusal or loss, or a block of the sources that never ran. The
 * same seed and runs give the same mutations.
 */
export class Fuzzer {
  readonly #target: Target;
  readonly #corpus: Uint8Array[];
  readonly #kinds = new Set<string>();
  readonly #coverage: BlockCoverage | undefined;
  readonly #next: Numbers;
  readonly #mutator: Mutator;
  /** Inputs of the last plain phase. */
  #sample: Uint8Array[] = [];
  #failure: FuzzFailure | undefined;
  #runs = 0;
  /** When the next counted phase begins. */
  #countAt = 0;
  /** Inputs of the corpus whose blocks are known. */
  #counted = 0;

  constructor(target: Target, options: FuzzOptions) {
    this.#target = target;
    this.#next = numbersFrom(options.seed);
    this.#corpus = target.corpus();
    const room = 4096 + Math.max(...this.#corpus.map(({ length }) => length));
    this.#mutator = new Mutator(room, this.#next, target.words);
    if (options.coverage) this.#coverage = new BlockCoverage(["/src/hive/", "/src/tree/"]);
    for (const bytes of this.#corpus) this.#isNew(bytes);
  }

  /** Mutated inputs so far. */
  get runs(): number {
    return this.#runs;
  }

  /** Inputs kept because they did something new, the ones to begin with included. */
  get corpus(): number {
    return this.#corpus.length;
  }

  /** Kinds of things that happened: findings, refusals, losses. */
  get kinds(): ReadonlySet<string> {
    return this.#kinds;
  }

  /** Blocks of the sources that ran; 0 when they were not counted. */
  get blocks(): number {
    return this.#coverage?.blocks ?? 0;
  }

  /** Goes on as long as `goesOn` says (it is asked every 16 runs) or to the first failure, which is taken and returned. */
  run(goesOn: (runs: number) => boolean): FuzzFailure | undefined {
    while (this.#failure === undefined && goesOn(this.#runs)) {
      if (this.#coverage !== undefined && this.#runs >= this.#countAt) this.#countBlocks(this.#coverage);
      for (let i = 0; i < 16 && this.#failure === undefined; i++) this.#runPlain();
    }
    const failure = this.#failure;
    this.#failure = undefined;
    return failure;
  }

  close(): void {
    this.#coverage?.close();
  }

  #runPlain(): void {
    const bytes = this.#mutated();
    if (this.#isNew(bytes)) this.#corpus.push(bytes.slice());
    else if (this.#coverage !== undefined && this.#runs % sampledEvery === 0) this.#sample.push(bytes.slice());
  }

  #mutated(): Uint8Array<ArrayBuffer> {
    this.#runs++;
    const bytes = this.#mutator.mutate(this.#choose(), this.#choose());
    if (this.#next(4) !== 0) this.#target.repair?.(bytes);
    return bytes;
  }

  /** Half of the time one of the latest. */
  #choose(): Uint8Array {
    const { length } = this.#corpus;
    const next = this.#next;
    const bytes = this.#corpus[next(2) === 0 ? next(length) : length - 1 - next((length >>> 2) + 1)]!;
    return bytes.length <= large || next(16) === 0 ? bytes : this.#corpus[next(length)]!;
  }

  #isNew(bytes: Uint8Array): boolean {
    const before = this.#kinds.size;
    try {
      const thorough = this.#next(thoroughEvery) === 0;
      for (const kind of this.#target.run(bytes, thorough)) this.#kinds.add(kind);
      if (this.#kinds.size > before && !thorough)
        for (const kind of this.#target.run(bytes, true)) this.#kinds.add(kind);
    } catch (error) {
      this.#failure ??= { bytes: bytes.slice(), error };
    }
    return this.#kinds.size > before;
  }

  /** Runs what was sampled and some new inputs; keeps those that reach new blocks. */
  #countBlocks(coverage: BlockCoverage): void {
    coverage.start();
    for (const bytes of this.#corpus.slice(this.#counted)) this.#isNew(bytes);
    coverage.newBlocks();
    const sample = this.#sample;
    this.#sample = [];
    for (let from = 0; from < sample.length; from += batch) this.#keepNew(coverage, sample.slice(from, from + batch));
    for (let runs = 0; runs < countedRuns && this.#failure === undefined; runs += batch) {
      const inputs = Array.from({ length: batch }, () => this.#mutated().slice());
      this.#keepNew(coverage, inputs);
    }
    coverage.stop();
    this.#counted = this.#corpus.length;
    this.#countAt = this.#runs + plainRuns;
  }

  #keepNew(coverage: BlockCoverage, inputs: readonly Uint8Array[]): void {
    const rest = inputs.filter((bytes) => {
      const isNew = this.#isNew(bytes);
      if (isNew) this.#corpus.push(bytes);
      return !isNew;
    });
    const found = coverage.newBlocks();
    if (found.length === 0) return;
    for (const bytes of rest) {
      this.#isNew(bytes);
      if (coverage.ranOneOf(found)) this.#corpus.push(bytes);
    }
  }
}
