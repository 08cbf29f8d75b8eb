/**
 * Random numbers from a seed. Every consumer draws from a stream of its own, named by what it decides, so that one more
 * draw in one place does not change what happens in another.
 */
export interface RandomStream {
  /** 32 random bits as an unsigned number. */
  bits(): number;
  /** 0 ≤ x < 1. */
  fraction(): number;
  /** A whole number, both ends included. */
  between(low: number, high: number): number;
  /** True with this probability; draws only when it is neither 0 nor 1. */
  chance(probability: number): boolean;
  /** One of `items`, which must not be empty. */
  pick<T>(items: readonly T[]): T;
  bytes(count: number): Uint8Array;
  /** An independent stream that depends only on the seed and the names that lead to it. */
  stream(name: string): RandomStream;
}

/** The root stream of a seed. */
export function randomFrom(seed: string | number): RandomStream {
  return new Xoshiro(String(seed));
}

/** xoshiro128**, by Blackman and Vigna; its state comes from a 128-bit hash of the stream's full name. */
class Xoshiro implements RandomStream {
  readonly #name: string;
  readonly #state: Uint32Array;

  constructor(name: string) {
    this.#name = name;
    this.#state = cyrb128(name);
  }

  bits(): number {
    const s = this.#state;
    const [s0, s1, s2, s3] = [s[0] ?? 0, s[1] ?? 0, s[2] ?? 0, s[3] ?? 0];
    const result = Math.imul(rotate(Math.imul(s1, 5), 7), 9) >>> 0;
    const t = s1 << 9;
    const n2 = s2 ^ s0;
    const n3 = s3 ^ s1;
    s[1] = s1 ^ n2;
    s[0] = s0 ^ n3;
    s[2] = n2 ^ t;
    s[3] = rotate(n3, 11);
    return result;
  }

  fraction(): number {
    return this.bits() / 0x1_0000_0000;
  }

  between(low: number, high: number): number {
    return low + Math.floor(this.fraction() * (high - low + 1));
  }

  chance(probability: number): boolean {
    if (probability <= 0) return false;
    return probability >= 1 || this.fraction() < probability;
  }

  pick<T>(items: readonly T[]): T {
    if (items.length === 0) throw new RangeError("Nothing to pick from.");
    return items[this.between(0, items.length - 1)] as T;
  }

  bytes(count: number): Uint8Array {
    const bytes = new Uint8Array(count);
    for (let i = 0; i < count; i++) bytes[i] = this.bits() >>> 24;
    return bytes;
  }

  stream(name: string): RandomStream {
    return new Xoshiro(`${this.#name}/${name}`);
  }
}

function rotate(x: number, by: number): number {
  return (x << by) | (x >>> (32 - by));
}

/** cyrb128: four 32-bit words from a text, every word depending on every unit of it. */
function cyrb128(text: string): Uint32Array {
  let h1 = 1779033703;
  let h2 = 3144134277;
  let h3 = 1013904242;
  let h4 = 2773480762;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    h1 = h2 ^ Math.imul(h1 ^ unit, 597399067);
    h2 = h3 ^ Math.imul(h2 ^ unit, 2869860233);
    h3 = h4 ^ Math.imul(h3 ^ unit, 951274213);
    h4 = h1 ^ Math.imul(h4 ^ unit, 2716044179);
  }
  h1 = Math.imul(h3 ^ (h1 >>> 18), 597399067);
  h2 = Math.imul(h4 ^ (h2 >>> 22), 2869860233);
  h3 = Math.imul(h1 ^ (h3 >>> 17), 951274213);
  h4 = Math.imul(h2 ^ (h4 >>> 19), 2716044179);
  return new Uint32Array([h1 ^ h2 ^ h3 ^ h4, h2 ^ h1, h3 ^ h1, (h4 ^ h1) | 1]);
}
