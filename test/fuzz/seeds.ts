/** Hives to begin with: small ones with one of everything that the format has, and those of others. */
import {
  applyEdits,
  buildKey,
  checkHive,
  childrenOf,
  dword,
  emptyKey,
  HiveEditor,
  type Key,
  readHive,
  type Value,
  writeHive,
} from "../../src/hive/index.ts";
import { HiveMemory } from "../../src/hive/edit-memory.ts";
import { nk, signature } from "../../src/hive/layout.ts";
import { nameHash } from "../../src/hive/names.ts";
import { setBaseFields } from "../hives/log-file.ts";
import { isHiveName, ownHive, sharedFiles, sharedHive, sharedHivesAbsent } from "../hives/shared-hives.ts";

/** Inputs above this are too slow to be worth it. */
const largestInput = 60_000;
/** Of larger hives a part of about this size is taken. */
const partSize = 10_000;
const largestWhole = 1_000_000;

const value = (name: string, length: number, type = 3): Value => ({ name, type, data: new Uint8Array(length).fill(7) });

function descriptor(owner: number): Uint8Array {
  const bytes = new Uint8Array(32);
  bytes.set([1, 0, 4, 0x80, 20]);
  bytes.set([1, 1, 0, 0, 0, 0, 0, 5, owner], 20);
  return bytes;
}

function sampleTree(more: readonly Value[], names: readonly string[]): Key {
  const link = buildKey({ name: "link", lastWritten: 1n, symlink: true, values: [value("SymbolicLinkValue", 12, 6)] });
  const below = buildKey({
    name: "ж",
    className: "class",
    lastWritten: 1n,
    security: descriptor(18),
    values: [value("", 100), value("ж", 3), value("none", 0), value("four", 4)],
    children: [emptyKey("x", 1n), link],
  });
  const children = names.map((name) => buildKey({ name, lastWritten: 1n, security: descriptor(19) }));
  return buildKey({ name: "R", lastWritten: 1n, values: more, children: [...children, below] });
}

/** The list of the root's subkeys as an index root over leaves of two entries. */
function withIndexRoot(hive: Uint8Array, kind: number): Uint8Array<ArrayBuffer> {
  const memory = new HiveMemory(hive);
  const keys = [...childrenOf(readHive(hive).root)];
  const list = memory.follow(memory.root + nk.list);
  const cells = keys.map((_, i) => memory.u32(list + 4 + i * 8));
  const step = kind === signature.bareLeaf ? 4 : 8;
  const leaves: number[] = [];
  for (let from = 0; from < cells.length; from += 2) {
    const leaf = memory.allocate(4 + 2 * step);
    const part = cells.slice(from, from + 2);
    memory.setU32(leaf, kind | (part.length << 16));
    part.forEach((cell, i) => {
      memory.setU32(leaf + 4 + i * step, cell);
      if (step === 8) memory.setU32(leaf + 8 + i * step, nameHash(keys[from + i]!.name));
    });
    leaves.push(memory.offsetOf(leaf));
  }
  const root = memory.allocate(4 + leaves.length * 4);
  memory.setU32(root, signature.indexRoot | (leaves.length << 16));
  leaves.forEach((leaf, i) => memory.setU32(root + 4 + i * 4, leaf));
  memory.setU32(memory.root + nk.list, memory.offsetOf(root));
  memory.free(list);
  const bytes = memory.bytes.slice(0, memory.end);
  setBaseFields(bytes, [[40, memory.end - 4096]]);
  return bytes;
}

function layered(hive: Uint8Array): Uint8Array<ArrayBuffer> {
  const bytes = Uint8Array.from(hive);
  const memory = new HiveMemory(bytes);
  bytes[memory.root + nk.layer] = 0x80;
  bytes[memory.follow(memory.follow(memory.root + nk.list) + 4) + nk.layer] = 1;
  setBaseFields(bytes, [[24, 6]]);
  return bytes;
}

/** Hives of our own, of 8 KiB but for those with data in segments and with many subkeys. */
export function madeHives(): Uint8Array[] {
  const small = sampleTree([dword("n", 5)], ["a", "b", "c", "d", "e"]);
  const made = ([3, 5] as const).flatMap((minor) => {
    const hive = writeHive(small, { time: 1n, minor });
    const editor = new HiveEditor(hive);
    editor.apply([{ kind: "delete-key", path: "ж" }], 2n);
    editor.commit(2n);
    const segments = writeHive(sampleTree([value("big", 16_345)], []), { time: 1n, minor });
    const many = Array.from({ length: 520 }, (_, i) => `k${i}`);
    return [
      hive,
      editor.bytes.slice(),
      segments,
      writeHive(sampleTree([value("big", 33_000)], many), { time: 1n, minor }),
    ];
  });
  const hive = writeHive(small, { time: 1n });
  const indexed = withIndexRoot(hive, signature.hashLeaf);
  return [
    ownHive(),
    ...made,
    indexed,
    withIndexRoot(writeHive(small, { time: 1n, minor: 3 }), signature.bareLeaf),
    layered(hive),
  ];
}

/** Hives of others: whole ones that are small, of the rest a small part, written anew. */
export function hivesOfOthers(): Uint8Array[] {
  if (sharedHivesAbsent !== false) return [];
  const names = sharedFiles().filter((name) => isHiveName(name));
  return names.map(sharedHive).flatMap((bytes) => {
    // Windows leaves room at the end of files, which no change should go to.
    const used = bytes.length < 4096 ? 0 : 4096 + new DataView(bytes.buffer).getUint32(40, true);
    const hive = used >= 8192 && used < bytes.length ? bytes.slice(0, used) : bytes;
    if (hive.length <= largestInput) return [hive];
    if (hive.length > largestWhole || checkHive(hive).some(({ severity }) => severity === "error")) return [];
    return [writeHive(partOf(readHive(hive).root), { time: 1n, minor: hive[24] === 3 ? 3 : 5 })];
  });
}

/** The first key on the way down whose tree is small enough. */
function partOf(root: Key): Key {
  let key = root;
  while (writeHive(key, { time: 1n }).length > partSize) {
    const [largest] = [...childrenOf(key)]
      .map((child) => ({ child, size: writeHive(child, { time: 1n }).length }))
      .toSorted((a, b) => b.size - a.size);
    if (largest === undefined) return applyEdits(emptyKey("R", 1n), [], 1n);
    key = largest.child;
  }
  return key;
}
