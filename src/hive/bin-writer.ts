import type { Failure } from "../base/errors.ts";
import { fail } from "../base/errors.ts";
import { baseBlockSize, binAlignment, binHeaderSize, signature } from "./layout.ts";
import { limits } from "./limits.ts";

/** A growing file of bins. Cells are placed one behind the other; what a bin has left becomes a free cell. */
export class BinWriter {
  #bytes: Uint8Array<ArrayBuffer>;
  #view: DataView;
  /** End of the last bin, as a file offset. */
  #end = baseBlockSize;
  /** The bin being filled: where its next cell goes, and its end. */
  #next = 0;
  #stop = 0;

  /** About as many bytes are expected; with a good guess nothing is copied while the file grows. */
  constructor(expected: number) {
    this.#bytes = new Uint8Array(Math.max(1 << 14, expected));
    this.#view = new DataView(this.#bytes.buffer);
  }

  /** The file so far; good until the next `allocate`. */
  get bytes(): Uint8Array {
    return this.#bytes;
  }

  /** The same as `bytes`. */
  get view(): DataView {
    return this.#view;
  }

  /** Makes an allocated cell for `size` bytes of data, zeroed, and returns the file offset of its data. */
  allocate(size: number): number {
    if (size > limits.binsBytes) throw tooLarge();
    const taken = (size + 4 + 7) & ~7;
    let cell = this.#next;
    if (taken <= this.#stop - cell) {
      this.#next += taken;
    } else {
      cell = this.#addBin(taken);
      // The bin with more room left goes on being filled.
      if (this.#end - cell - taken > this.#stop - this.#next) {
        this.#free(this.#next, this.#stop);
        this.#next = cell + taken;
        this.#stop = this.#end;
      } else {
        this.#free(cell + taken, this.#end);
      }
    }
    this.#view.setInt32(cell, -taken, true);
    return cell + 4;
  }

  /** The size of all bins. */
  get binsSize(): number {
    return this.#end - baseBlockSize;
  }

  /** The file, its base block still zero but for what was written through `view`. */
  finish(): Uint8Array<ArrayBuffer> {
    this.#free(this.#next, this.#stop);
    this.#next = this.#stop;
    const bytes = this.#bytes;
    // A copy only when it gives much memory back.
    const isTight = bytes.length - this.#end < this.#end / 4;
    return isTight ? bytes.subarray(0, this.#end) : bytes.slice(0, this.#end);
  }

  /** Returns the file offset of the new bin's first cell. */
  #addBin(taken: number): number {
    const size = Math.ceil((taken + binHeaderSize) / binAlignment) * binAlignment;
    const at = this.#end;
    if (at + size - baseBlockSize > limits.binsBytes) throw tooLarge();
    this.#grow(at + size);
    this.#view.setUint32(at, signature.bin, true);
    this.#view.setUint32(at + 4, at - baseBlockSize, true);
    this.#view.setUint32(at + 8, size, true);
    this.#end = at + size;
    return at + binHeaderSize;
  }

  #free(from: number, to: number): void {
    if (from < to) this.#view.setInt32(from, to - from, true);
  }

  #grow(size: number): void {
    if (size <= this.#bytes.length) return;
    const bytes = new Uint8Array(Math.max(size, this.#bytes.length * 2));
    bytes.set(this.#bytes.subarray(0, this.#end));
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer);
  }
}

function tooLarge(): Failure {
  return fail("MORE_DATA", {
    happened: "The keys and values take more than the 2 GiB that a registry hive holds.",
    unchanged: "No hive was made.",
    next: "Make the tree smaller.",
  });
}
