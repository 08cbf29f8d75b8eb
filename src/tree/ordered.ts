/**
 * A persistent ordered collection: a B+ tree of small immutable chunks. A change copies the chunks on one path, O(log n), and
 * shares all others; comparing two collections skips what they share (DESIGN.md).
 */

/** Entries of a full chunk. */
const most = 32;
/** A chunk that a removal leaves with fewer entries is joined with its neighbour. */
const fewest = 16;

/** A leaf (level 0) holds items, a chunk of a higher level holds chunks of the level below; never empty. */
export interface Chunk<T> {
  readonly level: number;
  /** Items in and below. */
  readonly size: number;
  /** The least item in and below. */
  readonly first: T;
  readonly items: readonly T[];
  readonly chunks: readonly Chunk<T>[];
}

/** undefined is the empty collection. */
export type Ordered<T> = Chunk<T> | undefined;

/** How items are told apart and ordered: items whose keys compare as 0 are the same entry. */
export interface Order<K, T> {
  keyOf(item: T): K;
  compare(a: K, b: K): number;
}

const none: readonly never[] = [];

function leaf<T>(items: readonly T[]): Chunk<T> {
  return { level: 0, size: items.length, first: items[0] as T, items, chunks: none };
}

function branch<T>(chunks: readonly Chunk<T>[]): Chunk<T> {
  const first = chunks[0] as Chunk<T>;
  let size = 0;
  for (const chunk of chunks) size += chunk.size;
  return { level: first.level + 1, size, first: first.first, items: none, chunks };
}

/** The collection of items that are in order already; O(n). */
export function buildOrdered<T>(sorted: readonly T[]): Ordered<T> {
  if (sorted.length === 0) return undefined;
  if (sorted.length <= most) return leaf(sorted.slice());
  let row: Chunk<T>[] = slices(sorted).map(leaf);
  while (row.length > 1) row = slices(row).map(branch);
  return row[0];
}

function slices<E>(entries: readonly E[]): E[][] {
  const count = Math.ceil(entries.length / most);
  const parts: E[][] = [];
  for (let part = 0; part < count; part++) {
    parts.push(
      entries.slice(Math.floor((part * entries.length) / count), Math.floor(((part + 1) * entries.length) / count)),
    );
  }
  return parts;
}

/** The item of that key. */
export function findOrdered<K, T>(tree: Ordered<T>, order: Order<K, T>, key: K): T | undefined {
  let chunk = tree;
  while (chunk !== undefined && chunk.level > 0) chunk = chunk.chunks[chunkFor(chunk, order, key)];
  if (chunk === undefined) return undefined;
  const at = placeOf(chunk.items, order, key);
  const item = chunk.items[at];
  return at < chunk.items.length && order.compare(order.keyOf(item as T), key) === 0 ? item : undefined;
}

/** With the item in the place of the one with the same key, or added. */
export function putOrdered<K, T>(tree: Ordered<T>, order: Order<K, T>, item: T): Chunk<T> {
  if (tree === undefined) return leaf([item]);
  const parts = putInto(tree, order, item, order.keyOf(item));
  return parts.length === 1 ? (parts[0] as Chunk<T>) : branch(parts);
}

function putInto<K, T>(chunk: Chunk<T>, order: Order<K, T>, item: T, key: K): Chunk<T>[] {
  if (chunk.level === 0) {
    const at = placeOf(chunk.items, order, key);
    const there = at < chunk.items.length && order.compare(order.keyOf(chunk.items[at] as T), key) === 0;
    return split(replaced(chunk.items, at, there ? 1 : 0, [item]), at).map(leaf);
  }
  const at = chunkFor(chunk, order, key);
  const parts = putInto(chunk.chunks[at] as Chunk<T>, order, item, key);
  return split(replaced(chunk.chunks, at, 1, parts), at + parts.length - 1).map(branch);
}

/** Two halves when there is one entry too many; after an entry at the end, the left one stays full (items often come in order). */
function split<E>(entries: readonly E[], changed: number): (readonly E[])[] {
  if (entries.length <= most) return [entries];
  const at = changed === entries.length - 1 ? entries.length - 1 : entries.length >> 1;
  return [entries.slice(0, at), entries.slice(at)];
}

/** Without the item of that key; the same collection when there is none. */
export function removeOrdered<K, T>(tree: Ordered<T>, order: Order<K, T>, key: K): Ordered<T> {
  if (tree === undefined || findOrdered(tree, order, key) === undefined) return tree;
  let root = removeFrom(tree, order, key);
  while (root !== undefined && root.level > 0 && root.chunks.length === 1) root = root.chunks[0];
  return root;
}

function removeFrom<K, T>(chunk: Chunk<T>, order: Order<K, T>, key: K): Ordered<T> {
  if (chunk.level === 0) {
    if (chunk.items.length === 1) return undefined;
    return leaf(replaced(chunk.items, placeOf(chunk.items, order, key), 1, none));
  }
  const at = chunkFor(chunk, order, key);
  const rest = removeFrom(chunk.chunks[at] as Chunk<T>, order, key);
  if (rest === undefined) return chunk.chunks.length === 1 ? undefined : branch(replaced(chunk.chunks, at, 1, none));
  if (entriesOf(rest) >= fewest || chunk.chunks.length === 1) return branch(replaced(chunk.chunks, at, 1, [rest]));
  const left = at > 0 ? at - 1 : at;
  const neighbour = chunk.chunks[at > 0 ? at - 1 : at + 1] as Chunk<T>;
  return branch(replaced(chunk.chunks, left, 2, at > 0 ? joined(neighbour, rest) : joined(rest, neighbour)));
}

function entriesOf<T>(chunk: Chunk<T>): number {
  return chunk.level === 0 ? chunk.items.length : chunk.chunks.length;
}

function joined<T>(a: Chunk<T>, b: Chunk<T>): Chunk<T>[] {
  if (a.level === 0) return split([...a.items, ...b.items], 0).map(leaf);
  return split([...a.chunks, ...b.chunks], 0).map(branch);
}

function replaced<E>(entries: readonly E[], at: number, removed: number, added: readonly E[]): E[] {
  const copy = entries.slice();
  copy.splice(at, removed, ...added);
  return copy;
}

/** The first place whose key is not less. */
function placeOf<K, T>(items: readonly T[], order: Order<K, T>, key: K): number {
  let low = 0;
  let high = items.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (order.compare(order.keyOf(items[middle] as T), key) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The chunk that holds the key if any does: the last whose first item is not greater. */
function chunkFor<K, T>(chunk: Chunk<T>, order: Order<K, T>, key: K): number {
  let low = 0;
  let high = chunk.chunks.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (order.compare(order.keyOf((chunk.chunks[middle] as Chunk<T>).first), key) <= 0) low = middle;
    else high = middle - 1;
  }
  return low;
}

/** The items in order. */
export function* itemsOf<T>(tree: Ordered<T>): Generator<T, void, undefined> {
  if (tree === undefined) return;
  const waiting: Chunk<T>[] = [tree];
  for (let chunk = waiting.pop(); chunk !== undefined; chunk = waiting.pop()) {
    if (chunk.level === 0) yield* chunk.items;
    else for (let at = chunk.chunks.length - 1; at >= 0; at--) waiting.push(chunk.chunks[at] as Chunk<T>);
  }
}
