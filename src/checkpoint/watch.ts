/** One watched checkpoint: changes are captured, coalesced, and those who wait for theirs are told. */
import type { Failure } from "../base/errors.ts";
import { failureOf } from "../base/failure-of.ts";
import type { Outside } from "../base/outside.ts";

/** What a watch works with. */
export interface WatchParts {
  readonly outside: Pick<Outside, "clock" | "timers">;
  /** Milliseconds between the beginnings of two captures. */
  readonly interval: number;
  /** Captures what is live now. Throws when it can't. */
  readonly capture: () => Promise<void>;
  /** What a failed capture means: try again, wait for the next change, or stop watching. */
  readonly judge: (why: Failure) => "again" | "at next change" | "stop";
}

const firstBackoff = 100;
const longestBackoff = 5_000;

interface Waiter {
  readonly upTo: number;
  readonly patient: boolean;
  readonly resolve: () => void;
  readonly reject: (why: Failure) => void;
}

/** Captures at the first change at once, then at most once an `interval` (ms); failed captures are tried again, ever more slowly. */
export class Watch {
  readonly #parts: WatchParts;
  /** Changes seen, and how many of them the newest committed version covers. */
  #seen = 0;
  #covered = 0;
  /** Changes that can't be captured before there is another one. */
  #givenUp = 0;
  #failures = 0;
  #why: Failure | undefined;
  #startedAt = Number.NEGATIVE_INFINITY;
  #waiters: Waiter[] = [];
  #running: Promise<void> | undefined;
  #pause = new AbortController();
  #ended = false;

  constructor(parts: WatchParts) {
    this.#parts = parts;
  }

  changed(): void {
    this.#seen++;
    this.#run();
  }

  isPending(): boolean {
    return !this.#ended && this.#covered < this.#seen;
  }

  /** Why the last capture failed; undefined when it did not. */
  why(): Failure | undefined {
    return this.#why;
  }

  /**
   * Resolves when all changes so far are committed; rejects when a capture failed. Doesn't wait for the interval. Only the patient wait on
   * after `release`.
   */
  settled(patient = false): Promise<void> {
    if (this.#covered >= this.#seen) return Promise.resolve();
    if (this.#ended || this.#givenUp >= this.#seen)
      return this.#why === undefined ? Promise.resolve() : Promise.reject(this.#why);
    const settled = new Promise<void>((resolve, reject) => {
      this.#waiters.push({ upTo: this.#seen, patient, resolve, reject });
    });
    this.#pause.abort();
    this.#run();
    return settled;
  }

  /** The capture under way takes long: it goes on, and only the patient wait for it. */
  release(): void {
    this.#tell(
      (waiter) => !waiter.patient,
      (waiter) => waiter.resolve(),
    );
  }

  /**
   * No capture begins any more but `last`, when something is not covered; resolves when that has ended. Who then still waits is told
   * `otherwise`, or that all is well when there is none.
   */
  async end(how: { readonly last?: () => Promise<void>; readonly otherwise?: Failure } = {}): Promise<void> {
    const wasEnded = this.#ended;
    this.#ended = true;
    this.#pause.abort();
    await this.#running;
    if (!wasEnded && how.last !== undefined && this.#covered < this.#seen) await this.#captureOnce(how.last);
    const { otherwise } = how;
    if (this.#covered < this.#seen) this.#why ??= otherwise;
    this.#tell(
      () => true,
      (waiter) => (otherwise === undefined ? waiter.resolve() : waiter.reject(otherwise)),
    );
  }

  /** Why changes were not covered when it ended. */
  missed(): Failure | undefined {
    return this.#covered < this.#seen ? this.#why : undefined;
  }

  #run(): void {
    this.#running ??= this.#loop();
  }

  async #loop(): Promise<void> {
    // So that changes of one moment are one capture.
    await Promise.resolve();
    while (!this.#ended && this.#covered < this.#seen && this.#givenUp < this.#seen) {
      await this.#rest();
      if (!this.#ended) await this.#captureOnce(this.#parts.capture);
    }
    this.#running = undefined;
  }

  async #rest(): Promise<void> {
    if (this.#waiters.length > 0) return;
    const { clock, timers } = this.#parts.outside;
    const backoff = this.#failures === 0 ? 0 : Math.min(longestBackoff, firstBackoff * 2 ** (this.#failures - 1));
    const ms = Math.max(this.#parts.interval, backoff) - (clock.boot() - this.#startedAt);
    if (!(ms > 0)) return;
    this.#pause = new AbortController();
    await timers.sleep(ms, this.#pause.signal);
  }

  async #captureOnce(capture: () => Promise<void>): Promise<void> {
    const upTo = this.#seen;
    this.#startedAt = this.#parts.outside.clock.boot();
    try {
      await capture();
      this.#covered = upTo;
      this.#failures = 0;
      this.#why = undefined;
      this.#tell(
        (waiter) => waiter.upTo <= upTo,
        (waiter) => waiter.resolve(),
      );
    } catch (error) {
      const why = failureOf(error);
      this.#failures++;
      this.#why = why;
      const verdict = this.#parts.judge(why);
      if (verdict === "stop") this.#ended = true;
      if (verdict === "at next change") this.#givenUp = upTo;
      this.#tell(
        (waiter) => waiter.upTo <= upTo || this.#ended,
        (waiter) => waiter.reject(why),
      );
    }
  }

  #tell(which: (waiter: Waiter) => boolean, tell: (waiter: Waiter) => void): void {
    const told = this.#waiters.filter(which);
    this.#waiters = this.#waiters.filter((waiter) => !which(waiter));
    for (const waiter of told) tell(waiter);
  }
}
