/** The differences between two trees as a tree that people can read: only keys on the way to a difference, whole subtrees unfolded. */
import { diff, type Difference } from "./diff.ts";
import { childrenOf, type Key, valuesOf } from "./key.ts";
import { splitPath } from "./path.ts";
import type { Value } from "./value.ts";

/** A value that is in one tree only, or in both with other bytes or another type. */
export interface ValueChange {
  readonly name: string;
  readonly before?: Value;
  readonly after?: Value;
}

/** A key that differs, or that a difference lies below. */
export interface DiffNode {
  readonly name: string;
  /** `inside`: only values of it or keys below it differ. */
  readonly change: "inside" | "added" | "removed";
  /** What else of the key differs. */
  readonly what: readonly ("class" | "security" | "symlink")[];
  readonly values: readonly ValueChange[];
  readonly children: readonly DiffNode[];
}

/** How many of each; subtrees count with all that is in them. */
export interface DiffCounts {
  readonly keysAdded: number;
  readonly keysRemoved: number;
  /** Class, security or symlink flag. */
  readonly keysChanged: number;
  readonly valuesAdded: number;
  readonly valuesRemoved: number;
  readonly valuesChanged: number;
}

/** `root` is undefined when nothing differs; `more` keys and values were counted but left out. */
export interface DiffTree {
  readonly root: DiffNode | undefined;
  readonly counts: DiffCounts;
  readonly more: number;
}

/** Options of a comparison. */
export interface DiffTreeOptions {
  /** The most keys and values that are told; all unless given. */
  readonly most?: number;
  /** false: class names, security and symlink flags don't count, for sources that can't carry them. true unless given. */
  readonly attributes?: boolean;
}

interface Node {
  readonly name: string;
  change: DiffNode["change"];
  readonly what: DiffNode["what"][number][];
  readonly values: ValueChange[];
  readonly children: Node[];
}

type Counts = { -readonly [Name in keyof DiffCounts]: number };

/** What `b` has otherwise than `a`. Costs what differs. */
export function diffTree(a: Key, b: Key, options: DiffTreeOptions = {}): DiffTree {
  return treeOfDifferences(diff(a, b), b.name, options);
}

/** Differences, in the order of `diff`, as a tree whose root has that name. */
export function treeOfDifferences(
  differences: Iterable<Difference>,
  name: string,
  { most = Number.POSITIVE_INFINITY, attributes = true }: DiffTreeOptions = {},
): DiffTree {
  const counts: Counts = {
    keysAdded: 0,
    keysRemoved: 0,
    keysChanged: 0,
    valuesAdded: 0,
    valuesRemoved: 0,
    valuesChanged: 0,
  };
  const root = inside(name);
  let told = 0;
  let more = 0;
  const room = (): boolean => {
    if (told < most) {
      told++;
      return true;
    }
    more++;
    return false;
  };
  for (const difference of differences) {
    if (difference.kind === "key-changed" && !attributes) continue;
    count(difference, counts);
    if ("key" in difference) {
      whole(root, difference, counts, room);
    } else if (room()) {
      const node = nodeAt(root, splitPath(difference.path));
      if ("what" in difference) node.what.push(difference.what);
      else node.values.push(valueChange(difference));
    }
  }
  return { root: Object.values(counts).some((one) => one > 0) ? root : undefined, counts, more };
}

function inside(name: string): Node {
  return { name, change: "inside", what: [], values: [], children: [] };
}

/** Differences come in the order of keys, so a node that is there already is the last child. */
function nodeAt(root: Node, names: readonly string[]): Node {
  let node = root;
  for (const name of names) {
    const last = node.children.at(-1);
    if (last?.name === name && last.change === "inside") {
      node = last;
    } else {
      const next = inside(name);
      node.children.push(next);
      node = next;
    }
  }
  return node;
}

function count({ kind }: Difference, counts: Counts): void {
  if (kind === "key-changed") counts.keysChanged++;
  else if (kind === "value-added") counts.valuesAdded++;
  else if (kind === "value-removed") counts.valuesRemoved++;
  else if (kind === "value-changed") counts.valuesChanged++;
}

function valueChange(difference: Extract<Difference, { readonly name: string }>): ValueChange {
  const { name, before, after } = difference;
  return { name, ...(before === undefined ? {} : { before }), ...(after === undefined ? {} : { after }) };
}

/** A subtree that only one side has, unfolded without recursion: hives may be deep. */
function whole(
  root: Node,
  difference: Extract<Difference, { readonly key: Key }>,
  counts: Counts,
  room: () => boolean,
): void {
  const added = difference.kind === "key-added";
  const waiting: { readonly key: Key; readonly into: Node | undefined }[] = [
    { key: difference.key, into: nodeAt(root, splitPath(difference.path).slice(0, -1)) },
  ];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const { key, into } = next;
    counts[added ? "keysAdded" : "keysRemoved"]++;
    let node: Node | undefined;
    if (room() && into !== undefined) {
      node = { ...inside(key.name), change: added ? "added" : "removed" };
      into.children.push(node);
    }
    for (const value of valuesOf(key)) {
      counts[added ? "valuesAdded" : "valuesRemoved"]++;
      if (room()) node?.values.push({ name: value.name, ...(added ? { after: value } : { before: value }) });
    }
    const children = [...childrenOf(key)].map((child) => ({ key: child, into: node }));
    waiting.push(...children.reverse());
  }
}
