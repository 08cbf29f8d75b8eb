/** Work that is done while nothing of this node runs: after one life and before the next. */
import { fail, type Failure } from "../base/errors.ts";

/** One piece of work at a time. */
export class BetweenLives {
  #next: { readonly work: () => Promise<void>; readonly refuse: () => void } | undefined;

  /** No new life is to begin before it is done. */
  isWanted(): boolean {
    return this.#next !== undefined;
  }

  /** Resolves or rejects as `work` does, when it has been run. */
  ask<T>(work: () => Promise<T>): Promise<T> {
    const result = Promise.withResolvers<T>();
    this.#next = {
      work: async () => {
        try {
          result.resolve(await work());
        } catch (error) {
          result.reject(error instanceof Error ? error : new Error(String(error)));
        }
      },
      refuse: () => result.reject(stopsFirst()),
    };
    return result.promise;
  }

  /** Does what was asked for, if anything. Never rejects. */
  async run(): Promise<void> {
    const next = this.#next;
    this.#next = undefined;
    await next?.work();
  }

  /** The service ends: nothing more is begun. */
  refuse(): void {
    this.#next?.refuse();
  }
}

function stopsFirst(): Failure {
  return fail("CLUSTER_NODE_NOT_READY", {
    happened: "The service of this node stops.",
    unchanged: "What was to be done between two lives was not begun.",
    next: "Start the service again, then try again.",
  });
}
