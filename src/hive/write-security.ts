import { decodeLatin1 } from "./names.ts";
import type { BinWriter } from "./bin-writer.ts";
import { defaultSecurity } from "./default-security.ts";
import { baseBlockSize, signature, sk } from "./layout.ts";

/** The security cells of a hive being written: one for each distinct descriptor, in one ring, with counts of their users. */
export class SecurityWriter {
  readonly #bins: BinWriter;
  readonly #byIdentity = new Map<Uint8Array, number>();
  readonly #byContent = new Map<string, number>();
  readonly #cells: number[] = [];
  readonly #references: number[] = [];

  constructor(bins: BinWriter) {
    this.#bins = bins;
  }

  /** The cell offset for one more user of a descriptor. */
  use(descriptor: Uint8Array | undefined): number {
    const bytes = descriptor === undefined || descriptor.length === 0 ? defaultSecurity : descriptor;
    let index = this.#byIdentity.get(bytes);
    if (index === undefined) {
      const content = decodeLatin1(bytes, 0, bytes.length);
      index = this.#byContent.get(content) ?? this.#add(bytes);
      this.#byContent.set(content, index);
      this.#byIdentity.set(bytes, index);
    }
    this.#references[index]!++;
    return this.#cells[index]! - 4 - baseBlockSize;
  }

  #add(bytes: Uint8Array): number {
    const cell = this.#bins.allocate(sk.descriptor + bytes.length);
    const { view } = this.#bins;
    view.setUint16(cell, signature.security, true);
    view.setUint32(cell + sk.size, bytes.length, true);
    this.#bins.bytes.set(bytes, cell + sk.descriptor);
    this.#references.push(0);
    return this.#cells.push(cell) - 1;
  }

  /** Closes the ring and writes the counts; after the last `use`. */
  finish(): void {
    const { view } = this.#bins;
    const count = this.#cells.length;
    this.#cells.forEach((cell, i) => {
      view.setUint32(cell + sk.next, this.#cells[(i + 1) % count]! - 4 - baseBlockSize, true);
      view.setUint32(cell + sk.previous, this.#cells[(i + count - 1) % count]! - 4 - baseBlockSize, true);
      view.setUint32(cell + sk.references, this.#references[i]!, true);
    });
  }
}
