import { buildKey, emptyKey, type Key } from "../tree/key.ts";
import { foldName } from "../tree/path.ts";
import { type InspectedHive, inspectHive } from "./check.ts";
import type { Finding } from "./finding.ts";
import { HiveError } from "./hive-error.ts";
import { state } from "./inspect-bins.ts";
import { type InspectedKey, isKeyCell, offsetOf } from "./inspect-keys.ts";
import type { Inspection, Loss } from "./inspection.ts";
import { base, baseBlockSize, nk } from "./layout.ts";
import { limits } from "./limits.ts";

/** What was saved of a hive, and what was not. */
export interface SalvageReport {
  /** Keys of the tree. */
  readonly keys: number;
  readonly values: number;
  /** Bytes of data saved. */
  readonly dataBytes: number;
  readonly losses: readonly Loss[];
  /** Keys that no list led to, but whose parent is known: they are below it again. */
  readonly reattached: number;
  /** Keys of parts that nothing leads to; they are below the key `orphansName` of the root. */
  readonly orphans: number;
  /** Everything that is wrong with the hive (as `checkHive`, but with what is there of a page at which the file ends). */
  readonly findings: readonly Finding[];
}

/** The key below the root of a salvaged tree that holds what nothing led to. */
export const orphansName = "Salvaged keys without a parent";

/** Depth of such a key. */
const orphanDepth = 2;

/**
 * The readable part of a damaged hive as a tree, which `writeHive` makes into a new hive. A value whose data are not all there is
 * left out. Throws HiveError only when there is not one readable key.
 */
export function salvageHive(bytes: Uint8Array): { readonly tree: Key; readonly report: SalvageReport } {
  const hive = inspectHive(bytes, true);
  const { inspection, keys } = hive;
  const reached = keys.keys.length;
  const findings = inspection.findings.all();
  const tops = findLostKeys(hive);
  if (keys.keys.length === 0) throw new HiveError(base.root, "not one key can be read");
  const orphans = countBelow(keys.keys, tops);
  const tree = buildTree(inspection, keys.keys, new Set(tops));
  let values = 0;
  let dataBytes = 0;
  for (const key of keys.keys) {
    values += key.values.length;
    for (const { data } of key.values) dataBytes += data.length;
  }
  const reattached = keys.keys.length - reached - orphans;
  const { losses } = inspection;
  return { tree, report: { keys: keys.keys.length, values, dataBytes, losses, reattached, orphans, findings } };
}

/**
 * Walks the keys that the root does not lead to. One whose parent was read goes below it; of the rest, those that have no parent among
 * themselves are tops of parts. Returns the tops by their place among all keys.
 */
function findLostKeys({ inspection, keys }: InspectedHive): number[] {
  const lost = lostKeys(inspection);
  const parentOf = (offset: number): number => inspection.u32(baseBlockSize + offset + 4 + nk.parent);
  // A list for each parent: its first entry, and what follows each entry, as places in `lost`.
  const firstOf = new Map<number, number>();
  const nextOf = new Int32Array(lost.length).fill(-1);
  for (let i = lost.length - 1; i >= 0; i--) {
    const parent = parentOf(lost[i]!);
    nextOf[i] = firstOf.get(parent) ?? -1;
    firstOf.set(parent, i);
  }
  const tops: number[] = [];
  let looked = 0;
  const attachBelowNewKeys = (): void => {
    for (; looked < keys.keys.length; looked++) {
      const { offset, depth } = keys.keys[looked]!;
      const first = depth < limits.depth ? firstOf.get(offsetOf(offset)) : undefined;
      for (let i = first ?? -1; i >= 0; i = nextOf[i]!) keys.walk(lost[i]!, looked, depth + 1);
    }
  };
  const walkTop = (offset: number): void => {
    const index = keys.keys.length;
    keys.walk(offset, -1, orphanDepth);
    if (keys.keys.length > index) tops.push(index);
    attachBelowNewKeys();
    for (let deep = keys.tooDeep.pop(); deep !== undefined; deep = keys.tooDeep.pop()) {
      const next = keys.keys.length;
      keys.walk(deep, -1, orphanDepth);
      if (keys.keys.length > next) tops.push(next);
      attachBelowNewKeys();
    }
  };
  attachBelowNewKeys();
  const isLost = new Uint8Array(inspection.bins.cells.length);
  for (const offset of lost) isLost[offset >>> 3] = 1;
  for (const offset of lost) if (isLost[parentOf(offset) >>> 3] !== 1) walkTop(offset);
  for (const offset of lost) walkTop(offset);
  return tops;
}

/** The cells that look like keys and that nothing led to. */
function lostKeys(inspection: Inspection): number[] {
  const { cells } = inspection.bins;
  const found: number[] = [];
  for (let i = 0; i < cells.length; i++) {
    if (cells[i] !== state.allocated) continue;
    const cell = inspection.cellAt(i * 8);
    if (typeof cell === "string" || cell.length < nk.name || !isKeyCell(inspection, cell.data)) continue;
    const name = inspection.u16(cell.data + nk.nameLength);
    const parent = inspection.u32(cell.data + nk.parent);
    if (name > 0 && nk.name + name <= cell.length && parent % 8 === 0 && parent < limits.binsBytes) found.push(i * 8);
  }
  return found;
}

function countBelow(keys: readonly InspectedKey[], tops: readonly number[]): number {
  const isBelow = new Uint8Array(keys.length);
  for (const top of tops) isBelow[top] = 1;
  let count = 0;
  for (let i = 0; i < keys.length; i++) {
    const { parent } = keys[i]!;
    if (parent >= 0 && isBelow[parent] === 1) isBelow[i] = 1;
    count += isBelow[i]!;
  }
  return count;
}

/** Keys are values, so subkeys come first: parents precede their subkeys in `keys`, hence backwards. */
function buildTree(inspection: Inspection, keys: readonly InspectedKey[], tops: ReadonlySet<number>): Key {
  const children: (Key[] | undefined)[] = [];
  const orphans: Key[] = [];
  for (let i = keys.length - 1; i >= 0; i--) {
    const key = keys[i]!;
    inspection.current = i;
    const below = children[i]?.reverse() ?? [];
    children.length = i;
    const built = build(inspection, key, below);
    if (tops.has(i)) orphans.push(built);
    else if (key.parent < 0) return withOrphans(inspection, built, key, orphans, below);
    else if (children[key.parent] === undefined) children[key.parent] = [built];
    else children[key.parent]!.push(built);
  }
  const time = orphans[0]?.lastWritten ?? 0n;
  return withOrphans(inspection, emptyKey("ROOT", time), undefined, orphans, []);
}

function build(inspection: Inspection, key: InspectedKey, children: readonly Key[]): Key {
  const { name, lastWritten, className, security, symlink, values, offset } = key;
  const own = withOwnNames(inspection, children, offset);
  return buildKey({ name, lastWritten, className, security, symlink, values, children: own });
}

function withOrphans(
  inspection: Inspection,
  root: Key,
  key: InspectedKey | undefined,
  orphans: readonly Key[],
  children: readonly Key[],
): Key {
  if (orphans.length === 0) return root;
  const own = withOwnNames(inspection, orphans.toReversed(), 0);
  const { name, lastWritten, className, security, symlink } = root;
  const folder = buildKey({ name: orphansName, lastWritten, children: own });
  const values = key?.values ?? [];
  const all = withOwnNames(inspection, [...children, folder], key?.offset ?? 0);
  return buildKey({ name, lastWritten, className, security, symlink, values, children: all });
}

/** Siblings with the same name get a number behind it; the key at `offset` is their parent. */
function withOwnNames(inspection: Inspection, keys: readonly Key[], offset: number): readonly Key[] {
  if (keys.length < 2) return keys;
  const taken = new Set<string>();
  /** The number to try next behind a name. */
  const numbers = new Map<string, number>();
  let changed = false;
  const named = keys.map((key) => {
    let { name } = key;
    const start = key.name.slice(0, limits.keyNameUnits - 12);
    let number = numbers.get(foldName(start)) ?? 2;
    for (; taken.has(foldName(name)); number++) name = `${start} (${number})`;
    if (name !== key.name) numbers.set(foldName(start), number);
    taken.add(foldName(name));
    if (name === key.name) return key;
    changed = true;
    const text = `a second key ${JSON.stringify(key.name)} was named ${JSON.stringify(name)}`;
    inspection.losses.push({ offset, kind: "name", path: inspection.pathOf(inspection.current), text });
    return { ...key, name };
  });
  return changed ? named : keys;
}
