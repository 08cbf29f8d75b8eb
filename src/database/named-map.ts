/**
 * Objects by id, in the order of their names, as a value that never changes: one with some of them changed costs what changed, and shares
 * the rest.
 */
import { buildOrdered, itemsOf, putOrdered, removeOrdered, type Order, type Ordered } from "../tree/ordered.ts";
import { foldName } from "../tree/path.ts";

/** An object with its place in the order. */
export interface Named<T> {
  readonly id: string;
  /** What it is sorted by; the id settles what is equal. */
  readonly sort: string;
  /** What it is found by; the first in the order counts. */
  readonly name: string;
  readonly object: T;
}

/** Changes kept beside the map they belong to; with more, a map is made anew. */
const patchesMax = 512;

function compareSorted(a: Named<unknown>, b: Named<unknown>): number {
  return compare(a.sort, b.sort) || compare(a.id, b.id);
}

function compareNamed(a: Named<unknown>, b: Named<unknown>): number {
  return compare(a.name, b.name) || compareSorted(a, b);
}

const bySort: Order<Named<unknown>, Named<unknown>> = { keyOf: (item) => item, compare: compareSorted };
const byName: Order<Named<unknown>, Named<unknown>> = { keyOf: (item) => item, compare: compareNamed };

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Objects by id without an order, as a value that never changes. */
export class PatchedMap<T> {
  readonly #base: ReadonlyMap<string, T>;
  readonly #patches: ReadonlyMap<string, T | undefined>;

  constructor(base: ReadonlyMap<string, T>, patches: ReadonlyMap<string, T | undefined> = new Map()) {
    this.#base = base;
    this.#patches = patches;
  }

  get(id: string): T | undefined {
    const patch = this.#patches.size === 0 ? undefined : this.#patches.get(id);
    return patch === undefined && !this.#patches.has(id) ? this.#base.get(id) : patch;
  }

  /** With these in the place of what had their ids; undefined: without it. */
  with(changes: ReadonlyMap<string, T | undefined>): PatchedMap<T> {
    if (changes.size === 0) return this;
    const patches = new Map([...this.#patches, ...changes]);
    if (patches.size <= patchesMax) return new PatchedMap(this.#base, patches);
    const base = new Map(this.#base);
    for (const [id, after] of patches) {
      if (after === undefined) base.delete(id);
      else base.set(id, after);
    }
    return new PatchedMap(base);
  }
}

/** See above. Iterates in the order of names. */
export class NamedMap<T> implements ReadonlyMap<string, T> {
  readonly #byId: PatchedMap<Named<T>>;
  readonly #sorted: Ordered<Named<T>>;
  /** In the order of `name`, once somebody asked for one. */
  #named: { readonly order: Ordered<Named<T>> } | undefined;

  private constructor(
    byId: PatchedMap<Named<T>>,
    sorted: Ordered<Named<T>>,
    named: Ordered<Named<T>>,
    isNamed: boolean,
  ) {
    this.#byId = byId;
    this.#sorted = sorted;
    this.#named = isNamed ? { order: named } : undefined;
  }

  /** Of two with one id the last counts. */
  static of<T>(objects: Iterable<Named<T>>): NamedMap<T> {
    const byId = new Map<string, Named<T>>();
    for (const one of objects) byId.set(one.id, one);
    return new NamedMap(new PatchedMap(byId), buildOrdered([...byId.values()].sort(compareSorted)), undefined, false);
  }

  /** With these in the place of what had their ids; undefined: without it. */
  with(changes: ReadonlyMap<string, Named<T> | undefined>): NamedMap<T> {
    if (changes.size === 0) return this;
    let [sorted, named] = [this.#sorted, this.#named?.order];
    for (const [id, after] of changes) {
      const before = this.#byId.get(id);
      if (before !== undefined && before.sort !== after?.sort)
        sorted = removeOrdered<Named<unknown>, Named<T>>(sorted, bySort, before);
      if (after !== undefined) sorted = putOrdered<Named<unknown>, Named<T>>(sorted, bySort, after);
      if (this.#named === undefined) continue;
      if (before !== undefined && (before.sort !== after?.sort || before.name !== after.name))
        named = removeOrdered<Named<unknown>, Named<T>>(named, byName, before);
      if (after !== undefined) named = putOrdered<Named<unknown>, Named<T>>(named, byName, after);
    }
    return new NamedMap(this.#byId.with(changes), sorted, named, this.#named !== undefined);
  }

  /** The first in the order with that name. */
  named(name: string): T | undefined {
    this.#named ??= { order: buildOrdered([...itemsOf(this.#sorted)].sort(compareNamed)) };
    const found = firstFrom(this.#named.order, { id: "", sort: "", name, object: undefined });
    return found?.name === name ? found.object : undefined;
  }

  /** All of them in the order of names; collections that share much share its chunks. */
  get sorted(): Ordered<Named<T>> {
    return this.#sorted;
  }

  get size(): number {
    return this.#sorted?.size ?? 0;
  }

  get(id: string): T | undefined {
    return this.#byId.get(id)?.object;
  }

  has(id: string): boolean {
    return this.#byId.get(id) !== undefined;
  }

  *entries(): MapIterator<[string, T]> {
    for (const { id, object } of itemsOf(this.#sorted)) yield [id, object];
  }

  *keys(): MapIterator<string> {
    for (const { id } of itemsOf(this.#sorted)) yield id;
  }

  *values(): MapIterator<T> {
    for (const { object } of itemsOf(this.#sorted)) yield object;
  }

  [Symbol.iterator](): MapIterator<[string, T]> {
    return this.entries();
  }

  forEach(work: (object: T, id: string, all: ReadonlyMap<string, T>) => void): void {
    for (const [id, object] of this) work(object, id, this);
  }
}

/** The objects of a map in its order, as chunks; those of a `NamedMap` are its own. */
export function sortedOf<T extends { readonly id: string; readonly name: string }>(
  all: ReadonlyMap<string, T>,
): Ordered<Named<T>> {
  if (all instanceof NamedMap) return (all as NamedMap<T>).sorted;
  const named = [...all.values()].map((object) => ({
    id: object.id,
    sort: object.name.toLowerCase(),
    name: foldName(object.name),
    object,
  }));
  return buildOrdered(named);
}

/** The first item that is not before `key`. */
function firstFrom<T>(tree: Ordered<Named<T>>, key: Named<unknown>): Named<T> | undefined {
  if (tree === undefined) return undefined;
  if (tree.level === 0) return tree.items.find((item) => compareNamed(item, key) >= 0);
  // The last chunk that begins before the key may still hold it; else it is the first of the next one.
  const next = tree.chunks.findIndex(({ first }) => compareNamed(first, key) >= 0);
  const last = next === -1 ? tree.chunks.length - 1 : next - 1;
  return firstFrom(tree.chunks[last], key) ?? tree.chunks[last + 1]?.first;
}
