import { decodeName } from "./names.ts";

/** Slots, as a power of 2. */
const slotBits = 12;
/** In smaller hives too few names come again: making room for them takes longer than decoding them. */
const smallHive = 1 << 16;
/** Longer names are too rare to be worth keeping. */
const longest = 64;
/** Of a 32-bit word the bytes that a name of 0 to 3 more bytes has in it. */
const masks = [0, 0xff, 0xffff, 0xff_ffff] as const;

const noHashes = new Int32Array(0);
const noPlaces = new Uint32Array(0);

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

  /** `words` are the same bytes. */
  constructor(bytes: Uint8Array, words: Uint32Array) {
    this.#bytes = bytes;
    this.#words = words;
    const slots = bytes.length < smallHive ? 0 : 1 << slotBits;
    for (let slot = 0; slot < slots; slot++) this.#kept.push("");
    this.#hashes = slots === 0 ? noHashes : new Int32Array(slots);
    this.#places = slots === 0 ? noPlaces : new Uint32Array(slots);
  }

  /** The name in `length` bytes at file offset `from`, a multiple of 4, stored with a byte or with two a unit. */
  decode(from: number, length: number, latin1: boolean): string {
    if (!latin1 || length > longest || length === 0 || this.#kept.length === 0)
      return decodeName(this.#bytes, from, length, latin1);
    const place = from >>> 2;
    const hash = this.#hash(place, length);
    const slot = hash >>> (32 - slotBits);
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
