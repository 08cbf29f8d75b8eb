import { equalBytes } from "../base/bytes.ts";
import { defaultSecurity } from "./default-security.ts";
import type { HiveMemory } from "./edit-memory.ts";
import { HiveError } from "./hive-error.ts";
import { nk, signature, sk } from "./layout.ts";
import { decodeLatin1 } from "./names.ts";

/** The security cells of a hive that is changed in place: shared by keys, in one ring. */
export class SecurityEditor {
  readonly #memory: HiveMemory;
  /** Cells by their descriptor; read when the first one is looked for. */
  #byContent: Map<string, number> | undefined;

  constructor(memory: HiveMemory) {
    this.#memory = memory;
  }

  /** The cell of a key. */
  cellOf(key: number): number {
    const cell = this.#memory.follow(key + nk.security, sk.descriptor);
    if (this.#memory.u16(cell) !== signature.security)
      throw new HiveError(cell, "a security cell does not begin with sk");
    return cell;
  }

  /** Gives a key that has none yet one more use of a cell. */
  share(key: number, cell: number): void {
    this.#memory.setU32(key + nk.security, this.#memory.offsetOf(cell));
    this.#memory.setU32(cell + sk.references, this.#memory.u32(cell + sk.references) + 1);
  }

  /** Ends the use by a key; the cell goes with its last user, as long as another one keeps the ring. */
  leave(key: number): void {
    const memory = this.#memory;
    const cell = this.cellOf(key);
    const left = memory.u32(cell + sk.references) - 1;
    memory.setU32(cell + sk.references, Math.max(0, left));
    if (left > 0) return;
    const next = memory.follow(cell + sk.next, sk.descriptor);
    const previous = memory.follow(cell + sk.previous, sk.descriptor);
    if (next === cell) return;
    memory.setU32(previous + sk.next, memory.offsetOf(next));
    memory.setU32(next + sk.previous, memory.offsetOf(previous));
    this.#byContent?.delete(this.#contentOf(cell));
    memory.free(cell);
  }

  /** Whether a key has this descriptor. */
  has(key: number, descriptor: Uint8Array | undefined): boolean {
    return equalBytes(this.#bytesOf(this.cellOf(key)), withDefault(descriptor));
  }

  /** The cell with a descriptor; a new one goes into the ring behind that of `near`, a key that has one. */
  cellFor(descriptor: Uint8Array | undefined, near: number): number {
    const memory = this.#memory;
    const bytes = withDefault(descriptor);
    const start = this.cellOf(near);
    this.#byContent ??= this.#readRing(start);
    const content = decodeLatin1(bytes, 0, bytes.length);
    const known = this.#byContent.get(content);
    if (known !== undefined) return known;
    const cell = memory.allocate(sk.descriptor + bytes.length);
    const next = memory.follow(start + sk.next, sk.descriptor);
    memory.setU16(cell, signature.security);
    memory.setU32(cell + sk.next, memory.offsetOf(next));
    memory.setU32(cell + sk.previous, memory.offsetOf(start));
    memory.setU32(cell + sk.size, bytes.length);
    memory.setBytes(cell + sk.descriptor, bytes);
    memory.setU32(start + sk.next, memory.offsetOf(cell));
    memory.setU32(next + sk.previous, memory.offsetOf(cell));
    this.#byContent.set(content, cell);
    return cell;
  }

  #readRing(start: number): Map<string, number> {
    const found = new Map<string, number>();
    const seen = new Set<number>();
    for (let cell = start; !seen.has(cell); cell = this.#memory.follow(cell + sk.next, sk.descriptor)) {
      seen.add(cell);
      found.set(this.#contentOf(cell), cell);
    }
    return found;
  }

  #bytesOf(cell: number): Uint8Array {
    const size = this.#memory.u32(cell + sk.size);
    if (size > this.#memory.lengthOf(cell) - sk.descriptor)
      throw new HiveError(cell + sk.size, `a descriptor of ${size} bytes is longer than its cell`);
    return this.#memory.bytes.subarray(cell + sk.descriptor, cell + sk.descriptor + size);
  }

  #contentOf(cell: number): string {
    const bytes = this.#bytesOf(cell);
    return decodeLatin1(bytes, 0, bytes.length);
  }
}

function withDefault(descriptor: Uint8Array | undefined): Uint8Array {
  return descriptor === undefined || descriptor.length === 0 ? defaultSecurity : descriptor;
}
