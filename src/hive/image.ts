import type { BaseBlock } from "./base-block.ts";
import { extentOfBins, readBaseBlock } from "./base-block.ts";
import { CellMap } from "./cell-map.ts";
import { HiveError } from "./hive-error.ts";
import { baseBlockSize } from "./layout.ts";
import { NameCache } from "./name-cache.ts";

/**
 * The bytes of a hive with checked access to its cells. Opening looks at the base block; the cells of a bin are looked at when the
 * first of them is asked for (`CellMap`).
 *
 * An image made by `claiming` hands a cell out at most once, which ends every loop and bounds all reading by the size of the file.
 */
export class HiveImage {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  /** The same bytes in pieces of 4 and of 2, for fields, which all lie at multiples of their size. */
  readonly words: Uint32Array;
  readonly halves: Uint16Array;
  readonly block: BaseBlock;
  /** Bytes of all bins. */
  readonly binsSize: number;
  readonly names: NameCache;
  /** Descriptors read so far, by the offset of their cell. */
  readonly securities: Map<number, Uint8Array | undefined> = new Map();
  readonly #map: CellMap;
  /** A bit for each 8 bytes of the bins: an allocated cell begins here, and a claiming image has not handed it out. */
  readonly #free: Uint32Array;
  readonly #isClaiming: boolean;
  /** Of a claiming image: 1 for a page whose cells are in `#free`. */
  readonly #known: Uint8Array;

  /** Throws HiveError. `shared`: another image of the same bytes, of which this one becomes a claiming view. */
  constructor(bytes: Uint8Array, shared?: HiveImage) {
    this.bytes = bytes.byteOffset % 4 === 0 ? bytes : bytes.slice();
    const { buffer, byteOffset, byteLength } = this.bytes;
    this.view = shared?.view ?? new DataView(buffer, byteOffset, byteLength);
    this.words = shared?.words ?? new Uint32Array(buffer, byteOffset, byteLength >>> 2);
    this.halves = shared?.halves ?? new Uint16Array(buffer, byteOffset, byteLength >>> 1);
    this.block = shared?.block ?? readBaseBlock(this.bytes, this.view);
    this.binsSize = shared?.binsSize ?? extentOfBins(this.bytes, this.view, this.block);
    this.names = shared?.names ?? new NameCache(this.bytes, this.words);
    this.#map = shared === undefined ? new CellMap(this.words, this.binsSize) : shared.#map;
    this.#isClaiming = shared !== undefined;
    const { starts, isComplete } = this.#map;
    this.#known = new Uint8Array(this.#isClaiming ? this.binsSize >>> 12 : 0);
    if (!this.#isClaiming) this.#free = starts;
    else if (isComplete) {
      this.#free = starts.slice();
      this.#known.fill(1);
    } else this.#free = new Uint32Array(starts.length);
  }

  /** A view of the same hive that hands out each cell once. */
  claiming(): HiveImage {
    return new HiveImage(this.bytes, this);
  }

  /** Steps of work so far: a cell scanned, an entry of a list read, 4 KiB of data put together. For tests. */
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
    return this.words[at >>> 2]!;
  }

  u16(at: number): number {
    return this.halves[at >>> 1]!;
  }

  /**
   * The allocated cell that the 32-bit field at file offset `at` points to: the file offset of its data, of which there are at least
   * `least` bytes. Throws HiveError when there is no such cell, or a claiming image handed it out before.
   */
  claim(at: number, least: number): number {
    const { words } = this;
    const free = this.#free;
    const offset = words[at >>> 2]!;
    const word = offset >>> 8;
    const mask = 1 << (offset >>> 3);
    // A bit is set for nothing beyond the bins.
    if ((offset & 7) !== 0 || word >= free.length || (free[word]! & mask) === 0) this.#look(at, offset);
    if (this.#isClaiming) free[word]! &= ~mask;
    const cell = baseBlockSize + offset;
    if (-(words[cell >>> 2]! | 0) - 4 < least) throw tooShort(cell, least);
    return cell + 4;
  }

  /** Takes over what the map knows of a bin when that was not done yet. Throws HiveError unless a cell begins there. */
  #look(at: number, offset: number): void {
    if (offset >= this.binsSize || (offset & 7) !== 0 || !this.#map.isAllocated(offset)) throw noCell(at, offset);
    if (!this.#isClaiming) return;
    if (this.#known[offset >>> 12] === 1) throw usedTwice(at, baseBlockSize + offset);
    const { from, to } = this.#map.binOf(offset);
    // Most bins have a page: loops are faster than `set` and `fill`.
    const { starts } = this.#map;
    for (let word = from >>> 8; word < to >>> 8; word++) this.#free[word] = starts[word]!;
    for (let page = from >>> 12; page < to >>> 12; page++) this.#known[page] = 1;
  }

  /** The capacity of the claimed cell whose data begin at file offset `data`. */
  lengthOf(data: number): number {
    return -(this.words[(data >>> 2) - 1]! | 0) - 4;
  }
}

function tooShort(cell: number, least: number): HiveError {
  return new HiveError(cell, `a cell is too short: it needs ${least} bytes for its data`);
}

function noCell(at: number, offset: number): HiveError {
  return new HiveError(at, `offset 0x${offset.toString(16)} is not that of an allocated cell`);
}

function usedTwice(at: number, cell: number): HiveError {
  return new HiveError(cell, `a cell is used twice, the second time from 0x${at.toString(16)}`);
}
