import { fail } from "../base/errors.ts";
import type { Key } from "../tree/key.ts";
import { childrenOf, valuesOf } from "../tree/key.ts";
import { writeBaseBlock } from "./base-block.ts";
import { BinWriter } from "./bin-writer.ts";
import { baseBlockSize, keyFlag, nk, none, signature } from "./layout.ts";
import { limits } from "./limits.ts";
import { isLatin1, nameSize, writeName } from "./names.ts";
import type { ListEntry } from "./write-list.ts";
import { writeSubkeyList } from "./write-list.ts";
import { SecurityWriter } from "./write-security.ts";
import { writeValue } from "./write-value.ts";

/** What a hive has beside its keys. */
export interface WriteOptions {
  /** FILETIME of the hive; keys keep their own. */
  readonly time: bigint;
  /** 5 (default) is what `reg save` writes for HKLM, 3 what loads everywhere. */
  readonly minor?: 3 | 5;
  /** The last 31 characters are kept, for people. */
  readonly fileName?: string;
  /** About as many bytes will it have; only the time it takes depends on it. */
  readonly expectedSize?: number;
}

/**
 * Writes a tree as a new, clean hive. The same tree and options give the same bytes. Throws Failure INVALID_NAME or MORE_DATA for a
 * tree that no hive can hold (`limits`).
 */
export function writeHive(root: Key, options: WriteOptions): Uint8Array<ArrayBuffer> {
  const steps = writeSteps(root, options);
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
  }
}

/** The same bytes, with a pause after every few MiB, so that a process that writes a large hive goes on answering. */
export async function writeHiveInSlices(
  root: Key,
  options: WriteOptions,
  pause: () => Promise<void>,
): Promise<Uint8Array<ArrayBuffer>> {
  const steps = writeSteps(root, options);
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
    await pause();
  }
}

/** Bytes of a hive between two pauses; one value is never cut. */
const slice = 4_194_304;

function* writeSteps(root: Key, options: WriteOptions): Generator<void, Uint8Array<ArrayBuffer>, void> {
  const minor = options.minor ?? 5;
  const bins = new BinWriter(options.expectedSize ?? 0);
  const securities = new SecurityWriter(bins);
  // Level by level, so that the cells of the subkeys of one key are neighbours of each other and of their list.
  let level: Placed[] = [placeKey(bins, root, none)];
  const rootCell = level[0]!.cell;
  let told = 0;
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > limits.depth) {
      throw fail("INVALID_NAME", {
        happened: `Keys are nested deeper than ${limits.depth}.`,
        unchanged: "No hive was made.",
        next: "Make the tree flatter.",
      });
    }
    const below: Placed[] = [];
    for (const placed of level) {
      writeKey(bins, securities, placed, minor, depth === 0, below);
      if (bins.binsSize - told < slice) continue;
      told = bins.binsSize;
      yield;
    }
    level = below;
  }
  securities.finish();
  const bytes = bins.finish();
  const view = new DataView(bytes.buffer);
  // The first bin keeps a copy of the hive's time.
  view.setBigUint64(baseBlockSize + 20, options.time, true);
  writeBaseBlock(view, {
    time: options.time,
    minor,
    root: rootCell - 4 - baseBlockSize,
    binsSize: bins.binsSize,
    fileName: options.fileName ?? "",
  });
  return bytes;
}

/** A key whose cell is there, but for its contents. */
interface Placed extends ListEntry {
  readonly key: Key;
  readonly parent: number;
}

function placeKey(bins: BinWriter, key: Key, parent: number): Placed {
  const { name } = key;
  if (name.length > limits.keyNameUnits || (parent !== none && (name === "" || name.includes("\\")))) {
    throw fail("INVALID_NAME", {
      happened: `A hive can't hold the key name ${JSON.stringify(name)}.`,
      unchanged: "No hive was made.",
      next: `Use 1 to ${limits.keyNameUnits} characters without a backslash.`,
    });
  }
  return { key, name, parent, cell: bins.allocate(nk.name + nameSize(name, isLatin1(name))) };
}

function writeKey(
  bins: BinWriter,
  securities: SecurityWriter,
  placed: Placed,
  minor: 3 | 5,
  isRoot: boolean,
  below: Placed[],
): void {
  const { key, cell } = placed;
  const security = securities.use(key.security);
  const className = writeClassName(bins, key.className);
  const values = writeValues(bins, key, minor);
  const subkeys: Placed[] = [];
  const longest = { name: 0, className: 0 };
  for (const child of childrenOf(key)) {
    subkeys.push(placeKey(bins, child, cell - 4 - baseBlockSize));
    longest.name = Math.max(longest.name, child.name.length * 2);
    longest.className = Math.max(longest.className, (child.className ?? "").length * 2);
  }
  const list = subkeys.length === 0 ? none : writeSubkeyList(bins, subkeys, minor);
  for (const subkey of subkeys) below.push(subkey);

  const { view } = bins;
  const put = (field: number, value: number): void => view.setUint32(cell + field, value, true);
  const latin1 = isLatin1(key.name);
  let flags: number = latin1 ? keyFlag.latin1Name : 0;
  if (isRoot) flags |= keyFlag.hiveEntry | keyFlag.noDelete;
  if (key.symlink) flags |= keyFlag.symlink;
  view.setUint16(cell, signature.key, true);
  view.setUint16(cell + nk.flags, flags, true);
  view.setBigUint64(cell + nk.lastWritten, key.lastWritten, true);
  put(nk.parent, placed.parent);
  put(nk.subkeys, subkeys.length);
  put(nk.list, list);
  put(nk.volatileList, none);
  put(nk.values, values.count);
  put(nk.valueList, values.list);
  put(nk.security, security);
  put(nk.className, className);
  put(nk.maxSubkeyName, longest.name);
  put(nk.maxClassName, longest.className);
  put(nk.maxValueName, values.maxName);
  put(nk.maxValueData, values.maxData);
  view.setUint16(cell + nk.nameLength, nameSize(key.name, latin1), true);
  view.setUint16(cell + nk.classLength, (key.className ?? "").length * 2, true);
  writeName(view, cell + nk.name, key.name, latin1);
}

/** The cell offset; a class name "" has a cell too, which tells it from none. */
function writeClassName(bins: BinWriter, className: string | undefined): number {
  if (className === undefined) return none;
  if (className.length > limits.classNameUnits) {
    throw fail("INVALID_NAME", {
      happened: `A class name has ${className.length} characters; a hive holds ${limits.classNameUnits}.`,
      unchanged: "No hive was made.",
      next: "Shorten it.",
    });
  }
  const cell = bins.allocate(className.length * 2);
  writeName(bins.view, cell, className, false);
  return cell - 4 - baseBlockSize;
}

/** Sizes are in bytes, names counted as UTF-16. */
function writeValues(
  bins: BinWriter,
  key: Key,
  minor: 3 | 5,
): { list: number; count: number; maxName: number; maxData: number } {
  const offsets: number[] = [];
  let maxName = 0;
  let maxData = 0;
  for (const value of valuesOf(key)) {
    offsets.push(writeValue(bins, value, minor));
    maxName = Math.max(maxName, value.name.length * 2);
    maxData = Math.max(maxData, value.data.length);
  }
  if (offsets.length === 0) return { list: none, count: 0, maxName, maxData };
  const list = bins.allocate(offsets.length * 4);
  offsets.forEach((offset, i) => {
    bins.view.setUint32(list + i * 4, offset, true);
  });
  return { list: list - 4 - baseBlockSize, count: offsets.length, maxName, maxData };
}
