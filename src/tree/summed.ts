/** Sums over ordered collections. A chunk's is kept as long as the chunk: after a change, only what changed is added up again. */
import type { Chunk, Ordered } from "./ordered.ts";

/** How a sum is made; `join` of no sums is that of the empty collection. */
export interface Summing<T, S> {
  readonly ofItems: (items: readonly T[]) => S;
  readonly join: (sums: readonly S[]) => S;
}

/** The sum of a collection, of which only what was never met before is looked at. */
export function summed<T, S>({ ofItems, join }: Summing<T, S>): (tree: Ordered<T>) => S {
  const known = new WeakMap<Chunk<T>, S>();
  const sumOf = (chunk: Chunk<T>): S => {
    if (known.has(chunk)) return known.get(chunk) as S;
    const sum = chunk.level === 0 ? ofItems(chunk.items) : join(chunk.chunks.map(sumOf));
    known.set(chunk, sum);
    return sum;
  };
  return (tree) => (tree === undefined ? join([]) : sumOf(tree));
}

/** Which items of a collection are meant: `countIn` tells how many there are in and below a chunk without looking at them. */
export interface Meant<T> {
  readonly isMeant: (item: T) => boolean;
  readonly countIn: (chunk: Chunk<T>) => number;
}

/** The items that are meant, in order, without the first `from`. Chunks without any, and those passed over, are not looked into. */
export function* meantItems<T>(
  tree: Ordered<T>,
  { isMeant, countIn }: Meant<T>,
  from = 0,
): Generator<T, void, undefined> {
  let over = from;
  const waiting: Chunk<T>[] = tree === undefined ? [] : [tree];
  for (let chunk = waiting.pop(); chunk !== undefined; chunk = waiting.pop()) {
    const count = countIn(chunk);
    if (count <= over) {
      over -= count;
      continue;
    }
    for (let at = chunk.chunks.length - 1; at >= 0; at--) waiting.push(chunk.chunks[at] as Chunk<T>);
    for (const item of chunk.items) {
      if (!isMeant(item)) continue;
      if (over === 0) yield item;
      else over -= 1;
    }
  }
}
