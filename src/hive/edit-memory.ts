import { fail } from "../base/errors.ts";
import { HiveError } from "./hive-error.ts";
import { HiveImage } from "./image.ts";
import { base, baseBlockSize, binAlignment, binHeaderSize, signature } from "./layout.ts";
import { limits } from "./limits.ts";

/** Free cells of this size and more share a list. */
const largestClass = 512;

/**
 * A hive in memory that can be changed: cells are allocated and freed as Windows does it, the smallest free one that is large enough
 * first, and
 * every page that changes is remembered. All places are file offsets; a cell is named by that of its data.
 */
export class HiveMemory {
  bytes: Uint8Array<ArrayBuffer>;
  view: DataView;
  readonly minor: number;
  /** Pages of 4096 bytes that changed, by their number in the file. */
  readonly dirty: Set<number> = new Set<number>();
  /** End of the last bin. */
  end: number;
  /** For each page of the bins the place where its bin begins. */
  readonly #binOf: number[] = [];
  /** Places of free cells by their size in units of 8 bytes. */
  readonly #free: Set<number>[] = Array.from({ length: largestClass + 1 }, () => new Set<number>());
  /** A bit for each of these sizes: there may be such a cell. */
  readonly #some = new Uint32Array((largestClass >>> 5) + 1);

  /** Throws HiveError when cells do not tile the bins. `bytes` is copied. */
  constructor(bytes: Uint8Array) {
    const image = new HiveImage(bytes);
    image.scanAll();
    this.minor = image.block.minor;
    this.end = baseBlockSize + image.binsSize;
    this.bytes = new Uint8Array(this.end + Math.max(1 << 16, image.binsSize >>> 3));
    this.bytes.set(bytes.subarray(0, this.end));
    this.view = new DataView(this.bytes.buffer);
    for (let bin = baseBlockSize; bin < this.end; ) {
      const stop = bin + this.u32(bin + 8);
      for (let at = bin; at < stop; at += binAlignment) this.#binOf.push(bin);
      for (let cell = bin + binHeaderSize; cell < stop; ) {
        const size = this.view.getInt32(cell, true);
        if (size > 0) this.#enter(cell, size);
        cell += Math.abs(size);
      }
      bin = stop;
    }
  }

  u16(at: number): number {
    return this.view.getUint16(at, true);
  }

  u32(at: number): number {
    return this.view.getUint32(at, true);
  }

  setU16(at: number, value: number): void {
    this.view.setUint16(at, value, true);
    this.#touch(at, 2);
  }

  setU32(at: number, value: number): void {
    this.view.setUint32(at, value, true);
    this.#touch(at, 4);
  }

  setU64(at: number, value: bigint): void {
    this.view.setBigUint64(at, value, true);
    this.#touch(at, 8);
  }

  setBytes(at: number, bytes: Uint8Array): void {
    this.bytes.set(bytes, at);
    this.#touch(at, bytes.length);
  }

  /** Moves `length` bytes inside a cell. */
  move(to: number, from: number, length: number): void {
    this.bytes.copyWithin(to, from, from + length);
    this.#touch(to, length);
  }

  #touch(at: number, length: number): void {
    for (let page = at >>> 12; page <= (at + Math.max(1, length) - 1) >>> 12; page++) this.dirty.add(page);
  }

  /** The cell that a 32-bit field points to. Throws HiveError when there is none, or its data are shorter than `least`. */
  follow(field: number, least = 0): number {
    const offset = this.u32(field);
    const cell = baseBlockSize + offset;
    const bin = this.#binOf[offset >>> 12];
    if (bin !== undefined && offset % 8 === 0 && cell >= bin + binHeaderSize) {
      const size = -this.view.getInt32(cell, true);
      if (size >= least + 4 && size <= bin + this.u32(bin + 8) - cell) return cell + 4;
    }
    throw new HiveError(field, `offset 0x${offset.toString(16)} is not that of a cell with ${least} bytes`);
  }

  /** The bytes that fit the data of a cell. */
  lengthOf(data: number): number {
    return -this.view.getInt32(data - 4, true) - 4;
  }

  /** How a cell is named in the hive. */
  offsetOf(data: number): number {
    return data - 4 - baseBlockSize;
  }

  /** A cell with room for `size` bytes, zeroed. */
  allocate(size: number): number {
    const taken = (size + 4 + 7) & ~7;
    const cell = this.#takeFree(taken) ?? this.#addBin(taken);
    const found = this.view.getInt32(cell, true);
    if (found > taken) this.#addFree(cell + taken, found - taken);
    this.bytes.fill(0, cell + 4, cell + taken);
    this.view.setInt32(cell, -taken, true);
    this.#touch(cell, taken);
    return cell + 4;
  }

  #takeFree(taken: number): number | undefined {
    for (
      let units = this.#nextSome(Math.min(taken >>> 3, largestClass));
      units >= 0;
      units = this.#nextSome(units + 1)
    ) {
      const cells = this.#free[units]!;
      if (cells.size === 0) this.#some[units >>> 5]! &= ~(1 << (units & 31));
      for (const cell of cells) {
        if (units === largestClass && this.view.getInt32(cell, true) < taken) continue;
        cells.delete(cell);
        return cell;
      }
    }
    return undefined;
  }

  /** The least size from one on that there may be a free cell of, in units of 8 bytes; -1 when there is none. */
  #nextSome(units: number): number {
    for (let word = units >>> 5; word < this.#some.length; word++) {
      const bits = this.#some[word]! & (word === units >>> 5 ? -1 << (units & 31) : -1);
      if (bits !== 0) return word * 32 + 31 - Math.clz32(bits & -bits);
    }
    return -1;
  }

  #enter(cell: number, size: number): void {
    const units = Math.min(size >>> 3, largestClass);
    this.#free[units]!.add(cell);
    this.#some[units >>> 5]! |= 1 << (units & 31);
  }

  /** Gives a cell back; free neighbours in its bin become one with it. */
  free(data: number): void {
    let cell = data - 4;
    let size = -this.view.getInt32(cell, true);
    const bin = this.#binOf[(cell - baseBlockSize) >>> 12]!;
    const stop = bin + this.u32(bin + 8);
    const after = cell + size;
    if (after < stop && this.view.getInt32(after, true) > 0) size += this.#leave(after);
    let before = bin + binHeaderSize;
    for (let next = before; next < cell; next += Math.abs(this.view.getInt32(next, true))) before = next;
    if (before < cell && this.view.getInt32(before, true) > 0) {
      size += this.#leave(before);
      cell = before;
    }
    this.#addFree(cell, size);
  }

  /** Takes a free cell out of its list; returns its size. */
  #leave(cell: number): number {
    const size = this.view.getInt32(cell, true);
    this.#free[Math.min(size >>> 3, largestClass)]!.delete(cell);
    return size;
  }

  #addFree(cell: number, size: number): void {
    this.view.setInt32(cell, size, true);
    this.#touch(cell, 4);
    this.#enter(cell, size);
  }

  #addBin(taken: number): number {
    const size = Math.ceil((taken + binHeaderSize) / binAlignment) * binAlignment;
    const bin = this.end;
    if (bin + size - baseBlockSize > limits.binsBytes) {
      throw fail("MORE_DATA", {
        happened: "The keys and values take more than the 2 GiB that a registry hive holds.",
        unchanged: "The file was not changed.",
        next: "Make the tree smaller.",
      });
    }
    if (bin + size > this.bytes.length) {
      const bytes = new Uint8Array(Math.max(bin + size, this.bytes.length + (this.bytes.length >>> 1)));
      bytes.set(this.bytes.subarray(0, bin));
      this.bytes = bytes;
      this.view = new DataView(bytes.buffer);
    }
    this.setU32(bin, signature.bin);
    this.setU32(bin + 4, bin - baseBlockSize);
    this.setU32(bin + 8, size);
    this.end = bin + size;
    for (let at = bin; at < this.end; at += binAlignment) this.#binOf.push(bin);
    this.#touch(bin, size);
    this.view.setInt32(bin + binHeaderSize, size - binHeaderSize, true);
    return bin + binHeaderSize;
  }

  /** Root key. */
  get root(): number {
    return this.follow(base.root);
  }
}
