/** Two ordered collections side by side, without looking into chunks that they share. */
import type { Chunk, Order, Ordered } from "./ordered.ts";

/** What stands at one key: on the left, on the right, or on both sides and not identical. */
export interface Pair<T> {
  readonly before: T | undefined;
  readonly after: T | undefined;
}

/** A place in a collection: what comes next is a whole chunk that nobody has looked into, or one item. */
class Cursor<T> {
  readonly #waiting: { readonly chunk: Chunk<T>; at: number }[] = [];
  chunk: Chunk<T> | undefined;
  item: T | undefined;

  constructor(tree: Ordered<T>) {
    this.chunk = tree;
  }

  get done(): boolean {
    return this.chunk === undefined && this.item === undefined;
  }

  /** The least item not passed yet; only while not done. */
  get first(): T {
    return this.chunk === undefined ? (this.item as T) : this.chunk.first;
  }

  enter(): void {
    if (this.chunk === undefined) return;
    this.#waiting.push({ chunk: this.chunk, at: -1 });
    this.pass();
  }

  /** Goes past the chunk or item that comes next. */
  pass(): void {
    this.chunk = undefined;
    this.item = undefined;
    for (let top = this.#waiting.at(-1); top !== undefined; top = this.#waiting.at(-1)) {
      top.at++;
      this.chunk = top.chunk.chunks[top.at];
      this.item = top.chunk.items[top.at];
      if (!this.done) return;
      this.#waiting.pop();
    }
  }
}

/** The keys at which two collections differ by identity, in order. Costs about what differs, times the depth. */
export function* pairsThatDiffer<K, T>(
  a: Ordered<T>,
  b: Ordered<T>,
  order: Order<K, T>,
): Generator<Pair<T>, void, undefined> {
  const left = new Cursor(a);
  const right = new Cursor(b);
  while (!left.done || !right.done) {
    if (left.chunk !== undefined && left.chunk === right.chunk) {
      left.pass();
      right.pass();
      continue;
    }
    const side = right.done ? -1 : left.done ? 1 : order.compare(order.keyOf(left.first), order.keyOf(right.first));
    if (side < 0 && left.chunk === undefined) {
      yield { before: left.item, after: undefined };
      left.pass();
    } else if (side > 0 && right.chunk === undefined) {
      yield { before: undefined, after: right.item };
      right.pass();
    } else if (left.chunk === undefined && right.chunk === undefined) {
      if (left.item !== right.item) yield { before: left.item, after: right.item };
      left.pass();
      right.pass();
    } else {
      enterOne(left, right, side);
    }
  }
}

/**
 * Looks into the side that is behind; when both begin with the same key, into the higher chunk, so that shared ones below come to
 * face each other.
 */
function enterOne<T>(left: Cursor<T>, right: Cursor<T>, side: number): void {
  if (side < 0) left.enter();
  else if (side > 0) right.enter();
  else if ((left.chunk?.level ?? -1) >= (right.chunk?.level ?? -1)) left.enter();
  else right.enter();
}
