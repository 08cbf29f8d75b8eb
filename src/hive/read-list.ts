import { HiveError } from "./hive-error.ts";
import type { HiveImage } from "./image.ts";
import { nk, signature } from "./layout.ts";

/** Bytes of the cell of a key with a name of one character. */
const smallestKey = nk.name + 4;

/**
 * Appends to `into` the file offsets of the fields that point to the subkeys, in the list's order. `at` is the field that points to
 * the list, `expected` the count that the key claims; another count is damage. Leaves can be shared in a damaged hive, so reading ends
 * where there are more.
 */
export function readSubkeyList(image: HiveImage, at: number, expected: number, into: number[]): void {
  const list = image.claim(at, 4);
  const before = into.length;
  if (expected > image.binsSize / smallestKey)
    throw new HiveError(list + 2, `a key says that it has ${expected} subkeys, more than the hive has room for`);
  if (image.u16(list) === signature.indexRoot) {
    const leaves = image.u16(list + 2);
    if (4 + leaves * 4 > image.lengthOf(list))
      throw new HiveError(list + 2, `an index root of ${leaves} leaves is longer than its cell`);
    for (let i = 0; i < leaves && into.length - before <= expected; i++)
      readLeaf(image, image.claim(list + 4 + i * 4, 4), into);
  } else {
    readLeaf(image, list, into);
  }
  const found = into.length - before;
  if (found !== expected)
    throw new HiveError(list + 2, `a subkey list holds ${found} entries, its key says ${expected}`);
}

function readLeaf(image: HiveImage, leaf: number, into: number[]): void {
  const kind = image.u16(leaf);
  let step = 8;
  if (kind === signature.bareLeaf) step = 4;
  else if (kind === signature.indexRoot) throw new HiveError(leaf, "an index root points to an index root");
  else if (kind !== signature.hintLeaf && kind !== signature.hashLeaf)
    throw new HiveError(leaf, "a subkey list has none of the known signatures");
  const count = image.u16(leaf + 2);
  if (4 + count * step > image.lengthOf(leaf))
    throw new HiveError(leaf + 2, `a subkey list of ${count} entries is longer than its cell`);
  image.worked(count);
  for (let i = 0; i < count; i++) into.push(leaf + 4 + i * step);
}
