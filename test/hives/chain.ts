import { setBaseFields } from "./log-file.ts";

const none = 0xffff_ffff;
/** Bytes of a key named `k` and of its list of one subkey. */
const keyCell = 88;
const level = keyCell + 16;
const levelsInBin = Math.floor((4096 - 32) / level);

/** A 1.3 hive of keys named `k`, each the only subkey of the one before; the first is the root. All of it is sound but for its depth. */
export function chainHive(levels: number): Uint8Array<ArrayBuffer> {
  const bins = Math.ceil(levels / levelsInBin) + 1;
  const bytes = new Uint8Array(4096 + bins * 4096);
  const view = new DataView(bytes.buffer);
  const put = (at: number, ...values: number[]): void => {
    values.forEach((value, i) => {
      view.setUint32(at + i * 4, value, true);
    });
  };
  for (let bin = 0; bin < bins; bin++) {
    put(4096 + bin * 4096, 0x6e69_6268, bin * 4096, 4096);
    const used = bin === 0 ? 56 : Math.min(levelsInBin, levels - (bin - 1) * levelsInBin) * level;
    put(4096 + bin * 4096 + 32 + used, 4064 - used);
  }
  // One security cell, with the smallest descriptor that has an owner.
  put(4096 + 32, -56, 0x6b73, 32, 32, levels, 28, 0x8004_0001, 20, 0, 0, 0, 0);
  const offsetOf = (key: number): number =>
    (Math.floor(key / levelsInBin) + 1) * 4096 + 32 + (key % levelsInBin) * level;
  for (let key = 0; key < levels; key++) {
    const offset = offsetOf(key);
    const isLast = key === levels - 1;
    const nk = 4096 + offset + 4;
    put(nk - 4, -keyCell, 0x20_6b6e + (key === 0 ? 0xc_0000 : 0));
    put(nk + 16, key === 0 ? none : offsetOf(key - 1), isLast ? 0 : 1, 0, isLast ? none : offset + keyCell, none);
    put(nk + 40, none, 32, none, 2);
    put(nk + 72, 1, 0x6b);
    const list = 4096 + offset + keyCell;
    if (isLast) put(list, 16);
    else put(list, -16, 0x1_666c, offsetOf(key + 1), 0x6b);
  }
  setBaseFields(bytes, [
    [0, 0x6667_6572],
    [4, 1],
    [8, 1],
    [20, 1],
    [24, 3],
    [32, 1],
    [36, offsetOf(0)],
    [40, bins * 4096],
    [44, 1],
  ]);
  return bytes;
}
