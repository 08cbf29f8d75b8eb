/** The checksum of log entries: Marvin32 with the seed that the registry uses (msuhanov/regf). */

/** 0x82EF4D887A4E55C5, the upper and the lower half. */
const seedHigh = 0x82ef_4d88;
const seedLow = 0x7a4e_55c5;

/** Marvin32 of a stretch of bytes: 64 bits, the lower half first. */
export function marvin32(view: DataView, from: number, to: number): readonly [low: number, high: number] {
  let low = seedLow | 0;
  let high = seedHigh | 0;
  const mix = (): void => {
    high ^= low;
    low = ((low << 20) | (low >>> 12)) + high;
    high = ((high << 9) | (high >>> 23)) ^ low;
    low = ((low << 27) | (low >>> 5)) + high;
    high = (high << 19) | (high >>> 13);
  };
  let at = from;
  for (; at + 4 <= to; at += 4) {
    low = (low + view.getInt32(at, true)) | 0;
    mix();
  }
  let rest = 0x80;
  for (let last = to - 1; last >= at; last--) rest = (rest << 8) | view.getUint8(last);
  low = (low + rest) | 0;
  mix();
  mix();
  return [low >>> 0, high >>> 0];
}
