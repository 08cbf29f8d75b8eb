/** Subkey lists that are changed in place: entries move inside a leaf; a leaf that is full becomes two. */
import { compareNames } from "../tree/path.ts";
import { upcase } from "../tree/upcase-table.ts";
import type { HiveMemory } from "./edit-memory.ts";
import { HiveError } from "./hive-error.ts";
import { keyFlag, nk, none, signature } from "./layout.ts";
import { limits } from "./limits.ts";
import { decodeName, nameHash, nameHint } from "./names.ts";

/** The name of the key whose data are at `key`. */
export function storedName(memory: HiveMemory, key: number): string {
  if (memory.u16(key) !== signature.key) throw new HiveError(key, "a key does not begin with nk");
  const length = memory.u16(key + nk.nameLength);
  if (nk.name + length > memory.lengthOf(key))
    throw new HiveError(key + nk.nameLength, `a key name of ${length} bytes is longer than its cell`);
  const latin1 = (memory.u16(key + nk.flags) & keyFlag.latin1Name) !== 0;
  return decodeName(memory.bytes, key + nk.name, length, latin1);
}

/** The order of the name of the key at `key` to a name, without decoding it. */
function compareStored(memory: HiveMemory, key: number, name: string): number {
  const bytes = memory.u16(key + nk.nameLength);
  if (memory.u16(key) !== signature.key || nk.name + bytes > memory.lengthOf(key))
    throw new HiveError(key, "a key is damaged");
  const latin1 = (memory.u16(key + nk.flags) & keyFlag.latin1Name) !== 0;
  const units = latin1 ? bytes : bytes >> 1;
  for (let i = 0; i < units && i < name.length; i++) {
    const left = latin1 ? memory.bytes[key + nk.name + i]! : memory.u16(key + nk.name + i * 2);
    const difference = upcase(left) - upcase(name.charCodeAt(i));
    if (difference !== 0) return difference;
  }
  return units - name.length;
}

/** Where an entry is or would be: its leaf, its place there, and the place of the leaf in the index root, if there is one. */
interface Place {
  readonly leaf: number;
  readonly at: number;
  readonly root: number | undefined;
  readonly leafAt: number;
  /** The key that the entry leads to, when it has the name. */
  readonly key: number | undefined;
}

/** The subkey with a name in any spelling. */
export function findChild(memory: HiveMemory, key: number, name: string): number | undefined {
  return memory.u32(key + nk.subkeys) === 0 ? undefined : placeOf(memory, key, name).key;
}

/** All subkeys in the order of the list. */
export function childrenOfKey(memory: HiveMemory, key: number): number[] {
  if (memory.u32(key + nk.subkeys) === 0) return [];
  const children: number[] = [];
  for (const leaf of leavesOf(memory, memory.follow(key + nk.list, 4))) {
    const step = stepOf(memory, leaf);
    for (let i = 0; i < memory.u16(leaf + 2); i++) children.push(memory.follow(leaf + 4 + i * step, nk.name));
  }
  return children;
}

/** The cells of the list itself. */
export function listCells(memory: HiveMemory, key: number): number[] {
  if (memory.u32(key + nk.list) === none) return [];
  const list = memory.follow(key + nk.list, 4);
  const leaves = leavesOf(memory, list);
  return memory.u16(list) === signature.indexRoot ? [...leaves, list] : leaves;
}

function leavesOf(memory: HiveMemory, list: number): number[] {
  if (memory.u16(list) !== signature.indexRoot) return [list];
  return Array.from({ length: memory.u16(list + 2) }, (_, i) => memory.follow(list + 4 + i * 4, 4));
}

function stepOf(memory: HiveMemory, leaf: number): number {
  const kind = memory.u16(leaf);
  if (kind !== signature.bareLeaf && kind !== signature.hintLeaf && kind !== signature.hashLeaf)
    throw new HiveError(leaf, "a subkey list has none of the known signatures");
  const step = kind === signature.bareLeaf ? 4 : 8;
  if (4 + memory.u16(leaf + 2) * step > memory.lengthOf(leaf))
    throw new HiveError(leaf + 2, "a subkey list is longer than its cell");
  return step;
}

function placeOf(memory: HiveMemory, key: number, name: string): Place {
  const list = memory.follow(key + nk.list, 4);
  if (memory.u16(list) !== signature.indexRoot)
    return { ...placeInLeaf(memory, list, name), root: undefined, leafAt: 0 };
  let low = 0;
  let high = memory.u16(list + 2) - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    const first = memory.follow(memory.follow(list + 4 + middle * 4, 8) + 4, nk.name);
    if (compareNames(storedName(memory, first), name) <= 0) low = middle;
    else high = middle - 1;
  }
  return { ...placeInLeaf(memory, memory.follow(list + 4 + low * 4, 4), name), root: list, leafAt: low };
}

function placeInLeaf(
  memory: HiveMemory,
  leaf: number,
  name: string,
): { leaf: number; at: number; key: number | undefined } {
  const step = stepOf(memory, leaf);
  let low = 0;
  let high = memory.u16(leaf + 2);
  while (low < high) {
    const middle = (low + high) >> 1;
    const key = memory.follow(leaf + 4 + middle * step, nk.name);
    const order = compareStored(memory, key, name);
    if (order === 0) return { leaf, at: middle, key };
    if (order < 0) low = middle + 1;
    else high = middle;
  }
  return { leaf, at: low, key: undefined };
}

/** Adds a subkey; the key has none of that name. */
export function insertChild(memory: HiveMemory, key: number, child: number, name: string): void {
  const count = memory.u32(key + nk.subkeys);
  memory.setU32(key + nk.subkeys, count + 1);
  if (memory.u16(key + nk.maxSubkeyName) < name.length * 2) memory.setU16(key + nk.maxSubkeyName, name.length * 2);
  if (count === 0) {
    for (const cell of listCells(memory, key)) memory.free(cell);
    const leaf = newLeaf(memory, memory.minor >= 5 ? signature.hashLeaf : signature.hintLeaf, 1);
    memory.setU32(key + nk.list, memory.offsetOf(leaf));
    putEntry(memory, leaf, 0, child, name);
    return;
  }
  let place = placeOf(memory, key, name);
  if (memory.u16(place.leaf + 2) >= limits.leafEntries) {
    splitLeaf(memory, key, place);
    place = placeOf(memory, key, name);
  }
  const leaf = roomIn(memory, key, place);
  const step = stepOf(memory, leaf);
  const from = leaf + 4 + place.at * step;
  memory.move(from + step, from, (memory.u16(leaf + 2) - place.at) * step);
  putEntry(memory, leaf, place.at, child, name);
}

/** Takes a subkey out of the list; its own cells stay. */
export function removeChild(memory: HiveMemory, key: number, name: string): void {
  const { leaf, at, root, leafAt } = placeOf(memory, key, name);
  const step = stepOf(memory, leaf);
  const left = memory.u16(leaf + 2) - 1;
  memory.setU32(key + nk.subkeys, memory.u32(key + nk.subkeys) - 1);
  if (left > 0) {
    memory.move(leaf + 4 + at * step, leaf + 4 + (at + 1) * step, (left - at) * step);
    memory.setU16(leaf + 2, left);
    return;
  }
  memory.free(leaf);
  const leaves = root === undefined ? 0 : memory.u16(root + 2) - 1;
  if (root !== undefined && leaves > 0) {
    memory.move(root + 4 + leafAt * 4, root + 8 + leafAt * 4, (leaves - leafAt) * 4);
    memory.setU16(root + 2, leaves);
    return;
  }
  if (root !== undefined) memory.free(root);
  memory.setU32(key + nk.list, none);
}

function newLeaf(memory: HiveMemory, kind: number, entries: number): number {
  const leaf = memory.allocate(4 + entries * (kind === signature.bareLeaf ? 4 : 8));
  memory.setU16(leaf, kind);
  return leaf;
}

/** Writes an entry and counts it. */
function putEntry(memory: HiveMemory, leaf: number, at: number, child: number, name: string): void {
  const kind = memory.u16(leaf);
  const field = leaf + 4 + at * (kind === signature.bareLeaf ? 4 : 8);
  memory.setU32(field, memory.offsetOf(child));
  if (kind === signature.hashLeaf) memory.setU32(field + 4, nameHash(name));
  else if (kind === signature.hintLeaf) memory.setU32(field + 4, nameHint(name));
  memory.setU16(leaf + 2, memory.u16(leaf + 2) + 1);
}

/** The leaf with room for one more entry: itself, or a larger copy in its place. */
function roomIn(memory: HiveMemory, key: number, { leaf, root, leafAt }: Place): number {
  const step = stepOf(memory, leaf);
  const count = memory.u16(leaf + 2);
  if (4 + (count + 1) * step <= memory.lengthOf(leaf)) return leaf;
  const larger = newLeaf(memory, memory.u16(leaf), Math.min(limits.leafEntries, count + Math.max(2, count >> 1)));
  memory.setBytes(larger, memory.bytes.slice(leaf, leaf + 4 + count * step));
  memory.free(leaf);
  memory.setU32(root === undefined ? key + nk.list : root + 4 + leafAt * 4, memory.offsetOf(larger));
  return larger;
}

/** Two leaves with half of the entries each in the place of one; 1.3 has bare leaves below an index root. */
function splitLeaf(memory: HiveMemory, key: number, { leaf, root, leafAt }: Place): void {
  const kind = memory.minor >= 5 ? signature.hashLeaf : signature.bareLeaf;
  const step = stepOf(memory, leaf);
  const count = memory.u16(leaf + 2);
  const half = count >> 1;
  const copy = (from: number, to: number): number => {
    const part = newLeaf(memory, kind, limits.leafEntries);
    for (let i = from; i < to; i++) {
      const child = memory.follow(leaf + 4 + i * step, nk.name);
      putEntry(memory, part, i - from, child, storedName(memory, child));
    }
    return part;
  };
  const [left, right] = [copy(0, half), copy(half, count)];
  memory.free(leaf);
  const index = root === undefined ? newRoot(memory, key, left) : roomInRoot(memory, key, root);
  const leaves = memory.u16(index + 2);
  const field = index + 4 + leafAt * 4;
  memory.move(field + 4, field, (leaves - leafAt) * 4);
  memory.setU32(field, memory.offsetOf(left));
  memory.setU32(field + 4, memory.offsetOf(right));
  memory.setU16(index + 2, leaves + 1);
}

function newRoot(memory: HiveMemory, key: number, leaf: number): number {
  const root = memory.allocate(4 + 8 * 4);
  memory.setU16(root, signature.indexRoot);
  memory.setU16(root + 2, 1);
  memory.setU32(root + 4, memory.offsetOf(leaf));
  memory.setU32(key + nk.list, memory.offsetOf(root));
  return root;
}

function roomInRoot(memory: HiveMemory, key: number, root: number): number {
  const leaves = memory.u16(root + 2);
  if (4 + (leaves + 1) * 4 <= memory.lengthOf(root)) return root;
  const larger = memory.allocate(4 + Math.min(limits.leaves, leaves * 2) * 4);
  memory.setBytes(larger, memory.bytes.slice(root, root + 4 + leaves * 4));
  memory.free(root);
  memory.setU32(key + nk.list, memory.offsetOf(larger));
  return larger;
}
