import { HiveError } from "./hive-error.ts";
import { baseBlockSize, binAlignment, binHeaderSize, signature } from "./layout.ts";

/** What is known of a page: inside a bin whose cells nobody looked at, the first page of such a bin, or looked at. */
const page = { inside: 0, binBegins: 1, scanned: 2 } as const;

/**
 * Where the allocated cells of a hive begin. Making it looks at the heads of the bins only; the cells of a bin are scanned, and must
 * tile it,
 * when the first offset in it is asked for.
 */
export class CellMap {
  /** Steps of work so far, of the map and of the images that share it. */
  steps = 0;
  readonly #view: DataView;
  readonly #pages: Uint8Array;
  /** A bit for each 8 bytes of the bins: an allocated cell begins here. */
  readonly #starts: Uint32Array;

  /** Throws HiveError when the bins do not follow each other to `binsSize`. */
  constructor(view: DataView, binsSize: number) {
    this.#view = view;
    this.#pages = new Uint8Array(binsSize / binAlignment);
    this.#starts = new Uint32Array((binsSize >>> 8) + 1);
    for (let offset = 0; offset < binsSize; ) {
      this.#pages[offset / binAlignment] = page.binBegins;
      offset += binSizeAt(view, offset, binsSize);
    }
  }

  /** Whether an allocated cell begins at an offset below the size of the bins. Throws HiveError when its bin is damaged. */
  isAllocated(offset: number): boolean {
    if ((offset & 7) !== 0) return false;
    if (this.#pages[offset >>> 12] !== page.scanned) this.#scanBinOf(offset >>> 12);
    const bit = offset >>> 3;
    return (this.#starts[bit >>> 5]! & (1 << (bit & 31))) !== 0;
  }

  scanAll(): void {
    for (let at = 0; at < this.#pages.length; at++) if (this.#pages[at] === page.binBegins) this.#scanBinOf(at);
  }

  #scanBinOf(inside: number): void {
    let first = inside;
    while (this.#pages[first] !== page.binBegins) first--;
    const view = this.#view;
    const at = baseBlockSize + first * binAlignment;
    const end = at + view.getUint32(at + 8, true);
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
    this.#pages.fill(page.scanned, first, (end - baseBlockSize) / binAlignment);
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
