import type { Key } from "../tree/key.ts";
import { buildKey } from "../tree/key.ts";
import { isDirty } from "./base-block.ts";
import { HiveImage } from "./image.ts";
import { nk } from "./layout.ts";
import { refuseSameNames } from "./same-names.ts";
import type { KeyRecord } from "./walk.ts";
import { walkHive } from "./walk.ts";

/** A hive read whole. */
export interface Hive {
  readonly root: Key;
  /** Minor version, 3 to 6; the major one is 1. In a 1.6 (differencing) hive deleted keys and values of its layer look like others. */
  readonly minor: number;
  /** The last 31 characters of the path that the file once had. */
  readonly fileName: string;
  /** FILETIME of the base block. */
  readonly lastWritten: bigint;
  /** The last write did not finish (sequences differ) or the base block's checksum is wrong: changes may sit in log files. */
  readonly dirty: boolean;
  readonly checksumRight: boolean;
  readonly primarySequence: number;
  readonly secondarySequence: number;
}

/**
 * Reads a hive of version 1.3 to 1.6. Data of values are views of `bytes` where they are in one piece there: don't change `bytes`
 * afterwards. Throws HiveError and nothing else; work and memory are bounded by the length of `bytes`.
 */
export function readHive(bytes: Uint8Array): Hive {
  return readImage(new HiveImage(bytes));
}

/** `readHive` for an image opened before. */
export function readImage(image: HiveImage): Hive {
  image.scanAll();
  const { block } = image;
  return {
    root: readTree(image.claiming()),
    minor: block.minor,
    fileName: block.fileName,
    lastWritten: block.lastWritten,
    dirty: isDirty(block),
    checksumRight: block.checksumRight,
    primarySequence: block.primarySequence,
    secondarySequence: block.secondarySequence,
  };
}

/** The tree at a key, given as the file offset of its data (default: the root), from a claiming image. Throws HiveError. */
export function readTree(image: HiveImage, start?: number): Key {
  const records: KeyRecord[] = [];
  walkHive(image, (record) => records.push(record), start);
  return build(records);
}

/** Keys are values, so subkeys come first: parents precede their subkeys in `records`, hence backwards. */
function build(records: readonly KeyRecord[]): Key {
  const children: (Key[] | undefined)[] = records.map(() => undefined);
  for (let i = records.length - 1; i > 0; i--) {
    const key = buildOne(records, i, children[i]?.reverse() ?? []);
    const { parent } = records[i]!;
    (children[parent] ??= []).push(key);
    // What is built needs no more memory here.
    children[i] = undefined;
  }
  return buildOne(records, 0, children[0]?.reverse() ?? []);
}

function buildOne(records: readonly KeyRecord[], index: number, children: readonly Key[]): Key {
  const { name, lastWritten, className, security, symlink, values, offset } = records[index]!;
  try {
    return buildKey({ name, lastWritten, className, security, symlink, values, children });
  } catch (error) {
    refuseSameNames(values, "values", () => offset + nk.valueList);
    const below = records.filter((record) => record.parent === index);
    refuseSameNames(children, "subkeys", (j) => below[j]!.offset);
    throw error;
  }
}
