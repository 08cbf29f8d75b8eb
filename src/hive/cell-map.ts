import { HiveError } from "./hive-error.ts";
import { baseBlockSize, binAlignment, binHeaderSize, signature } from "./layout.ts";

/**
 * Where the allocated cells of a hive begin. Making it looks at the heads of the bins only; the cells of a bin are scanned, and must
 * tile it,
 * when the first offset in it is asked for.
 */
export class CellMap {
  /** Steps of work so far, of the map and of the images that share it. */
  steps = 0;
  readonly #view: DataView;
  /** 1 for a page with which a bin begins. */
  readonly #begins: Uint8Array;
  /** 1 for a page of a bin whose cells were looked at. */
  readonly #scanned: Uint8Array;
  /** A bit for each 8 bytes of the bins: an allocated cell begins here. Of bins that were looked at. */
  readonly starts: Uint32Array;

  /** Throws HiveError when the bins do not follow each other to `binsSize`. */
  constructor(view: DataView, binsSize: number) {
    this.#view = view;
    this.#begins = new Uint8Array(binsSize / binAlignment);
    this.#scanned = new Uint8Array(this.#begins.length);
    this.starts = new Uint32Array((binsSize >>> 8) + 1);
    for (let offset = 0; offset < binsSize; ) {
      this.#begins[offset / binAlignment] = 1;
      offset += binSizeAt(view, offset, binsSize);
    }
  }

  /** Whether an allocated cell begins at an offset below the size of the bins. Throws HiveError when its bin is damaged. */
  isAllocated(offset: number): boolean {
    if ((offset & 7) !== 0) return false;
    if (this.#scanned[offset >>> 12] === 0) this.#scanBinOf(offset);
    const bit = offset >>> 3;
    return (this.starts[bit >>> 5]! & (1 << (bit & 31))) !== 0;
  }

  /** Where the bin that an offset lies in begins and ends. */
  binOf(offset: number): { readonly from: number; readonly to: number } {
    let first = offset >>> 12;
    while (this.#begins[first] === 0) first--;
    const from = first * binAlignment;
    return { from, to: from + this.#view.getUint32(baseBlockSize + from + 8, true) };
  }

  scanAll(): void {
    for (let at = 0; at < this.#begins.length; at++)
      if (this.#begins[at] === 1 && this.#scanned[at] === 0) this.#scanBinOf(at * binAlignment);
  }

  #scanBinOf(offset: number): void {
    const view = this.#view;
    const { from, to } = this.binOf(offset);
    const at = baseBlockSize + from;
    const end = baseBlockSize + to;
    for (let cell = at + binHeaderSize; cell < end; ) {
      const length = view.getInt32(cell, true);
      const taken = length < 0 ? -length : length;
      if (taken < 8 || (taken & 7) !== 0 || taken > end - cell)
        throw new HiveError(cell, `a cell of ${taken} bytes does not fit its bin`);
      if (length < 0) {
        const bit = (cell - baseBlockSize) >>> 3;
        this.starts[bit >>> 5]! |= 1 << (bit & 31);
      }
      this.steps++;
      cell += taken;
    }
    this.#scanned.fill(1, from / binAlignment, to / binAlignment);
  }
}

/** The size of the bin at an offset. Throws HiveError unless it is one. */
function binSizeAt(view: DataView, offset: number, binsSize: number): number {
  const at = baseBlockSize + offset;
  if (view.getUint32(at, true) !== signature.bin) throw new HiveError(at, "a bin does not begin with hbin");
  const own = view.getUint32(at + 4, true);
  if (own !== offset) throw new HiveError(at + 4, `a bin says that it is at 0x${own.toString(16)}`);
  const size = view.getUint32(at + 8, true);
  if (size === 0 || size % binAlignment !== 0 || size > binsSize - offset)
    throw new HiveError(at + 8, `a bin's size ${size} is impossible`);
  return size;
}
