import type { Difference } from "../tree/diff.ts";
import type { Key } from "../tree/key.ts";
import type { BaseBlock } from "./base-block.ts";
import { isDirty } from "./base-block.ts";
import { diffHives } from "./diff-hives.ts";
import { HiveImage } from "./image.ts";
import { checkKeyCell, classNameAt, keyNameAt, securityAt, valueCountAt } from "./key-cell.ts";
import { base, keyFlag, nk, vk } from "./layout.ts";
import { findSubkey } from "./find-subkey.ts";
import { readSubkeyList } from "./read-list.ts";
import { valueCellAt, valueDataAt, valueDataOffsetAt, valueListAt, valueNameAt, valueSizeAt } from "./read-value.ts";
import { readTree } from "./read.ts";
import { walkCells } from "./walk.ts";
import { sameName } from "../tree/path.ts";

/** A value where it stands in the file; each member is decoded when asked for and may throw HiveError. */
export class HiveValue {
  readonly #image: HiveImage;
  /** File offset of its structure (`vk`). */
  readonly offset: number;

  /** Where its data begin, when that was found out before. */
  readonly #dataOffset: number | undefined;

  constructor(image: HiveImage, offset: number, dataOffset?: number) {
    this.#image = image;
    this.offset = offset;
    this.#dataOffset = dataOffset;
  }

  get name(): string {
    return valueNameAt(this.#image, this.offset);
  }

  get type(): number {
    return this.#image.u32(this.offset + vk.type);
  }

  /** Length of the data in bytes. */
  get size(): number {
    return valueSizeAt(this.#image, this.offset);
  }

  /** A view of the file where the data are in one piece there; else put together anew at every call. */
  get data(): Uint8Array {
    return valueDataAt(this.#image, this.offset);
  }

  /**
   * Where in the file the data begin, `size` bytes in one piece; undefined for big data, which is in several. Reading there costs less than
   * `data`, which makes a view.
   */
  get dataOffset(): number | undefined {
    return this.#dataOffset ?? valueDataOffsetAt(this.#image, this.offset);
  }

  /** In a 1.6 hive: a marker that the value is deleted in this layer. */
  get tombstone(): boolean {
    return this.#image.block.minor >= 6 && (this.#image.u16(this.offset + vk.flags) & tombstoneValue) !== 0;
  }
}

const tombstoneValue = 2;

/**
 * What a key of a differencing hive (1.6) does to the key of the same path in the layer below: add to it, delete it, replace it, or
 * replace
 * it with all below. In other versions "merge".
 */
export type Layering = "merge" | "tombstone" | "supersede-local" | "supersede-tree";

const layerings = ["merge", "tombstone", "supersede-local", "supersede-tree"] as const;

/** A key where it stands in the file; each member is decoded when asked for and may throw HiveError. */
export class HiveKey {
  readonly #image: HiveImage;
  readonly #isRoot: boolean;
  /** File offset of its structure (`nk`). */
  readonly offset: number;

  constructor(image: HiveImage, offset: number, isRoot: boolean) {
    this.#image = image;
    this.offset = offset;
    this.#isRoot = isRoot;
  }

  get name(): string {
    return keyNameAt(this.#image, this.offset, this.#isRoot);
  }

  /** FILETIME. */
  get lastWritten(): bigint {
    return this.#image.view.getBigUint64(this.offset + nk.lastWritten, true);
  }

  /** As stored: 4 root of a hive, 8 not to be deleted, 0x10 symbolic link, 0x20 name with a byte a unit, 0x40 predefined handle. */
  get flags(): number {
    return this.#image.u16(this.offset + nk.flags);
  }

  get symlink(): boolean {
    return (this.flags & keyFlag.symlink) !== 0;
  }

  get className(): string | undefined {
    return classNameAt(this.#image, this.offset);
  }

  /** The self-relative descriptor; undefined when there is none or it is the default of clubar's writer. */
  get security(): Uint8Array | undefined {
    return securityAt(this.#image, this.offset);
  }

  get layering(): Layering {
    if (this.#image.block.minor < 6) return "merge";
    return layerings[this.#image.bytes[this.offset + nk.layer]! & 3]!;
  }

  /** In a 1.6 hive: the class is that of the layer below. */
  get inheritsClass(): boolean {
    return this.#image.block.minor >= 6 && (this.#image.bytes[this.offset + nk.layer]! & 0x80) !== 0;
  }

  get subkeyCount(): number {
    return this.#image.u32(this.offset + nk.subkeys);
  }

  /** Subkeys that were in memory only when the hive was written; their cells are not in the file. */
  get volatileSubkeyCount(): number {
    return this.#image.u32(this.offset + nk.volatileSubkeys);
  }

  get valueCount(): number {
    return valueCountAt(this.#image, this.offset);
  }

  /** In the order of the file. */
  subkeys(): HiveKey[] {
    const count = this.subkeyCount;
    if (count === 0) return [];
    const fields: number[] = [];
    readSubkeyList(this.#image, this.offset + nk.list, count, fields);
    return fields.map((field) => keyAt(this.#image, field));
  }

  /** By a name in any spelling: a binary search, and when the list is out of order a look at each. */
  subkey(name: string): HiveKey | undefined {
    const cell = findSubkey(this.#image, this.offset, name);
    return cell === undefined ? undefined : new HiveKey(this.#image, cell, false);
  }

  /** In the order of the file. */
  values(): HiveValue[] {
    const count = this.valueCount;
    if (count === 0) return [];
    const list = valueListAt(this.#image, this.offset + nk.valueList, count);
    const values: HiveValue[] = [];
    for (let i = 0; i < count; i++) values.push(new HiveValue(this.#image, valueCellAt(this.#image, list + i * 4)));
    return values;
  }

  /** By a name in any spelling; "" is the default value. */
  value(name: string): HiveValue | undefined {
    return this.values().find((value) => sameName(value.name, name));
  }

  /** This key and all below as an immutable tree. */
  read(): Key {
    return readTree(this.#image.claiming(), this.offset);
  }
}

function keyAt(image: HiveImage, field: number): HiveKey {
  const cell = image.claim(field, nk.name);
  checkKeyCell(image, cell);
  return new HiveKey(image, cell, field === base.root);
}

/** What `OpenHive.walk` calls. */
export interface HiveVisitor {
  key?(key: HiveKey, depth: number): void;
  value?(value: HiveValue, key: HiveKey): void;
}

/** How many keys' places `OpenHive.find` keeps, and for paths of which length: about 20 MB at most. */
const mostFound = 65_536;
const longestKept = 256;

/** A hive of which only what is asked for is decoded. */
export class OpenHive {
  readonly #image: HiveImage;
  #rootCell: number | undefined;
  /** Cells of keys by their paths as they were asked for. */
  readonly #found = new Map<string, number>();

  /** See `openHive`. */
  constructor(bytes: Uint8Array) {
    this.#image = new HiveImage(bytes);
  }

  /** The file, for what `HiveValue.dataOffset` is a place in. */
  get bytes(): Uint8Array {
    return this.#image.bytes;
  }

  get block(): BaseBlock {
    return this.#image.block;
  }

  /** Bytes of all bins; the file may be longer. */
  get binsSize(): number {
    return this.#image.binsSize;
  }

  /** The last write did not finish, or the checksum is wrong: changes may sit in log files (`recoverHive`). */
  get dirty(): boolean {
    return isDirty(this.#image.block);
  }

  get root(): HiveKey {
    return keyAt(this.#image, base.root);
  }

  /** By a path of names in any spelling, parted by `\`; "" is the root. */
  find(path: string): HiveKey | undefined {
    const cell = this.#cellAt(path);
    return cell === undefined ? undefined : new HiveKey(this.#image, cell, path === "");
  }

  /**
   * Who looks a key up often looks it up again, or its neighbours: where it and the keys above were found is kept. From the nearest known
   * key above, each name on the way is looked up once.
   */
  #cellAt(path: string): number | undefined {
    let cell: number | undefined = this.#found.get(path);
    if (cell !== undefined) return cell;
    let end = path.length;
    while (cell === undefined && end > 0) {
      end = path.lastIndexOf("\\", end - 1);
      cell = end > 0 ? this.#found.get(path.slice(0, end)) : undefined;
    }
    // At the root, a path that begins with a backslash has an empty name there.
    if (cell === undefined) {
      cell = this.#rootCell ??= this.root.offset;
      end = -1;
    }
    while (end < path.length && path !== "") {
      const from = end + 1;
      const next = path.indexOf("\\", from);
      end = next < 0 ? path.length : next;
      const found = findSubkey(this.#image, cell, path, from, end);
      if (found === undefined) return undefined;
      cell = found;
      if (end > longestKept) continue;
      if (this.#found.size >= mostFound) this.#found.clear();
      this.#found.set(end === path.length ? path : path.slice(0, end), cell);
    }
    return cell;
  }

  /** Looks at every cell of every bin, visited or not. Throws HiveError when they do not tile one. */
  validate(): void {
    this.#image.scanAll();
  }

  /**
   * Every key once, depth first, its values after it and before its subkeys, in the order of the file; the whole hive or what is at
   * and below `from`. A cell that is used twice ends it with HiveError, so its work is bounded by the size of the file; following
   * `subkeys` from key to key is not, in a hive made to hurt.
   */
  walk(visitor: HiveVisitor, from?: HiveKey): void {
    const image = this.#image;
    let present: HiveKey | undefined;
    walkCells(
      image.claiming(),
      (cell, depth, parent) => {
        present = new HiveKey(image, cell, parent < 0 && from === undefined);
        visitor.key?.(present, depth);
      },
      (cell, data) => {
        visitor.value?.(new HiveValue(image, cell, data), present!);
      },
      from?.offset,
    );
  }

  /** What another hive has otherwise, as `diff` tells it of their trees, which are not made. Throws HiveError, after some perhaps. */
  differences(other: OpenHive): Generator<Difference, void, undefined> {
    return diffHives(this.#image, other.#image);
  }

  /** All of the hive as an immutable tree, as `readHive` reads it. */
  read(): Key {
    return readTree(this.#image.claiming());
  }
}

/**
 * Opens a hive of version 1.3 to 1.6 without decoding it: only the base block is looked at. Don't change `bytes` afterwards. Throws
 * HiveError when the base block is damaged.
 */
export function openHive(bytes: Uint8Array): OpenHive {
  return new OpenHive(bytes);
}
