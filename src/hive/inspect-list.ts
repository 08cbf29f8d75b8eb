/** The subkey lists of a hive that may be damaged. */
import { compareNames, foldName } from "../tree/path.ts";
import type { FoundCell, Inspection } from "./inspection.ts";
import { keyFlag, nk, none, signature } from "./layout.ts";
import { decodeName, nameHash, nameHint } from "./names.ts";

/** A subkey that a list leads to; its cell is taken. */
export interface ListedKey extends FoundCell {
  readonly name: string;
  /** Length of the name as UTF-16. */
  readonly nameBytes: number;
}

/** An entry of a leaf: the file offset of its field, and the kind of the leaf. */
interface Entry {
  readonly field: number;
  readonly kind: number;
}

/** The subkeys of the key at `data` that can be reached, in the order of the list. */
export function inspectList(inspection: Inspection, data: number): ListedKey[] {
  const count = inspection.u32(data + nk.subkeys);
  const offset = inspection.u32(data + nk.list);
  if (inspection.u32(data + nk.volatileSubkeys) !== 0)
    inspection.report(
      "note",
      "key-volatile",
      data + nk.volatileSubkeys,
      data,
      "the key counts subkeys that were in memory only",
    );
  if (count === 0) {
    if (offset !== none)
      inspection.report("warning", "list-unused", data + nk.list, data, "a key without subkeys has a list of them");
    return [];
  }
  const entries: Entry[] = [];
  readList(inspection, data + nk.list, data, entries);
  if (entries.length !== count) {
    const text = `the subkey list holds ${entries.length} entries, its key says ${count}`;
    inspection.lose("list", "list-count", data + nk.subkeys, data, text);
  }
  return readEntries(inspection, entries, data);
}

function readList(inspection: Inspection, field: number, data: number, into: Entry[]): void {
  const list = inspection.take(inspection.u32(field), 4);
  if (typeof list === "string") {
    inspection.lose("list", "list-cell", field, data, `the cell of the subkey list is ${list}`);
    return;
  }
  if (inspection.u16(list.data) !== signature.indexRoot) {
    readLeaf(inspection, list, data, into);
    return;
  }
  const leaves = countIn(inspection, list, 4, data);
  for (let i = 0; i < leaves; i++) {
    const at = list.data + 4 + i * 4;
    const leaf = inspection.take(inspection.u32(at), 4);
    if (typeof leaf === "string")
      inspection.lose("list", "list-cell", at, data, `the cell of a part of the subkey list is ${leaf}`);
    else readLeaf(inspection, leaf, data, into);
  }
}

function readLeaf(inspection: Inspection, leaf: FoundCell, data: number, into: Entry[]): void {
  const kind = inspection.u16(leaf.data);
  if (kind !== signature.bareLeaf && kind !== signature.hintLeaf && kind !== signature.hashLeaf) {
    const what =
      kind === signature.indexRoot
        ? "an index root points to an index root"
        : "a subkey list has none of the known signatures";
    inspection.lose("list", "list-signature", leaf.data, data, what);
    return;
  }
  if (kind === signature.hashLeaf && inspection.minor < 5)
    inspection.report("note", "list-kind", leaf.data, data, "a list with hashes in a hive older than 1.5");
  const step = kind === signature.bareLeaf ? 4 : 8;
  const count = countIn(inspection, leaf, step, data);
  for (let i = 0; i < count; i++) into.push({ field: leaf.data + 4 + i * step, kind });
}

function countIn(inspection: Inspection, list: FoundCell, step: number, data: number): number {
  const said = inspection.u16(list.data + 2);
  const room = Math.floor((list.length - 4) / step);
  if (said <= room) return said;
  inspection.lose(
    "list",
    "list-length",
    list.data + 2,
    data,
    `a subkey list of ${said} entries is longer than its cell`,
  );
  return room;
}

function readEntries(inspection: Inspection, entries: readonly Entry[], data: number): ListedKey[] {
  const found: ListedKey[] = [];
  let outOfOrder = false;
  for (const { field, kind } of entries) {
    const offset = inspection.u32(field);
    const cell = inspection.take(offset, nk.name);
    if (typeof cell === "string") {
      inspection.lose("key", "key-cell", field, data, `the cell of a subkey is ${cell}`);
      continue;
    }
    if (inspection.u16(cell.data) !== signature.key) {
      inspection.lose("key", "key-signature", cell.data, data, "a subkey does not begin with nk");
      continue;
    }
    const child = peekName(inspection, cell);
    const before = found.at(-1);
    if (before !== undefined && compareNames(before.name, child.name) > 0) {
      outOfOrder = true;
      const text = `the subkey ${JSON.stringify(child.name)} comes after ${JSON.stringify(before.name)} in the list`;
      inspection.report("error", "list-order", field, data, text);
    }
    checkHint(inspection, field, kind, child.name, data);
    found.push(child);
  }
  return withoutDuplicates(inspection, found, outOfOrder, data);
}

function peekName(inspection: Inspection, cell: FoundCell): ListedKey {
  const latin1 = (inspection.u16(cell.data + nk.flags) & keyFlag.latin1Name) !== 0;
  const size = Math.min(inspection.u16(cell.data + nk.nameLength), Math.max(0, cell.length - nk.name));
  const name = decodeName(inspection.bytes, cell.data + nk.name, latin1 ? size : size & ~1, latin1);
  return { ...cell, name, nameBytes: name.length * 2 };
}

/** Windows looks for a subkey by these, and does not find one where they are wrong. */
function checkHint(inspection: Inspection, field: number, kind: number, name: string, data: number): void {
  if (kind === signature.bareLeaf) return;
  const said = inspection.u32(field + 4);
  if (kind === signature.hashLeaf) {
    if (said !== nameHash(name))
      inspection.report(
        "error",
        "list-hash",
        field + 4,
        data,
        `the hash of the subkey ${JSON.stringify(name)} is wrong`,
      );
    return;
  }
  // 0 says "look at the name".
  if (said !== 0 && said !== nameHint(name) && nameHint(name) !== 0)
    inspection.report("error", "list-hint", field + 4, data, `the hint of the subkey ${JSON.stringify(name)} is wrong`);
}

/** A second subkey of the same name is given back, to be found as one that nothing leads to. */
function withoutDuplicates(
  inspection: Inspection,
  found: readonly ListedKey[],
  outOfOrder: boolean,
  data: number,
): ListedKey[] {
  const seen = new Set<string>();
  const kept: ListedKey[] = [];
  for (const child of found) {
    const before = kept.at(-1);
    const again = outOfOrder
      ? seen.has(foldName(child.name))
      : before !== undefined && compareNames(before.name, child.name) === 0;
    if (outOfOrder) seen.add(foldName(child.name));
    if (!again) {
      kept.push(child);
      continue;
    }
    const text = `two subkeys have the same name ${JSON.stringify(child.name)}`;
    inspection.report("error", "list-duplicate", child.data, data, text);
    inspection.giveBack(child.data);
  }
  return kept;
}
