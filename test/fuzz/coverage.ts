import { Session } from "node:inspector";

interface CoverageResult {
  readonly result: readonly {
    readonly url: string;
    readonly functions: readonly {
      readonly ranges: readonly { startOffset: number; endOffset: number; count: number }[];
    }[];
  }[];
}

/** Which blocks of the sources under test have run, as V8 counts them. One at a time in a process. */
export class BlockCoverage {
  readonly #session = new Session();
  readonly #seen = new Set<string>();
  readonly #folders: readonly string[];

  /** `folders` are parts of the URLs of the sources that count. */
  constructor(folders: readonly string[]) {
    this.#folders = folders;
    this.#session.connect();
    this.#session.post("Profiler.enable");
    this.#session.post("Profiler.startPreciseCoverage", { callCount: true, detailed: true });
  }

  /** How many blocks ran since the last call that never had before. */
  newBlocks(): number {
    const before = this.#seen.size;
    // The answer comes before `post` returns, because the session is in this thread.
    this.#session.post("Profiler.takePreciseCoverage", (error, answer) => {
      if (error === null) this.#take(answer);
    });
    return this.#seen.size - before;
  }

  #take({ result }: CoverageResult): void {
    for (const { url, functions } of result) {
      if (!this.#folders.some((folder) => url.includes(folder))) continue;
      for (const { ranges } of functions)
        for (const { startOffset, endOffset, count } of ranges)
          if (count > 0) this.#seen.add(`${url}:${startOffset}:${endOffset}`);
    }
  }

  get blocks(): number {
    return this.#seen.size;
  }

  stop(): void {
    this.#session.disconnect();
  }
}
