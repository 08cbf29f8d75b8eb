/** Those who wait for the next thing to come; whoever waited long enough is forgotten, so that an idle leader gathers nobody. */
import type { Timers } from "../base/outside.ts";
import { noError } from "../base/no-error.ts";

/** Waits for something that others tell of by `wake`. */
export class Arrivals {
  readonly #waiting = new Set<() => void>();

  /** Resolves at the next `wake`, or after `ms` milliseconds. */
  async wait(timers: Timers, ms: number): Promise<void> {
    const stop = new AbortController();
    let wake = (): void => undefined;
    const woken = new Promise<void>((resolve) => {
      wake = resolve;
    });
    this.#waiting.add(wake);
    try {
      await Promise.race([woken, timers.sleep(ms, stop.signal)]);
    } finally {
      this.#waiting.delete(wake);
      stop.abort(noError);
    }
  }

  wake(): void {
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const resolve of waiting) resolve();
  }

  /** How many wait now. */
  size(): number {
    return this.#waiting.size;
  }
}
