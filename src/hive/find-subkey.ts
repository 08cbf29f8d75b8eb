import { upcase } from "../tree/upcase-table.ts";
import { HiveError } from "./hive-error.ts";
import type { HiveImage } from "./image.ts";
import { checkKeyCell } from "./key-cell.ts";
import { keyFlag, nk, signature } from "./layout.ts";
import { nameHash } from "./names.ts";
import { readSubkeyList } from "./read-list.ts";

/** A name that is looked for: in any spelling, a part of a text, so that a path need not be cut. */
interface Wanted {
  readonly text: string;
  readonly from: number;
  readonly to: number;
}

/**
 * The subkey of the key at `cell` (file offset of its data) with a name in any spelling, as the file offset of its data. By hash where
 * a short list has hashes, else a binary search that compares names as they are stored; when that finds nothing, a look at every
 * entry, because lists may be out of order.
 */
export function findSubkey(
  image: HiveImage,
  cell: number,
  text: string,
  from = 0,
  to: number = text.length,
): number | undefined {
  const count = image.u32(cell + nk.subkeys);
  if (count === 0) return undefined;
  const name: Wanted = { text, from, to };
  const list = image.claim(cell + nk.list, 4);
  const kind = image.u16(list);
  if (kind === signature.indexRoot) return findInLeaves(image, cell, list, count, name);
  const step = kind === signature.bareLeaf ? 4 : 8;
  const found = searchLeaf(image, list, step, checkedCount(image, list, step), name);
  return found ?? lookThrough(image, cell, count, name);
}

/** Throws HiveError when the entries of a leaf are more than its cell has room for. */
function checkedCount(image: HiveImage, leaf: number, step: number): number {
  const count = image.u16(leaf + 2);
  if (4 + count * step > image.lengthOf(leaf))
    throw new HiveError(leaf + 2, `a subkey list of ${count} entries is longer than its cell`);
  return count;
}

/** The leaf whose first name is the last that is not after the name; then that leaf. */
function findInLeaves(image: HiveImage, cell: number, root: number, count: number, name: Wanted): number | undefined {
  let low = 0;
  let high = checkedCount(image, root, 4) - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    const leaf = image.claim(root + 4 + middle * 4, 4);
    if (image.u16(leaf + 2) > 0 && compareStored(image, image.claim(leaf + 4, nk.name), name) <= 0) low = middle;
    else high = middle - 1;
  }
  if (high < 0) return undefined;
  const leaf = image.claim(root + 4 + low * 4, 4);
  const step = image.u16(leaf) === signature.bareLeaf ? 4 : 8;
  return searchLeaf(image, leaf, step, checkedCount(image, leaf, step), name) ?? lookThrough(image, cell, count, name);
}

function searchLeaf(image: HiveImage, leaf: number, step: number, count: number, name: Wanted): number | undefined {
  if (image.u16(leaf) === signature.hashLeaf && count <= mostHashes) {
    const found = searchHashes(image, leaf, count, name);
    if (found !== undefined) return found;
  }
  let low = 0;
  let high = count - 1;
  while (low <= high) {
    const middle = (low + high) >> 1;
    const cell = image.claim(leaf + 4 + middle * step, nk.name);
    const order = compareStored(image, cell, name);
    if (order === 0) return cell;
    if (order < 0) low = middle + 1;
    else high = middle - 1;
  }
  return undefined;
}

/** Above this, looking at so many hashes takes longer than looking at a few names far apart. */
const mostHashes = 128;

/** The hashes are neighbours; the names are all over the file. */
function searchHashes(image: HiveImage, leaf: number, count: number, name: Wanted): number | undefined {
  const { view } = image;
  const hash = nameHash(name.text, name.from, name.to);
  for (let at = leaf + 4, end = at + count * 8; at < end; at += 8) {
    if (view.getUint32(at + 4, true) !== hash) continue;
    const cell = image.claim(at, nk.name);
    if (compareStored(image, cell, name) === 0) return cell;
  }
  return undefined;
}

/** Every entry in turn; where the list has hashes, only names with the right one are read. */
function lookThrough(image: HiveImage, cell: number, count: number, name: Wanted): number | undefined {
  const fields: number[] = [];
  readSubkeyList(image, cell + nk.list, count, fields);
  const list = image.claim(cell + nk.list, 4);
  const hash = image.u16(list) === signature.hashLeaf ? nameHash(name.text, name.from, name.to) : undefined;
  for (const field of fields) {
    if (hash !== undefined && image.u32(field + 4) !== hash) continue;
    const child = image.claim(field, nk.name);
    if (compareStored(image, child, name) === 0) return child;
  }
  return undefined;
}

/** The order of the name stored in the key at `cell` to a name. */
function compareStored(image: HiveImage, cell: number, name: Wanted): number {
  checkKeyCell(image, cell);
  const latin1 = (image.u16(cell + nk.flags) & keyFlag.latin1Name) !== 0;
  const bytes = image.u16(cell + nk.nameLength);
  if (nk.name + bytes > image.lengthOf(cell))
    throw new HiveError(cell + nk.nameLength, `a key name of ${bytes} bytes is longer than its cell`);
  const units = latin1 ? bytes : bytes >> 1;
  const { text, from, to } = name;
  const length = Math.min(units, to - from);
  const at = cell + nk.name;
  for (let i = 0; i < length; i++) {
    const left = latin1 ? image.bytes[at + i]! : image.u16(at + i * 2);
    const right = text.charCodeAt(from + i);
    if (left === right) continue;
    const difference = upcase(left) - upcase(right);
    if (difference !== 0) return difference;
  }
  return units - (to - from);
}
