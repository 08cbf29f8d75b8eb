/** Numbers below a bound, from a seed (mulberry32): the same seed gives the same mutations. */
export type Numbers = (below: number) => number;

export function numbersFrom(seed: number): Numbers {
  let state = seed | 0;
  return (below) => {
    state = (state + 0x6d2b_79f5) | 0;
    let n = Math.imul(state ^ (state >>> 15), 1 | state);
    n = (n + Math.imul(n ^ (n >>> 7), 61 | n)) ^ n;
    return ((n ^ (n >>> 14)) >>> 0) % (below > 1 ? below : 1);
  };
}

const awkward = [
  0, 1, 2, 3, 4, 5, 8, 0x20, 0x7f, 0x80, 0xff, 0x100, 0x1ff, 0x200, 0xfff, 0x1000, 0x3fd8, 0x3fd9, 0x7fff, 0x8000,
  0xffff, 0x1_0000, 0x7fff_ffff, 0x8000_0000, 0x8000_0004, 0xffff_fff0, 0xffff_fff8, 0xffff_ffff,
];

/** Where the numbers of a hive's structures are, by their signatures: nk, vk, sk, lf, lh, li, ri, db. */
const fields = new Map<number, readonly number[]>([
  [0x6b6e, [2, 4, 12, 16, 20, 24, 28, 36, 40, 44, 48, 52, 56, 60, 64, 72, 74]],
  [0x6b76, [2, 4, 8, 12, 16]],
  [0x6b73, [4, 8, 12, 16, 20, 24]],
  [0x666c, [2, 4, 8, 12, 16]],
  [0x686c, [2, 4, 8, 12, 16]],
  [0x696c, [2, 4, 8]],
  [0x6972, [2, 4, 8]],
  [0x6264, [2, 4]],
]);

/** One input at a time, changed where it stands: nothing is allocated for a mutation but a view of it. */
export class Mutator {
  readonly #bytes: Uint8Array<ArrayBuffer>;
  readonly #view: DataView;
  readonly #next: Numbers;
  readonly #words: readonly Uint8Array[];
  #length = 0;

  /** `room`: bytes of the longest input. `words`: texts worth putting in; with some, inputs are texts and parts of them move. */
  constructor(room: number, next: Numbers, words: readonly Uint8Array[] = []) {
    this.#bytes = new Uint8Array(room);
    this.#view = new DataView(this.#bytes.buffer);
    this.#next = next;
    this.#words = words;
  }

  /**
   * `original` with one to six changes: bits, bytes, fields set to awkward numbers or to those of other fields, stretches moved, cut or
   * taken from `other`. Good until the next call.
   */
  mutate(original: Uint8Array, other: Uint8Array): Uint8Array<ArrayBuffer> {
    this.#length = Math.min(original.length, this.#bytes.length);
    this.#bytes.set(original.length > this.#length ? original.subarray(0, this.#length) : original);
    for (let change = this.#next(6); change >= 0 && this.#length > 8; change--) this.#change(other);
    return this.#bytes.subarray(0, this.#length);
  }

  #change(other: Uint8Array): void {
    const next = this.#next;
    const length = this.#length;
    if (this.#words.length > 0 && next(2) === 0) {
      this.#changeText(other);
      return;
    }
    // Half of the changes go near the front of the bins, where the heads and lists of small hives are.
    const at = length < 8192 || next(2) === 0 ? next(length) : 4096 + next(4096);
    const aligned = Math.min(at & ~3, length - 4) & ~3;
    const view = this.#view;
    switch (next(11)) {
      case 0:
        this.#bytes[at]! ^= 1 << next(8);
        break;
      case 1:
        this.#bytes[at] = next(256);
        break;
      case 2:
        view.setUint32(aligned, awkward[next(awkward.length)]!, true);
        break;
      case 3:
        view.setUint32(aligned, view.getUint32(next(length >>> 2) * 4, true), true);
        break;
      case 4:
        view.setUint16(aligned + next(2) * 2, awkward[next(awkward.length)]!, true);
        break;
      case 5:
        view.setUint32(aligned, view.getUint32(aligned, true) + (next(65) - 32) * (next(2) === 0 ? 1 : 8), true);
        break;
      case 6:
        this.#bytes.copyWithin(at, next(length), next(length));
        break;
      case 7:
        if (next(8) === 0) this.#length = 1 + next(length);
        else this.#bytes.fill(next(2) === 0 ? 0 : 0xff, at, Math.min(length, at + next(64)));
        break;
      case 8:
        this.#take(other, at);
        break;
      default:
        this.#changeField(at);
    }
  }

  #take(other: Uint8Array, at: number): void {
    const from = this.#next(other.length);
    this.#bytes.set(other.subarray(from, Math.min(from + this.#next(256), from + this.#length - at)), at);
  }

  /** A number of the structure that begins at or behind a place, if there is one near. */
  #changeField(from: number): void {
    const next = this.#next;
    const view = this.#view;
    for (let at = (from & ~7) + 4; at + 84 <= this.#length && at < from + 1024; at += 8) {
      const offsets = fields.get(view.getUint16(at, true));
      if (offsets === undefined) continue;
      const field = at + offsets[next(offsets.length)]!;
      const how = next(5);
      if (how === 0) view.setUint32(field, awkward[next(awkward.length)]!, true);
      else if (how === 1) view.setUint16(field, awkward[next(awkward.length)]!, true);
      else if (how === 2) view.setUint32(field, view.getUint32(field, true) + next(17) - 8, true);
      else if (how === 3) view.setUint32(field, next(this.#length >>> 3) * 8, true);
      else view.setUint32(field, at - 4 - 4096, true);
      return;
    }
  }

  /** Puts a word or a stretch in, takes one out, or repeats one. */
  #changeText(other: Uint8Array): void {
    const next = this.#next;
    const at = next(this.#length + 1);
    if (next(4) === 0) {
      const end = Math.min(this.#length, at + next(64));
      this.#bytes.copyWithin(at, end, this.#length);
      this.#length -= end - at;
      return;
    }
    const from = next(other.length);
    const word = next(3) > 0 ? this.#words[next(this.#words.length)]! : other.subarray(from, from + next(128));
    if (this.#length + word.length > this.#bytes.length) return;
    this.#bytes.copyWithin(at + word.length, at, this.#length);
    this.#bytes.set(word, at);
    this.#length += word.length;
  }
}
