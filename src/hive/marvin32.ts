/** The checksum of log entries: Marvin32 with the seed that the registry uses (msuhanov/regf). */

/** 0x82EF4D887A4E55C5, the upper and the lower half. */
const seedHigh = 0x82ef_4d88;
const seedLow = 0x7a4e_55c5;

/** Marvin32 of a stretch of bytes: 64 bits, the lower half first. */
export function marvin32(view: DataView, from: number, to: number): readonly [low: number, high: number] {
  const words = (to - from) >>> 2;
  let rest = 0x80;
  for (let last = to - 1; last >= from + words * 4; last--) rest = (rest << 8) | view.getUint8(last);
  let low = seedLow | 0;
  let high = seedHigh | 0;
  // After the words comes what is left, then a round with nothing.
  for (let i = 0; i < words + 2; i++) {
    const word = i < words ? view.getInt32(from + i * 4, true) : i === words ? rest : 0;
    low = (low + word) | 0;
    high ^= low;
    low = (((low << 20) | (low >>> 12)) + high) | 0;
    high = (((high << 9) | (high >>> 23)) ^ low) | 0;
    low = (((low << 27) | (low >>> 5)) + high) | 0;
    high = (high << 19) | (high >>> 13);
  }
  return [low >>> 0, high >>> 0];
}
