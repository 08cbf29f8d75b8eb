/** GPT (UEFI 2.10 §5.3): header and entries with checksums, twice on the disk. */
import { crc32 } from "./crc32.ts";
import { byOffset, type Partition, type PartitionTable, type ReadAt, view } from "./partition.ts";

const mark = "EFI PART";
/** Offsets in the header. */
const field = {
  headerSize: 12,
  headerCrc: 16,
  own: 24,
  other: 32,
  guid: 56,
  entries: 72,
  count: 80,
  entrySize: 84,
  entriesCrc: 88,
} as const;
/** Bytes of the header that are defined, and of an entry. */
const smallest = { header: 92, entry: 128 } as const;
/** More entries than any system makes. */
const mostEntries = 4096;

interface Header {
  readonly guid: string;
  readonly partitions: readonly Partition[];
}

/** After a protective MBR. The second table counts only when the first is damaged. */
export async function readGpt(read: ReadAt, size: number, sector: number | undefined): Promise<PartitionTable> {
  const whys: string[] = [];
  for (const unit of sector === undefined ? [512, 4096] : [sector]) {
    const last = Math.floor(size / unit) - 1;
    for (const [at, notice] of [
      [1, ""],
      [last, "The partition table at the beginning of the disk is damaged; the one at its end was used."],
    ] as const) {
      const header = await readHeader(read, unit, at, last);
      if (typeof header !== "string") return { kind: "gpt", ...header, notice };
      whys.push(`at ${at * unit}: ${header}`);
    }
  }
  return { kind: "damaged", why: `no good GPT (${whys.join("; ")})` };
}

/** The table, or why there is none. */
async function readHeader(read: ReadAt, unit: number, at: number, last: number): Promise<Header | string> {
  if (at < 1) return "the disk is too small";
  const bytes = await read(at * unit, unit);
  if (bytes.length < unit || new TextDecoder("latin1").decode(bytes.subarray(0, 8)) !== mark) return "no header";
  const numbers = view(bytes);
  const length = numbers.getUint32(field.headerSize, true);
  if (length < smallest.header || length > unit) return "a header of a wrong length";
  const checked = bytes.slice(0, length);
  checked.fill(0, field.headerCrc, field.headerCrc + 4);
  if (crc32(checked) !== numbers.getUint32(field.headerCrc, true)) return "a header whose checksum is wrong";
  if (numbers.getBigUint64(field.own, true) !== BigInt(at)) return "a header of another place";
  const entryLength = numbers.getUint32(field.entrySize, true);
  const count = numbers.getUint32(field.count, true);
  if (entryLength < smallest.entry || entryLength > unit || count > mostEntries) return "entries of a wrong size";
  const from = numbers.getBigUint64(field.entries, true);
  if (from > BigInt(last)) return "entries that are not on the disk";
  const entries = await read(Number(from) * unit, count * entryLength);
  if (entries.length < count * entryLength) return "entries that end too soon";
  if (crc32(entries) !== numbers.getUint32(field.entriesCrc, true)) return "entries whose checksum is wrong";
  const partitions = partitionsOf(entries, entryLength, unit, last);
  return typeof partitions === "string" ? partitions : { guid: guidText(bytes, field.guid), partitions };
}

function partitionsOf(
  entries: Uint8Array,
  entryLength: number,
  unit: number,
  last: number,
): readonly Partition[] | string {
  const partitions: Partition[] = [];
  for (let at = 0; at + entryLength <= entries.length; at += entryLength) {
    if (entries.subarray(at, at + 16).every((byte) => byte === 0)) continue;
    const number = at / entryLength + 1;
    const from = view(entries).getBigUint64(at + 32, true);
    const to = view(entries).getBigUint64(at + 40, true);
    if (from < 1n || to < from || to > BigInt(last)) return `a partition ${number} that does not lie on the disk`;
    partitions.push({ number, offset: Number(from) * unit, size: Number(to - from + 1n) * unit });
  }
  return byOffset(partitions);
}

/** The first three parts are stored with their least significant byte first. */
function guidText(bytes: Uint8Array, at: number): string {
  const order = [3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15];
  const hex = order.map((index) => (bytes[at + index] ?? 0).toString(16).padStart(2, "0")).join("");
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
}
