/** Lets many pieces of work through together, or one alone. Shared work begins in call order. */
export class Gate {
  readonly #together = new Set<Promise<unknown>>();
  /** Never rejects. */
  #alone: Promise<void> | undefined;

  async share<T>(work: () => Promise<T>): Promise<T> {
    // Looking and beginning happen in one turn: an await between them would let somebody else begin.
    while (this.#alone !== undefined) await this.#alone;
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
    while (this.#alone !== undefined) await this.#alone;
    const running = Promise.allSettled(this.#together).then(() => work());
    const ended = running.then(
      () => this.#end(),
      () => this.#end(),
    );
    this.#alone = ended;
    await ended;
    return running;
  }

  #end(): void {
    this.#alone = undefined;
  }
}
