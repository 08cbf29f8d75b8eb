import { Session } from "node:inspector";

interface CoverageResult {
  readonly result: readonly {
    readonly url: string;
    readonly functions: readonly {
      readonly ranges: readonly { startOffset: number; endOffset: number; count: number }[];
    }[];
  }[];
}

/**
 * Which blocks of the sources under test have run, as V8 counts them between `start` and `stop`. One at a time in a process. While it
 * counts, code runs several times slower.
 */
export class BlockCoverage {
  readonly #session = new Session();
  readonly #seen = new Set<string>();
  readonly #folders: readonly string[];

  /** `folders` are parts of the URLs of the sources that count. */
  constructor(folders: readonly string[]) {
    this.#folders = folders;
    this.#session.connect();
    this.#session.post("Profiler.enable");
  }

  start(): void {
    this.#session.post("Profiler.startPreciseCoverage", { callCount: true, detailed: true });
  }

  stop(): void {
    this.#session.post("Profiler.stopPreciseCoverage");
  }

  /** The blocks that ran since the last call and never had before. */
  newBlocks(): string[] {
    const found = this.#blocks().filter((block) => !this.#seen.has(block));
    for (const block of found) this.#seen.add(block);
    return found;
  }

  /** Whether one of these blocks ran since the last call. */
  ranOneOf(blocks: readonly string[]): boolean {
    const ran = new Set(this.#blocks());
    return blocks.some((block) => ran.has(block));
  }

  #blocks(): string[] {
    const blocks: string[] = [];
    // The answer comes before `post` returns, because the session is in this thread.
    this.#session.post("Profiler.takePreciseCoverage", (error, answer: CoverageResult) => {
      if (error !== null) return;
      for (const { url, functions } of answer.result) {
        if (!this.#folders.some((folder) => url.includes(folder))) continue;
        for (const { ranges } of functions)
          for (const { startOffset, endOffset, count } of ranges)
            if (count > 0) blocks.push(`${url}:${startOffset}:${endOffset}`);
      }
    });
    return blocks;
  }

  get blocks(): number {
    return this.#seen.size;
  }

  close(): void {
    this.#session.disconnect();
  }
}
