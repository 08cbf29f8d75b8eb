/**
 * Permission to run (docs/safety.md §2.1, §2.4): pure bookkeeping of both sides. Times are boot-clock milliseconds.
 * The holder counts from when it *sent* the request, the granter answers only out of a quorum confirmation that *started*
 * after the request had arrived: so the holder's end is never later than confirmation start + L.
 */

/** The holder's side, in a host. */
export class HeldPermit {
  #endsAt = Number.NEGATIVE_INFINITY;

  /** An answer to the request sent at `sentAt` arrived: a permit of so many milliseconds. */
  granted(sentAt: number, length: number): void {
    this.#endsAt = Math.max(this.#endsAt, sentAt + length);
  }

  endsAt(): number {
    return this.#endsAt;
  }

  mayRun(now: number): boolean {
    return now < this.#endsAt;
  }

  /** Gives the permit back; nothing may run until the next grant. */
  drop(): void {
    this.#endsAt = Number.NEGATIVE_INFINITY;
  }
}

interface Holder {
  readonly incarnation: string;
  lastAnswered: number;
  lastAsked: number;
}

interface Waiting {
  readonly node: string;
  readonly incarnation: string;
  readonly arrivedAt: number;
  readonly answer: (granted: boolean) => void;
}

/** The granter's side, in the leader's host. One object for each epoch led. */
export class PermitGranter {
  readonly #holders = new Map<string, Holder>();
  #waiting: Waiting[] = [];

  /** The leader's service accepted this node's join: its host may have permits. */
  admit(node: string, incarnation: string, now: number): void {
    const known = this.#holders.get(node);
    if (known?.incarnation === incarnation) return;
    this.#holders.set(node, { incarnation, lastAnswered: now, lastAsked: now });
  }

  /**
   * No more answers for this node. Returns the time from which the takeover wait counts; undefined when it was never
   * admitted in this epoch.
   */
  expire(node: string, incarnation: string): number | undefined {
    const holder = this.#holders.get(node);
    if (holder === undefined || holder.incarnation !== incarnation) return undefined;
    this.#holders.delete(node);
    const dropped = this.#waiting.filter((waiting) => waiting.node === node && waiting.incarnation === incarnation);
    this.#waiting = this.#waiting.filter((waiting) => !dropped.includes(waiting));
    for (const waiting of dropped) waiting.answer(false);
    return holder.lastAnswered;
  }

  /** A host asks; `answer` is called once, true only after a confirmation that started later than this. */
  ask(node: string, incarnation: string, arrivedAt: number, answer: (granted: boolean) => void): void {
    const holder = this.#holders.get(node);
    if (holder === undefined || holder.incarnation !== incarnation) {
      answer(false);
      return;
    }
    holder.lastAsked = arrivedAt;
    this.#waiting.push({ node, incarnation, arrivedAt, answer });
  }

  hasWaiting(): boolean {
    return this.#waiting.length > 0;
  }

  /** The quorum confirmed this epoch in a confirmation that began at `startedAt`; `now` is after it. */
  confirmed(startedAt: number, now: number): void {
    const due = this.#waiting.filter((waiting) => waiting.arrivedAt <= startedAt);
    this.#waiting = this.#waiting.filter((waiting) => waiting.arrivedAt > startedAt);
    for (const waiting of due) {
      const holder = this.#holders.get(waiting.node);
      const valid = holder !== undefined && holder.incarnation === waiting.incarnation;
      if (valid) holder.lastAnswered = Math.max(holder.lastAnswered, now);
      waiting.answer(valid);
    }
  }

  /** The epoch is over: everybody who waits is refused. */
  close(): void {
    const all = this.#waiting;
    this.#waiting = [];
    this.#holders.clear();
    for (const waiting of all) waiting.answer(false);
  }

  /** This process itself stood still: nobody's silence counts from before `now`. */
  forgive(now: number): void {
    for (const holder of this.#holders.values()) holder.lastAsked = now;
  }

  /** Nodes that have not asked since `before`. */
  silentSince(before: number): { readonly node: string; readonly incarnation: string }[] {
    return [...this.#holders]
      .filter(([, holder]) => holder.lastAsked < before)
      .map(([node, holder]) => ({ node, incarnation: holder.incarnation }));
  }
}
