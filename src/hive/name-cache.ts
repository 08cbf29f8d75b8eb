import { decodeName } from "./names.ts";

const slots = 8192;
/** Longer names are too rare to be worth keeping. */
const longest = 64;

/** Decodes names of a hive; names come again and again in hives, and one seen lately costs no new string. */
export class NameCache {
  readonly #bytes: Uint8Array;
  readonly #kept: (string | undefined)[] = [];

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  /** The name in `length` bytes at file offset `from`, stored with a byte or with two a unit. */
  decode(from: number, length: number, latin1: boolean): string {
    if (!latin1 || length > longest) return decodeName(this.#bytes, from, length, latin1);
    const bytes = this.#bytes;
    let hash = length;
    for (let i = 0; i < length; i++) hash = (Math.imul(hash, 31) + bytes[from + i]!) | 0;
    const slot = (hash ^ (hash >>> 13)) & (slots - 1);
    const kept = this.#kept[slot];
    if (kept !== undefined && kept.length === length) {
      let i = 0;
      while (i < length && kept.charCodeAt(i) === bytes[from + i]) i++;
      if (i === length) return kept;
    }
    const name = decodeName(bytes, from, length, true);
    if (this.#kept.length === 0) this.#kept.length = slots;
    this.#kept[slot] = name;
    return name;
  }
}
