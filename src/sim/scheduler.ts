/** Virtual time: a queue of events, run one at a time in order of time, ties in the order they were asked for. */
/** An event that is still to come. */
export interface Scheduled {
  cancel(): void;
}

interface Event {
  readonly at: number;
  readonly serial: number;
  run: (() => void) | undefined;
}

/** Virtual time and what is to happen in it. */
export class Scheduler {
  /** Virtual milliseconds since the world began. */
  now = 0;
  /** Events run so far. */
  count = 0;
  readonly #heap: Event[] = [];
  #serial = 0;

  /** Runs `run` after `ms`; negative counts as 0. */
  after(ms: number, run: () => void): Scheduled {
    const event: Event = { at: this.now + Math.max(0, ms), serial: this.#serial++, run };
    this.#push(event);
    return {
      cancel: () => {
        event.run = undefined;
      },
    };
  }

  /** The time of the next event; undefined when there is none. */
  next(): number | undefined {
    while (this.#heap[0] !== undefined && this.#heap[0].run === undefined) this.#pop();
    return this.#heap[0]?.at;
  }

  /**
   * Runs the next event; what follows from it at that instant are promise reactions, which must have run before the event after it.
   * There must be one.
   */
  step(): void {
    const event = this.#pop();
    this.now = event.at;
    this.count++;
    event.run?.();
  }

  #push(event: Event): void {
    const heap = this.#heap;
    let i = heap.length;
    heap.push(event);
    while (i > 0) {
      const up = (i - 1) >> 1;
      const above = heap[up] as Event;
      if (isBefore(above, event)) break;
      heap[i] = above;
      i = up;
    }
    heap[i] = event;
  }

  #pop(): Event {
    const heap = this.#heap;
    const first = heap[0] as Event;
    const last = heap.pop() as Event;
    if (heap.length === 0) return first;
    let i = 0;
    for (;;) {
      let child = 2 * i + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && isBefore(heap[child + 1] as Event, heap[child] as Event)) child++;
      if (isBefore(last, heap[child] as Event)) break;
      heap[i] = heap[child] as Event;
      i = child;
    }
    heap[i] = last;
    return first;
  }
}

function isBefore(a: Event, b: Event): boolean {
  return a.at < b.at || (a.at === b.at && a.serial < b.serial);
}
