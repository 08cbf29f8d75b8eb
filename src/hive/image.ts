import type { BaseBlock } from "./base-block.ts";
import { extentOfBins, readBaseBlock } from "./base-block.ts";
import { HiveError } from "./hive-error.ts";
import { baseBlockSize, binAlignment, binHeaderSize, signature } from "./layout.ts";

/** File offset as text. */
const hex = (n: number): string => `0x${n.toString(16)}`;

/**
 * The bytes of a hive with checked access to its cells.
 *
 * Opening scans all bins once: cells must tile their bin, and where an allocated cell begins is kept in a bit set. A cell is
 * handed out at most once (`claim`), which ends every loop and bounds all reading by the size of the file.
 */
export class HiveImage {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  readonly block: BaseBlock;
  /** Steps of work so far: a cell scanned or claimed, an entry of a list read, 4 KiB of data put together. For tests. */
  steps = 0;
  readonly #binsSize: number;
  /** A bit for each 8 bytes of the bins: an allocated cell begins here. */
  readonly #starts: Uint32Array;
  readonly #claimed: Uint32Array;

  /** Throws HiveError. */
  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.block = readBaseBlock(bytes, this.view);
    this.#binsSize = extentOfBins(bytes, this.view, this.block);
    this.#starts = new Uint32Array((this.#binsSize >>> 8) + 1);
    this.#claimed = new Uint32Array(this.#starts.length);
    let offset = 0;
    while (offset < this.#binsSize) offset += this.#scanBin(offset);
  }

  #scanBin(offset: number): number {
    const { view } = this;
    const at = baseBlockSize + offset;
    if (view.getUint32(at, true) !== signature.bin) throw new HiveError(at, "a bin does not begin with hbin");
    if (view.getUint32(at + 4, true) !== offset)
      throw new HiveError(at + 4, `a bin says that it is at ${hex(view.getUint32(at + 4, true))}`);
    const size = view.getUint32(at + 8, true);
    if (size === 0 || size % binAlignment !== 0 || size > this.#binsSize - offset) {
      throw new HiveError(at + 8, `a bin's size ${size} is impossible`);
    }
    const end = at + size;
    for (let cell = at + binHeaderSize; cell < end; ) {
      const length = view.getInt32(cell, true);
      const taken = length < 0 ? -length : length;
      if (taken < 8 || (taken & 7) !== 0 || taken > end - cell)
        throw new HiveError(cell, `a cell of ${taken} bytes does not fit its bin`);
      if (length < 0) {
        const bit = (cell - baseBlockSize) >>> 3;
        this.#starts[bit >>> 5]! |= 1 << (bit & 31);
      }
      this.steps++;
      cell += taken;
    }
    return size;
  }

  /** The 32-bit number at a file offset. */
  u32(at: number): number {
    return this.view.getUint32(at, true);
  }

  u16(at: number): number {
    return this.view.getUint16(at, true);
  }

  /**
   * Takes the allocated cell that the 32-bit field at file offset `at` points to and returns the file offset of its data, of
   * which there are at least `least` bytes. Throws HiveError when there is no such cell or it was taken before.
   */
  claim(at: number, least: number): number {
    this.steps++;
    const offset = this.view.getUint32(at, true);
    const bit = offset >>> 3;
    const mask = 1 << (bit & 31);
    if (offset >= this.#binsSize || (offset & 7) !== 0 || (this.#starts[bit >>> 5]! & mask) === 0) {
      throw new HiveError(at, `offset ${hex(offset)} is not that of an allocated cell`);
    }
    const cell = baseBlockSize + offset;
    if ((this.#claimed[bit >>> 5]! & mask) !== 0)
      throw new HiveError(cell, `a cell is used twice, the second time from ${hex(at)}`);
    this.#claimed[bit >>> 5]! |= mask;
    if (this.lengthOf(cell + 4) < least)
      throw new HiveError(cell, `a cell is too short: it needs ${least} bytes for its data`);
    return cell + 4;
  }

  /** The capacity of the claimed cell whose data begin at file offset `data`. */
  lengthOf(data: number): number {
    return -this.view.getInt32(data - 4, true) - 4;
  }
}
