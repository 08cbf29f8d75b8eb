/** Writes partition tables of image files, for demonstrations and tests: the opposite of `readPartitionTable`. */
import { crc32 } from "./crc32.ts";
import { view } from "./partition.ts";

/** A table to write; offsets and sizes in bytes, multiples of `sector`. */
export interface NewTable {
  readonly id: { readonly signature: number } | { readonly guid: string };
  /** Of the whole disk. */
  readonly size: number;
  readonly sector: number;
  /** At most four on an MBR disk, 128 on a GPT disk. */
  readonly partitions: readonly { readonly offset: number; readonly size: number }[];
}

/** A stretch of bytes and where it belongs on the disk. */
export interface Piece {
  readonly at: number;
  readonly bytes: Uint8Array;
}

const entryCount = 128;
const entryLength = 128;

/** What to write where. */
export function newTable(table: NewTable): readonly Piece[] {
  return "signature" in table.id ? newMbr(table, table.id.signature) : newGpt(table, table.id.guid);
}

function newMbr({ partitions, sector }: NewTable, signature: number): readonly Piece[] {
  const entries = partitions.map(({ offset, size }) => ({ kind: 0x83, start: offset / sector, count: size / sector }));
  return [{ at: 0, bytes: masterBootRecord(signature, entries) }];
}

function masterBootRecord(
  signature: number,
  entries: readonly { readonly kind: number; readonly start: number; readonly count: number }[],
): Uint8Array {
  const bytes = new Uint8Array(512);
  view(bytes).setUint32(440, signature, true);
  for (const [index, { kind, start, count }] of entries.entries()) {
    const at = 446 + 16 * index;
    bytes[at + 4] = kind;
    view(bytes).setUint32(at + 8, start, true);
    view(bytes).setUint32(at + 12, count, true);
  }
  bytes[510] = 0x55;
  bytes[511] = 0xaa;
  return bytes;
}

function newGpt({ partitions, sector, size }: NewTable, guid: string): readonly Piece[] {
  const last = Math.floor(size / sector) - 1;
  const entries = new Uint8Array(entryCount * entryLength);
  for (const [index, partition] of partitions.entries()) {
    const at = index * entryLength;
    // Type "Linux filesystem" (0fc63daf-8483-4772-8e79-3d69d8477de4), and any id that differs.
    entries.set(guidBytes("0fc63daf-8483-4772-8e79-3d69d8477de4"), at);
    entries.set(guidBytes(guid), at + 16);
    entries[at + 16] = index + 1;
    const first = BigInt(partition.offset / sector);
    view(entries).setBigUint64(at + 32, first, true);
    view(entries).setBigUint64(at + 40, first + BigInt(partition.size / sector) - 1n, true);
  }
  const length = Math.ceil(entries.length / sector);
  const header = (own: number, other: number, at: number): Uint8Array =>
    gptHeader({ own, other, at, first: 2 + length, last: last - length - 1, guid, sector, entries });
  const protective = masterBootRecord(0, [{ kind: 0xee, start: 1, count: Math.min(last, 0xffffffff) }]);
  return [
    { at: 0, bytes: protective },
    { at: sector, bytes: header(1, last, 2) },
    { at: 2 * sector, bytes: entries },
    { at: (last - length) * sector, bytes: entries },
    { at: last * sector, bytes: header(last, 1, last - length) },
  ];
}

interface HeaderParts {
  readonly own: number;
  readonly other: number;
  readonly at: number;
  readonly first: number;
  readonly last: number;
  readonly guid: string;
  readonly sector: number;
  readonly entries: Uint8Array;
}

function gptHeader({ own, other, at, first, last, guid, sector, entries }: HeaderParts): Uint8Array {
  const bytes = new Uint8Array(sector);
  bytes.set(new TextEncoder().encode("EFI PART"));
  const numbers = view(bytes);
  numbers.setUint32(8, 0x10000, true);
  numbers.setUint32(12, 92, true);
  for (const [place, sectorNumber] of [
    [24, own],
    [32, other],
    [40, first],
    [48, last],
    [72, at],
  ] as const) {
    numbers.setBigUint64(place, BigInt(sectorNumber), true);
  }
  bytes.set(guidBytes(guid), 56);
  numbers.setUint32(80, entryCount, true);
  numbers.setUint32(84, entryLength, true);
  numbers.setUint32(88, crc32(entries), true);
  numbers.setUint32(16, crc32(bytes.subarray(0, 92)), true);
  return bytes;
}

function guidBytes(guid: string): Uint8Array {
  const hex = guid.replaceAll("-", "");
  const plain = Array.from({ length: 16 }, (_, index) => Number.parseInt(hex.slice(2 * index, 2 * index + 2), 16));
  return Uint8Array.from([3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15].map((index) => plain[index] ?? 0));
}
