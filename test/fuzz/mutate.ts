/** Numbers below a bound, from a seed (mulberry32): the same seed gives the same mutations. */
export type Numbers = (below: number) => number;

export function numbersFrom(seed: number): Numbers {
  let state = seed | 0;
  return (below) => {
    state = (state + 0x6d2b_79f5) | 0;
    let n = Math.imul(state ^ (state >>> 15), 1 | state);
    n = (n + Math.imul(n ^ (n >>> 7), 61 | n)) ^ n;
    return ((n ^ (n >>> 14)) >>> 0) % Math.max(1, below);
  };
}

const awkward = [
  0, 1, 2, 3, 4, 5, 8, 0x20, 0x7f, 0x80, 0xff, 0x100, 0x1ff, 0x200, 0xfff, 0x1000, 0x3fd8, 0x3fd9, 0x7fff, 0x8000,
  0xffff, 0x1_0000, 0x7fff_ffff, 0x8000_0000, 0x8000_0004, 0xffff_fff0, 0xffff_fff8, 0xffff_ffff,
];

/**
 * One to six changes of a copy: bits, bytes, fields set to awkward numbers or to those of other fields, stretches moved, cut or
 * taken from `other`.
 */
export function mutate(original: Uint8Array, other: Uint8Array, next: Numbers): Uint8Array<ArrayBuffer> {
  let bytes = Uint8Array.from(original);
  for (let change = next(6); change >= 0 && bytes.length > 8; change--) bytes = changeOnce(bytes, other, next);
  return bytes;
}

function changeOnce(bytes: Uint8Array<ArrayBuffer>, other: Uint8Array, next: Numbers): Uint8Array<ArrayBuffer> {
  const view = new DataView(bytes.buffer);
  const field = (): number => next(Math.floor(bytes.length / 4)) * 4;
  // Half of the changes go near the front of the bins, where the heads and lists of small hives are.
  const at = next(2) === 0 ? next(bytes.length) : Math.min(bytes.length - 1, 4096 + next(4096));
  const aligned = Math.min(at & ~3, bytes.length - 4) & ~3;
  switch (next(9)) {
    case 0:
      bytes[at]! ^= 1 << next(8);
      break;
    case 1:
      bytes[at] = next(256);
      break;
    case 2:
      view.setUint32(aligned, awkward[next(awkward.length)]!, true);
      break;
    case 3:
      view.setUint32(aligned, view.getUint32(field(), true), true);
      break;
    case 4:
      view.setUint16(aligned + next(2) * 2, awkward[next(awkward.length)]! & 0xffff, true);
      break;
    case 5:
      view.setUint32(aligned, view.getUint32(aligned, true) + (next(65) - 32) * (next(2) === 0 ? 1 : 8), true);
      break;
    case 6:
      bytes.copyWithin(at, next(bytes.length), next(bytes.length));
      break;
    case 7:
      if (next(4) === 0) return bytes.slice(0, 1 + next(bytes.length));
      bytes.fill(next(2) === 0 ? 0 : 0xff, at, at + next(64));
      break;
    default: {
      const from = next(other.length);
      bytes.set(other.subarray(from, Math.min(from + next(256), from + bytes.length - at)), at);
    }
  }
  return bytes;
}
