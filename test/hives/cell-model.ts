/** A sound hive read again by few plain lines: which bytes of the file each key and value needs. Nothing of the product is used. */

/** A value: the ends of all cells that it needs, as file offsets. */
export interface ModelValue {
  readonly name: string;
  readonly data: Uint8Array;
  readonly ends: readonly number[];
}

/** A key; `time` is its FILETIME, which `cellModel` made different for each. */
export interface ModelKey {
  readonly name: string;
  readonly parent: ModelKey | undefined;
  readonly time: bigint;
  /** Where its own cell ends, and that of its list of values (0 without one). */
  readonly end: number;
  readonly valuesEnd: number;
  readonly values: readonly ModelValue[];
  readonly className: { readonly text: string; readonly ends: readonly number[] } | undefined;
}

const none = 0xffff_ffff;

/** All keys from the root down. Writes into each key's time where its cell is, so that it is found again whatever becomes of it. */
export function cellModel(bytes: Uint8Array): ModelKey[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const u16 = (at: number): number => view.getUint16(at, true);
  const u32 = (at: number): number => view.getUint32(at, true);
  const dataOf = (cell: number): number => 4096 + cell + 4;
  const endOf = (cell: number): number => 4096 + cell - view.getInt32(4096 + cell, true);
  const text = (at: number, size: number, narrow: boolean): string =>
    Buffer.from(bytes.subarray(at, at + size)).toString(narrow ? "latin1" : "utf16le");

  const valueOf = (cell: number): ModelValue => {
    const at = dataOf(cell);
    const name = text(at + 20, u16(at + 2), (u16(at + 16) & 1) !== 0);
    const size = u32(at + 4);
    if (size >= 0x8000_0000) return { name, data: bytes.slice(at + 8, at + 8 + (size & 7)), ends: [endOf(cell)] };
    if (size === 0) return { name, data: new Uint8Array(0), ends: [endOf(cell)] };
    const first = u32(at + 8);
    if (size <= 16_344 || u32(24) <= 3)
      return { name, data: bytes.slice(dataOf(first), dataOf(first) + size), ends: [endOf(cell), endOf(first)] };
    const list = u32(dataOf(first) + 4);
    const parts = Array.from({ length: u16(dataOf(first) + 2) }, (_, i) => u32(dataOf(list) + i * 4));
    const data = Buffer.concat(parts.map((part) => bytes.subarray(dataOf(part), dataOf(part) + 16_344)));
    return { name, data: data.subarray(0, size), ends: [cell, first, list, ...parts].map(endOf) };
  };
  const subkeysOf = (list: number): number[] => {
    const at = dataOf(list);
    const kind = text(at, 2, true);
    const step = kind === "ri" || kind === "li" ? 4 : 8;
    const entries = Array.from({ length: u16(at + 2) }, (_, i) => u32(at + 4 + i * step));
    return kind === "ri" ? entries.flatMap(subkeysOf) : entries;
  };

  const keys: ModelKey[] = [];
  const waiting: { cell: number; parent: ModelKey | undefined }[] = [{ cell: u32(36), parent: undefined }];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const at = dataOf(next.cell);
    view.setBigUint64(at + 4, BigInt(next.cell), true);
    const flags = u16(at + 2);
    const count = (flags & 0x40) === 0 ? u32(at + 36) : 0;
    const list = u32(at + 40);
    const ofClass = u32(at + 48);
    const key: ModelKey = {
      name: text(at + 76, u16(at + 72), (flags & 0x20) !== 0),
      parent: next.parent,
      time: BigInt(next.cell),
      end: endOf(next.cell),
      valuesEnd: count === 0 ? 0 : endOf(list),
      values: Array.from({ length: count }, (_, i) => valueOf(u32(dataOf(list) + i * 4))),
      className:
        ofClass === none ? undefined : { text: text(dataOf(ofClass), u16(at + 74), false), ends: [endOf(ofClass)] },
    };
    keys.push(key);
    if (u32(at + 20) > 0) for (const cell of subkeysOf(u32(at + 28))) waiting.push({ cell, parent: key });
  }
  return keys;
}
