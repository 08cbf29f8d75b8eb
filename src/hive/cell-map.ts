import { HiveError } from "./hive-error.ts";
import { baseBlockSize, binAlignment, binHeaderSize, signature } from "./layout.ts";

/** Places in 32-bit words of the file, or numbers of them. */
const firstBin = baseBlockSize / 4;
const headWords = binHeaderSize / 4;

/**
 * Where the allocated cells of a hive begin. Making it looks at nothing: when an offset is asked for, the heads of the bins are followed
 * until there, and the cells of its bin are scanned, and must tile it.
 */
export class CellMap {
  /** Steps of work so far, of the map and of the images that share it. */
  steps = 0;
  /** The file as 32-bit words. */
  readonly #words: Uint32Array;
  readonly #binsSize: number;
  /** 1 for a page with which a bin begins, as far as the heads of the bins were followed: to this offset. */
  readonly #begins: Uint8Array;
  #followed = 0;
  /** 1 for a page of a bin whose cells were looked at; and how many pages are not. */
  readonly #scanned: Uint8Array;
  #left: number;
  /** A bit for each 8 bytes of the bins: an allocated cell begins here. Of bins that were looked at. */
  readonly starts: Uint32Array;

  /** `binsSize` is a multiple of the size of a page, and that many bytes are there. */
  constructor(words: Uint32Array, binsSize: number) {
    this.#words = words;
    this.#begins = new Uint8Array(binsSize / binAlignment);
    this.#scanned = new Uint8Array(this.#begins.length);
    this.#left = this.#begins.length;
    this.starts = new Uint32Array((binsSize >>> 8) + 1);
    this.#binsSize = binsSize;
  }

  /** Throws HiveError when the bins do not follow each other so far. */
  #follow(offset: number): void {
    while (this.#followed <= offset) {
      const size = binSizeAt(this.#words, this.#followed, this.#binsSize);
      this.#begins[this.#followed / binAlignment] = 1;
      this.#followed += size;
    }
  }

  /** All bins were looked at. */
  get isComplete(): boolean {
    return this.#left === 0;
  }

  /** Whether an allocated cell begins at an offset below the size of the bins. Throws HiveError when its bin is damaged. */
  isAllocated(offset: number): boolean {
    if ((offset & 7) !== 0) return false;
    if (this.#scanned[offset >>> 12] === 0) this.#scanBinOf(offset);
    const bit = offset >>> 3;
    return (this.starts[bit >>> 5]! & (1 << (bit & 31))) !== 0;
  }

  /** Where the bin that an offset lies in begins and ends; of one that was looked at. */
  binOf(offset: number): { readonly from: number; readonly to: number } {
    let first = offset >>> 12;
    while (this.#begins[first] === 0) first--;
    const from = first * binAlignment;
    return { from, to: from + this.#words[firstBin + (from >>> 2) + 2]! };
  }

  scanAll(): void {
    for (let from = 0; from < this.#binsSize; ) {
      this.#follow(from);
      const to = from + this.#words[firstBin + (from >>> 2) + 2]!;
      if (this.#scanned[from >>> 12] === 0) this.#scan(from, to);
      from = to;
    }
  }

  #scanBinOf(offset: number): void {
    this.#follow(offset);
    const { from, to } = this.binOf(offset);
    this.#scan(from, to);
  }

  #scan(from: number, to: number): void {
    const words = this.#words;
    const { starts } = this;
    const end = firstBin + (to >>> 2);
    let cells = 0;
    // The bits of 256 bytes are collected before they are written.
    let word = from >>> 8;
    let bits = 0;
    for (let cell = firstBin + (from >>> 2) + headWords; cell < end; ) {
      const length = words[cell]! | 0;
      const taken = length < 0 ? -length : length;
      if (taken < 8 || (taken & 7) !== 0 || taken > (end - cell) * 4)
        throw new HiveError(cell * 4, `a cell of ${taken} bytes does not fit its bin`);
      const bit = (cell - firstBin) >>> 1;
      if (bit >>> 5 !== word) {
        starts[word] = bits;
        bits = 0;
        word = bit >>> 5;
      }
      bits |= (length >>> 31) << (bit & 31);
      cells++;
      cell += taken >>> 2;
    }
    starts[word] = bits;
    this.steps += cells;
    for (let page = from >>> 12; page < to >>> 12; page++) this.#scanned[page] = 1;
    this.#left -= (to - from) >>> 12;
  }
}

/** The size of the bin at an offset. Throws HiveError unless it is one. */
function binSizeAt(words: Uint32Array, offset: number, binsSize: number): number {
  const at = firstBin + (offset >>> 2);
  if (words[at] !== signature.bin) throw new HiveError(at * 4, "a bin does not begin with hbin");
  const own = words[at + 1]!;
  if (own !== offset) throw new HiveError(at * 4 + 4, `a bin says that it is at 0x${own.toString(16)}`);
  const size = words[at + 2]!;
  if (size === 0 || size % binAlignment !== 0 || size > binsSize - offset)
    throw new HiveError(at * 4 + 8, `a bin's size ${size} is impossible`);
  return size;
}
