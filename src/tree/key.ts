/**
 * The registry key tree as an immutable value with structural sharing: holding a consistent copy costs a pointer. Read a key
 * through the functions here; change it by `applyEdits` (edit.ts).
 */
import { fail } from "../base/errors.ts";
import { buildOrdered, findOrdered, itemsOf, putOrdered, removeOrdered, type Order, type Ordered } from "./ordered.ts";
import { compareNames, splitPath } from "./path.ts";
import type { Value } from "./value.ts";
import { buildValues, countOf, listOf, lookUp, noValues, type Values } from "./values.ts";

/** Never changed, nor are its bytes. `children` and `values` are for the files of `tree` only. */
export interface Key {
  readonly name: string;
  /** FILETIME: 100 ns since 1601. */
  readonly lastWritten: bigint;
  readonly className: string | undefined;
  /** A self-relative SECURITY_DESCRIPTOR; undefined: whatever the writer of a hive gives. */
  readonly security: Uint8Array | undefined;
  /** A symbolic link; its target is the value `SymbolicLinkValue`. */
  readonly symlink: boolean;
  readonly children: Ordered<Key>;
  readonly values: Values;
}

/** What `buildKey` takes: children and values in any order. */
export interface KeyParts {
  readonly name: string;
  readonly lastWritten: bigint;
  readonly className?: string | undefined;
  readonly security?: Uint8Array | undefined;
  readonly symlink?: boolean | undefined;
  readonly values?: readonly Value[] | undefined;
  readonly children?: readonly Key[] | undefined;
}

/** Children are ordered by folded name, and no two have the same. */
export const childOrder: Order<string, Key> = { keyOf: (key) => key.name, compare: compareNames };

/** A key with nothing in it, last written at `time` (FILETIME). */
export function emptyKey(name: string, time: bigint): Key {
  return {
    name,
    lastWritten: time,
    className: undefined,
    security: undefined,
    symlink: false,
    children: undefined,
    values: noValues,
  };
}

/**
 * Makes a key at once, O(n) when the children come in order. Names are not checked beyond being different
 * (INVALID_PARAMETER): what a hive holds may be odd.
 */
export function buildKey(parts: KeyParts): Key {
  const { name, lastWritten, className, security, symlink = false, values = [], children = [] } = parts;
  return {
    name,
    lastWritten,
    className,
    security,
    symlink,
    children: orderedChildren(name, children),
    values: buildValues(values),
  };
}

function orderedChildren(name: string, children: readonly Key[]): Ordered<Key> {
  const inOrder = children.every(
    (child, at) => at === 0 || compareNames((children[at - 1] as Key).name, child.name) < 0,
  );
  if (inOrder) return buildOrdered(children);
  const sorted = children.slice().sort((a, b) => compareNames(a.name, b.name));
  for (let at = 1; at < sorted.length; at++) {
    const child = sorted[at] as Key;
    if (compareNames((sorted[at - 1] as Key).name, child.name) === 0) {
      throw fail("INVALID_PARAMETER", { happened: `The key "${name}" can't have two subkeys named "${child.name}".` });
    }
  }
  return buildOrdered(sorted);
}

/** In the order of folded names. */
export function childrenOf(key: Key): Iterable<Key> {
  return itemsOf(key.children);
}

/** In stored order. */
export function valuesOf(key: Key): Iterable<Value> {
  return listOf(key.values);
}

/** O(1). */
export function childCount(key: Key): number {
  return key.children?.size ?? 0;
}

/** O(1). */
export function valueCount(key: Key): number {
  return countOf(key.values);
}

/** By a name in any spelling. */
export function childOf(key: Key, name: string): Key | undefined {
  return findOrdered(key.children, childOrder, name);
}

/** By a name in any spelling; "" is the default value. */
export function valueOf(key: Key, name: string): Value | undefined {
  return lookUp(key.values, name);
}

/** The key at a path below `root`; "" is `root` itself. */
export function findKey(root: Key, path: string): Key | undefined {
  let key: Key | undefined = root;
  for (const name of splitPath(path)) {
    if (key === undefined) return undefined;
    key = childOf(key, name);
  }
  return key;
}

/** `findKey` for many looks into one tree: a path that was asked for before costs nothing. */
export function keyFinder(root: Key): (path: string) => Key | undefined {
  const found = new Map<string, Key | undefined>();
  return (path) => {
    const before = found.get(path);
    if (before !== undefined || found.has(path)) return before;
    const key = findKey(root, path);
    found.set(path, key);
    return key;
  };
}

/** undefined when the key or the value is absent. */
export function findValue(root: Key, path: string, name: string): Value | undefined {
  const key = findKey(root, path);
  return key === undefined ? undefined : valueOf(key, name);
}

/** With a child added or replaced. Times are the caller's business. */
export function withChild(key: Key, child: Key): Key {
  return { ...key, children: putOrdered(key.children, childOrder, child) };
}

/** Without that child; the same key when there is none. */
export function withoutChild(key: Key, name: string): Key {
  const children = removeOrdered(key.children, childOrder, name);
  return children === key.children ? key : { ...key, children };
}

const unixEpoch = 116_444_736_000_000_000n;

/** Wall time in milliseconds since 1970 as a FILETIME. */
export function fileTime(wallMs: number): bigint {
  return BigInt(Math.floor(wallMs)) * 10_000n + unixEpoch;
}

/** A FILETIME as wall time in milliseconds since 1970, rounded down. */
export function wallTime(time: bigint): number {
  return Number((time - unixEpoch - ((((time - unixEpoch) % 10_000n) + 10_000n) % 10_000n)) / 10_000n);
}
