import { setBaseFields } from "./log-file.ts";

const none = 0xffff_ffff;

/** Puts a hive together cell by cell, as no writer would: for hives that are made to hurt. Offsets are those of cells in the bins. */
export class RawHive {
  #bytes: Uint8Array<ArrayBuffer>;
  #view: DataView<ArrayBuffer>;
  #end = 4096 + 32;

  /** All cells are in one bin of about `room` bytes at most. */
  constructor(room: number) {
    this.#bytes = new Uint8Array(4096 + Math.ceil((room + 32) / 4096) * 4096);
    this.#view = new DataView(this.#bytes.buffer);
  }

  get view(): DataView<ArrayBuffer> {
    return this.#view;
  }

  get bytes(): Uint8Array<ArrayBuffer> {
    return this.#bytes;
  }

  /** Where the next cell goes. */
  get next(): number {
    return this.#end - 4096;
  }

  /** An allocated cell with these 32-bit numbers in front; `size` is that of its data. */
  cell(size: number, ...words: readonly number[]): number {
    const at = this.#end;
    const taken = (size + 4 + 7) & ~7;
    this.#view.setInt32(at, -taken, true);
    words.forEach((word, i) => this.#view.setUint32(at + 4 + i * 4, word, true));
    this.#end += taken;
    return at - 4096;
  }

  /** A key without a list, values, class and descriptor. */
  key(name: string, parent: number, isWide = false): number {
    const size = name.length * (isWide ? 2 : 1);
    const cell = this.cell(
      76 + size,
      0x6b6e | (isWide ? 0 : 0x20_0000),
      1,
      0,
      0,
      parent,
      0,
      0,
      none,
      none,
      0,
      none,
      none,
      none,
    );
    const at = 4096 + cell + 4;
    this.#view.setUint16(at + 72, size, true);
    for (let i = 0; i < name.length; i++) {
      if (isWide) this.#view.setUint16(at + 76 + i * 2, name.charCodeAt(i), true);
      else this.#view.setUint8(at + 76 + i, name.charCodeAt(i));
    }
    return cell;
  }

  /** A value, its data in a cell. */
  value(size: number, data: number): number {
    return this.cell(20, 0x6b76, size, data, 3, 1);
  }

  /** A list of bare offsets, at most 65,535. */
  list(keys: readonly number[]): number {
    return this.cell(4 + keys.length * 4, 0x696c | (keys.length << 16), ...keys);
  }

  /** A list of lists. */
  index(lists: readonly number[]): number {
    return this.cell(4 + lists.length * 4, 0x6972 | (lists.length << 16), ...lists);
  }

  /** Says which subkeys and values a key has. */
  fill(key: number, subkeys: readonly [count: number, list: number] | undefined, values?: readonly number[]): void {
    const at = 4096 + key + 4;
    if (subkeys !== undefined) {
      this.#view.setUint32(at + 20, subkeys[0], true);
      this.#view.setUint32(at + 28, subkeys[1], true);
    }
    if (values === undefined) return;
    this.#view.setUint32(at + 36, values.length, true);
    const list = this.cell(values.length * 4);
    values.forEach((value, i) => this.#view.setUint32(4096 + list + 4 + i * 4, value, true));
    this.#view.setUint32(at + 40, list, true);
  }

  /** The hive; what is left of the bin is a free cell. */
  finish(root: number, minor = 5): Uint8Array<ArrayBuffer> {
    const size = this.#bytes.length - 4096;
    this.#view.setUint32(4096, 0x6e69_6268, true);
    this.#view.setUint32(4096 + 8, size, true);
    if (this.#end < this.#bytes.length) this.#view.setInt32(this.#end, this.#bytes.length - this.#end, true);
    const fields = [
      [0, 0x6667_6572],
      [4, 1],
      [8, 1],
      [20, 1],
      [24, minor],
      [32, 1],
      [36, root],
      [40, size],
      [44, 1],
    ] as const;
    setBaseFields(this.#bytes, fields);
    return this.#bytes;
  }
}
