import type { BaseBlock } from "./base-block.ts";
import { extentOfBins, readBaseBlock } from "./base-block.ts";
import { CellMap } from "./cell-map.ts";
import { HiveError } from "./hive-error.ts";
import { baseBlockSize } from "./layout.ts";
import { NameCache } from "./name-cache.ts";

/**
 * The bytes of a hive with checked access to its cells. Opening looks at the bins' heads; the cells of a bin are looked at when the
 * first of them is asked for (`CellMap`).
 *
 * An image made by `claiming` hands a cell out at most once, which ends every loop and bounds all reading by the size of the file.
 */
export class HiveImage {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  readonly block: BaseBlock;
  /** Bytes of all bins. */
  readonly binsSize: number;
  readonly names: NameCache;
  readonly #map: CellMap;
  readonly #claimed: Uint32Array | undefined;

  /** Throws HiveError. `shared`: another image of the same bytes, of which this one becomes a claiming view. */
  constructor(bytes: Uint8Array, shared?: HiveImage) {
    this.bytes = bytes;
    this.view = shared?.view ?? new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.block = shared?.block ?? readBaseBlock(bytes, this.view);
    this.binsSize = shared?.binsSize ?? extentOfBins(bytes, this.view, this.block);
    this.names = shared?.names ?? new NameCache(bytes);
    this.#map = shared === undefined ? new CellMap(this.view, this.binsSize) : shared.#map;
    this.#claimed = shared === undefined ? undefined : new Uint32Array((this.binsSize >>> 8) + 1);
  }

  /** A view of the same hive that hands out each cell once. */
  claiming(): HiveImage {
    return new HiveImage(this.bytes, this);
  }

  /** Steps of work so far: a cell scanned or asked for, an entry of a list read, 4 KiB of data put together. For tests. */
  get steps(): number {
    return this.#map.steps;
  }

  /** Counts steps. */
  worked(steps: number): void {
    this.#map.steps += steps;
  }

  /** Looks at the cells of all bins. Throws HiveError when they do not tile one. */
  scanAll(): void {
    this.#map.scanAll();
  }

  /** The 32-bit number at a file offset. */
  u32(at: number): number {
    return this.view.getUint32(at, true);
  }

  u16(at: number): number {
    return this.view.getUint16(at, true);
  }

  /**
   * The allocated cell that the 32-bit field at file offset `at` points to: the file offset of its data, of which there are at least
   * `least` bytes. Throws HiveError when there is no such cell, or a claiming image handed it out before.
   */
  claim(at: number, least: number): number {
    this.#map.steps++;
    const offset = this.view.getUint32(at, true);
    if (offset >= this.binsSize || !this.#map.isAllocated(offset)) throw noCell(at, offset);
    const cell = baseBlockSize + offset;
    if (this.#claimed !== undefined) {
      const bit = offset >>> 3;
      const mask = 1 << (bit & 31);
      if ((this.#claimed[bit >>> 5]! & mask) !== 0) throw usedTwice(at, cell);
      this.#claimed[bit >>> 5]! |= mask;
    }
    if (-this.view.getInt32(cell, true) - 4 < least)
      throw new HiveError(cell, `a cell is too short: it needs ${least} bytes for its data`);
    return cell + 4;
  }

  /** The capacity of the claimed cell whose data begin at file offset `data`. */
  lengthOf(data: number): number {
    return -this.view.getInt32(data - 4, true) - 4;
  }
}

function noCell(at: number, offset: number): HiveError {
  return new HiveError(at, `offset 0x${offset.toString(16)} is not that of an allocated cell`);
}

function usedTwice(at: number, cell: number): HiveError {
  return new HiveError(cell, `a cell is used twice, the second time from 0x${at.toString(16)}`);
}
