import type { Value } from "../tree/value.ts";
import { inspectHive } from "./check.ts";
import { FreeSpace } from "./free-space.ts";
import { type Inspection, unknownAbove } from "./inspection.ts";
import { baseBlockSize, db, inlineData, keyFlag, latin1ValueName, nk, none, signature, vk } from "./layout.ts";
import { limits } from "./limits.ts";
import { decodeName } from "./names.ts";

/** A key or a value that was deleted and whose structure is still in free space. */
export interface DeletedEntry {
  readonly kind: "key" | "value";
  /** Where in the file its structure begins. */
  readonly offset: number;
  readonly name: string;
  /**
   * Path of a key, or of the key that a value belonged to, as far as it can be followed: what is above is `…` when it is not known any
   * more. undefined: a value that no deleted key claims.
   */
  readonly path: string | undefined;
  /** FILETIME of a key. */
  readonly lastWritten: bigint | undefined;
  /** Of a value; its data are what stands where they were. */
  readonly value: Value | undefined;
  /** Whether all bytes of the data lie in free space still. Always true for a key. */
  readonly whole: boolean;
}

/**
 * Deleted keys and values that can be made out in the free cells of a hive, in the order of their offsets. What was written into the
 * space since is
 * not seen as such: take it as evidence, not as fact. Throws nothing.
 */
export function deletedEntries(bytes: Uint8Array): DeletedEntry[] {
  const { inspection, keys } = inspectHive(bytes);
  const live = new Map(keys.keys.map(({ offset }, index) => [offset, index]));
  return new DeletedSearch(inspection, live).run();
}

/** A key in free space. */
interface LostKey {
  readonly name: string;
  readonly parent: number;
  path: string | undefined;
}

class DeletedSearch {
  readonly #inspection: Inspection;
  readonly #free: FreeSpace;
  /** Places of the keys that are there, by the file offset of their data. */
  readonly #live: ReadonlyMap<number, number>;
  readonly #keys = new Map<number, LostKey>();
  readonly #values: number[] = [];
  /**
   * Bytes of structures that may still be read, and of data: what looks like structures can lie across each other, and several can lead to
   * the same data.
   */
  #structures: number;
  #budget: number;

  constructor(inspection: Inspection, live: ReadonlyMap<number, number>) {
    this.#inspection = inspection;
    this.#free = new FreeSpace(inspection);
    this.#live = live;
    this.#structures = inspection.bytes.length;
    this.#budget = 2 * inspection.bytes.length;
  }

  run(): DeletedEntry[] {
    for (const [at, end] of this.#free.places()) {
      if (this.#looksLikeKey(at, end)) {
        if (this.#mayRead(nk.name + this.#inspection.u16(at + nk.nameLength))) this.#addKey(at);
      } else if (this.#looksLikeValue(at, end) && this.#mayRead(vk.name + this.#inspection.u16(at + vk.nameLength)))
        this.#values.push(at);
    }
    const owners = this.#owners();
    const keys = [...this.#keys].map(([offset, key]): DeletedEntry => {
      const lastWritten = this.#inspection.view.getBigUint64(offset + nk.lastWritten, true);
      const path = this.#pathOf(key);
      return { kind: "key", offset, name: key.name, path, lastWritten, value: undefined, whole: true };
    });
    const values = this.#values.map((offset): DeletedEntry => {
      const name = this.#nameAt(offset + vk.name, offset + vk.nameLength, this.#hasLatin1Value(offset));
      const { data, whole } = this.#dataOf(offset);
      const value = { name, type: this.#inspection.u32(offset + vk.type), data };
      return { kind: "value", offset, name, path: owners.get(offset), lastWritten: undefined, value, whole };
    });
    return [...keys, ...values].sort((a, b) => a.offset - b.offset);
  }

  #mayRead(size: number): boolean {
    if (size > this.#structures) return false;
    this.#structures -= size;
    return true;
  }

  #looksLikeKey(at: number, end: number): boolean {
    const inspection = this.#inspection;
    if (end - at < nk.name || inspection.u16(at) !== signature.key) return false;
    const length = inspection.u16(at + nk.nameLength);
    const latin1 = this.#hasLatin1Key(at);
    const parent = inspection.u32(at + nk.parent);
    return (
      length > 0 &&
      (latin1 || length % 2 === 0) &&
      length <= limits.keyNameUnits * (latin1 ? 1 : 2) &&
      nk.name + length <= end - at &&
      (parent === none || (parent % 8 === 0 && parent < inspection.bins.extent))
    );
  }

  #looksLikeValue(at: number, end: number): boolean {
    const inspection = this.#inspection;
    if (end - at < vk.name || inspection.u16(at) !== signature.value) return false;
    const length = inspection.u16(at + vk.nameLength);
    const size = inspection.u32(at + vk.dataSize);
    return (
      inspection.u16(at + vk.flags) <= 3 &&
      (this.#hasLatin1Value(at) || length % 2 === 0) &&
      vk.name + length <= end - at &&
      (size >= inlineData ? size - inlineData <= limits.inlineBytes : size <= inspection.bins.extent)
    );
  }

  #hasLatin1Key(at: number): boolean {
    return (this.#inspection.u16(at + nk.flags) & keyFlag.latin1Name) !== 0;
  }

  #hasLatin1Value(at: number): boolean {
    return (this.#inspection.u16(at + vk.flags) & latin1ValueName) !== 0;
  }

  #nameAt(at: number, lengthAt: number, latin1: boolean): string {
    return decodeName(this.#inspection.bytes, at, this.#inspection.u16(lengthAt), latin1);
  }

  #addKey(at: number): void {
    const name = this.#nameAt(at + nk.name, at + nk.nameLength, this.#hasLatin1Key(at));
    this.#keys.set(at, { name, parent: this.#inspection.u32(at + nk.parent), path: undefined });
  }

  /** Follows parents up to a key that is there, or as far as it goes. */
  #pathOf(key: LostKey): string {
    const chain: LostKey[] = [];
    let above: string | undefined;
    for (let at: LostKey | undefined = key; above === undefined; ) {
      if (at.path !== undefined) {
        above = at.path;
        break;
      }
      // Set at once, so that a ring of parents ends.
      at.path = unknownAbove;
      chain.push(at);
      const parent: number = baseBlockSize + at.parent + 4;
      const live = this.#live.get(parent);
      above = live === undefined ? undefined : this.#inspection.pathOf(live);
      at = this.#keys.get(parent);
      if (at === undefined) break;
    }
    let path = above ?? unknownAbove;
    for (const each of chain.reverse()) {
      if (path.length > limits.pathUnits) path = unknownAbove;
      path = path === "" ? each.name : `${path}\\${each.name}`;
      each.path = path;
    }
    return path;
  }

  /** Which deleted key a deleted value belonged to, by lists of values that are in free space too. */
  #owners(): Map<number, string> {
    const owners = new Map<number, string>();
    const values = new Set(this.#values);
    const inspection = this.#inspection;
    let work = inspection.bytes.length;
    for (const [at, key] of this.#keys) {
      const list = baseBlockSize + inspection.u32(at + nk.valueList) + 4;
      const end = this.#free.endAt(list);
      if (end === undefined) continue;
      const count = Math.min(inspection.u32(at + nk.values), (end - list) >>> 2, work);
      work -= count;
      for (let i = 0; i < count; i++) {
        const value = baseBlockSize + inspection.u32(list + i * 4) + 4;
        if (values.has(value) && !owners.has(value)) owners.set(value, this.#pathOf(key));
      }
    }
    return owners;
  }

  #dataOf(at: number): { data: Uint8Array; whole: boolean } {
    const inspection = this.#inspection;
    const field = inspection.u32(at + vk.dataSize);
    if (field >= inlineData) {
      return { data: inspection.bytes.subarray(at + vk.data, at + vk.data + field - inlineData), whole: true };
    }
    if (field > limits.segmentBytes && inspection.minor > 3) return this.#segments(at, field);
    return this.#freeBytes(inspection.u32(at + vk.data), field);
  }

  #freeBytes(offset: number, size: number): { data: Uint8Array; whole: boolean } {
    const from = baseBlockSize + offset + 4;
    const end = this.#free.endAt(from);
    const nothing = this.#inspection.bytes.subarray(0, 0);
    if (size === 0 || end === undefined) return { data: nothing, whole: size === 0 };
    const length = Math.min(size, end - from);
    if (length > this.#budget) return { data: nothing, whole: false };
    this.#budget -= length;
    return { data: this.#inspection.bytes.subarray(from, from + length), whole: length === size };
  }

  #segments(at: number, size: number): { data: Uint8Array; whole: boolean } {
    const inspection = this.#inspection;
    const nothing = { data: inspection.bytes.subarray(0, 0), whole: false };
    const count = Math.ceil(size / limits.segmentBytes);
    const head = this.#freeBytes(inspection.u32(at + vk.data), db.list + 4);
    if (!head.whole || 2 * size > this.#budget) return nothing;
    const headAt = baseBlockSize + inspection.u32(at + vk.data) + 4;
    const list = this.#freeBytes(inspection.u32(headAt + db.list), count * 4);
    if (inspection.u16(headAt) !== signature.bigData || !list.whole) return nothing;
    this.#budget -= size;
    const data = new Uint8Array(size);
    const listAt = baseBlockSize + inspection.u32(headAt + db.list) + 4;
    let whole = true;
    for (let i = 0; i < count; i++) {
      const least = Math.min(limits.segmentBytes, size - i * limits.segmentBytes);
      const part = this.#freeBytes(inspection.u32(listAt + i * 4), least);
      data.set(part.data, i * limits.segmentBytes);
      whole &&= part.whole;
    }
    return { data, whole };
  }
}
