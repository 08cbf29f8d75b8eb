import { fail } from "../base/errors.ts";
import type { BinWriter } from "./bin-writer.ts";
import { baseBlockSize, signature } from "./layout.ts";
import { limits } from "./limits.ts";
import { nameHash, nameHint } from "./names.ts";

/** A subkey as its parent's list names it: the file offset of its data, and its name. */
export interface ListEntry {
  readonly cell: number;
  readonly name: string;
}

/**
 * Writes the subkey list of `entries`, which are in order, and returns its cell offset. As Windows does: 1.5 has lists with hashes; 1.3
 * has lists with hints, and bare ones below an index root.
 */
export function writeSubkeyList(bins: BinWriter, entries: readonly ListEntry[], minor: 3 | 5): number {
  const kind = minor === 5 ? signature.hashLeaf : signature.hintLeaf;
  if (entries.length <= limits.leafEntries) return writeLeaf(bins, entries, kind);
  const leafKind = minor === 5 ? kind : signature.bareLeaf;
  const leaves: number[] = [];
  for (let i = 0; i < entries.length; i += limits.leafEntries) {
    leaves.push(writeLeaf(bins, entries.slice(i, i + limits.leafEntries), leafKind));
  }
  if (leaves.length > limits.leaves) {
    throw fail("MORE_DATA", {
      happened: `A key has ${entries.length} subkeys, more than a hive can list.`,
      unchanged: "No hive was made.",
      next: "Spread them over several keys.",
    });
  }
  const root = bins.allocate(4 + leaves.length * 4);
  bins.view.setUint16(root, signature.indexRoot, true);
  bins.view.setUint16(root + 2, leaves.length, true);
  leaves.forEach((leaf, i) => {
    bins.view.setUint32(root + 4 + i * 4, leaf, true);
  });
  return root - 4 - baseBlockSize;
}

function writeLeaf(bins: BinWriter, entries: readonly ListEntry[], kind: number): number {
  const step = kind === signature.bareLeaf ? 4 : 8;
  const leaf = bins.allocate(4 + entries.length * step);
  const { view } = bins;
  view.setUint16(leaf, kind, true);
  view.setUint16(leaf + 2, entries.length, true);
  let at = leaf + 4;
  for (const { cell, name } of entries) {
    view.setUint32(at, cell - 4 - baseBlockSize, true);
    if (kind === signature.hashLeaf) view.setUint32(at + 4, nameHash(name), true);
    else if (kind === signature.hintLeaf) view.setUint32(at + 4, nameHint(name), true);
    at += step;
  }
  return leaf - 4 - baseBlockSize;
}
