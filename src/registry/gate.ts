/** Lets many pieces of work through together, or one alone. Shared work begins in call order. */
export class Gate {
  readonly #together = new Set<Promise<unknown>>();
  #alone: Promise<unknown> | undefined;

  async share<T>(work: () => Promise<T>): Promise<T> {
    await this.#whileAlone();
    const running = work();
    this.#together.add(running);
    try {
      return await running;
    } finally {
      this.#together.delete(running);
    }
  }

  /** Runs `work` when the shared work that began before has ended; shared work that comes meanwhile waits. */
  async exclude<T>(work: () => Promise<T>): Promise<T> {
    await this.#whileAlone();
    const running = Promise.allSettled(this.#together).then(() => work());
    this.#alone = running;
    try {
      return await running;
    } finally {
      this.#alone = undefined;
    }
  }

  async #whileAlone(): Promise<void> {
    while (this.#alone !== undefined) await this.#alone.catch(() => undefined);
  }
}
