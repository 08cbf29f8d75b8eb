import { decodeName } from "./names.ts";

/** Names kept at most, as a power of 2; a small hive has room for fewer. */
const mostBits = 12;
/** Shorter names have no four bytes to compare at once; longer ones are too rare to be worth keeping. */
const shortest = 4;
const longest = 64;

const noOffsets = new Uint32Array(0);
const noLengths = new Uint8Array(0);

/** Decodes names of values; they come again and again in a hive, and one seen lately costs no new string. */
export class NameCache {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  /** How far a hash is shifted to name a slot. */
  readonly #shift: number;
  /** Empty until the first name is asked for. */
  #kept: string[] = [];
  /** Where a kept name stands in the file, and its length; 0 for an empty slot. */
  #offsets = noOffsets;
  #lengths = noLengths;

  /** `view` is of the same bytes. */
  constructor(bytes: Uint8Array, view: DataView) {
    this.#bytes = bytes;
    this.#view = view;
    this.#shift = 32 - Math.min(mostBits, 26 - Math.clz32(bytes.length | 0xfff));
  }

  /** The name in `length` bytes at file offset `from`, stored with a byte or with two a unit. */
  decode(from: number, length: number, latin1: boolean): string {
    if (!latin1 || length > longest || length < shortest) return decodeName(this.#bytes, from, length, latin1);
    const view = this.#view;
    const first = view.getUint32(from, true);
    const last = view.getUint32(from + length - 4, true);
    const middle = view.getUint32(from + ((length - 4) >> 1), true);
    const hash = Math.imul(first ^ Math.imul(last, 31) ^ Math.imul(middle, 961) ^ length, 0x9e37_79b1);
    if (this.#kept.length === 0) this.#makeRoom();
    const slot = hash >>> this.#shift;
    if (this.#lengths[slot] === length && this.#isSame(this.#offsets[slot]!, from, length)) return this.#kept[slot]!;
    const name = decodeName(this.#bytes, from, length, true);
    this.#kept[slot] = name;
    this.#offsets[slot] = from;
    this.#lengths[slot] = length;
    return name;
  }

  #makeRoom(): void {
    const slots = 2 ** (32 - this.#shift);
    this.#kept = Array.from({ length: slots }, () => "");
    this.#offsets = new Uint32Array(slots);
    this.#lengths = new Uint8Array(slots);
  }

  #isSame(a: number, b: number, length: number): boolean {
    const view = this.#view;
    const last = length - 4;
    if (view.getUint32(a + last, true) !== view.getUint32(b + last, true)) return false;
    for (let i = 0; i < last; i += 4) if (view.getUint32(a + i, true) !== view.getUint32(b + i, true)) return false;
    return true;
  }
}
