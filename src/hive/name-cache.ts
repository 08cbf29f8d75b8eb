import { decodeName } from "./names.ts";

/** Slots, as a power of 2: of a small hive fewer. */
const mostBits = 12;
/** Longer names are too rare to be worth keeping. */
const longest = 64;
/** Of a 32-bit word the bytes that a name of 0 to 3 more bytes has in it. */
const masks = [0, 0xff, 0xffff, 0xff_ffff] as const;

/**
 * Decodes names. Many come again and again in a hive: one that is met a second time is kept, and costs no new string from then on. Names
 * that come once, as GUIDs do, leave nothing behind but a number.
 */
export class NameCache {
  readonly #bytes: Uint8Array;
  readonly #words: Uint32Array;
  readonly #kept: string[] = [];
  /** The hash of the name that was met last in a slot. */
  readonly #hashes: Int32Array;
  /** Where a kept name stands in the file, in words; 0 for none. */
  readonly #places: Uint32Array;
  /** How far a hash is shifted to name a slot. */
  readonly #shift: number;

  /** `words` are the same bytes. */
  constructor(bytes: Uint8Array, words: Uint32Array) {
    this.#bytes = bytes;
    this.#words = words;
    const bits = Math.min(mostBits, 26 - Math.clz32(bytes.length | 0xfff));
    this.#shift = 32 - bits;
    for (let slot = 0; slot < 1 << bits; slot++) this.#kept.push("");
    this.#hashes = new Int32Array(1 << bits);
    this.#places = new Uint32Array(1 << bits);
  }

  /** The name in `length` bytes at file offset `from`, a multiple of 4, stored with a byte or with two a unit. */
  decode(from: number, length: number, latin1: boolean): string {
    if (!latin1 || length > longest || length === 0) return decodeName(this.#bytes, from, length, latin1);
    const place = from >>> 2;
    const hash = this.#hash(place, length);
    const slot = hash >>> this.#shift;
    if (this.#hashes[slot] !== hash) {
      this.#hashes[slot] = hash;
      this.#places[slot] = 0;
      return decodeName(this.#bytes, from, length, true);
    }
    const known = this.#places[slot]!;
    const kept = this.#kept[slot]!;
    if (known !== 0 && kept.length === length && this.#isSame(known, place, length)) return kept;
    const name = decodeName(this.#bytes, from, length, true);
    this.#kept[slot] = name;
    this.#places[slot] = place;
    return name;
  }

  #hash(place: number, length: number): number {
    const words = this.#words;
    const end = place + (length >>> 2);
    let hash = length ^ (words[end]! & masks[(length & 3) as 0]);
    for (let at = place; at < end; at++) hash = Math.imul(hash, 31) ^ words[at]!;
    return Math.imul(hash, 0x9e37_79b1);
  }

  #isSame(a: number, b: number, length: number): boolean {
    const words = this.#words;
    const whole = length >>> 2;
    for (let i = 0; i < whole; i++) if (words[a + i] !== words[b + i]) return false;
    return ((words[a + whole]! ^ words[b + whole]!) & masks[(length & 3) as 0]) === 0;
  }
}
