/**
 * Reads the partition table of a disk, MBR (with extended partitions) or GPT (UEFI 2.10 §5). Whatever is on the disk, the answer is a
 * table, none, or a sentence why it is damaged; only a disk that can't be read makes it reject.
 */
import { readGpt } from "./gpt.ts";
import { byOffset, type Partition, type PartitionTable, type ReadAt, view } from "./partition.ts";

/** Where the parts of an MBR are. */
const mbr = { length: 512, signature: 440, entries: 446, entryLength: 16, mark: 510 } as const;
const protective = 0xee;
const extended: readonly number[] = [0x05, 0x0f, 0x85];
/** More logical partitions than any system makes; a chain that goes on is damaged. */
const mostLogical = 128;

interface Entry {
  readonly kind: number;
  readonly start: number;
  readonly count: number;
}

/** @param size of the disk in bytes. @param sector its logical sector in bytes, 512 or 4096; undefined: found out, for images */
export async function readPartitionTable(read: ReadAt, size: number, sector?: number): Promise<PartitionTable> {
  const first = await read(0, mbr.length);
  const entries = entriesOf(first);
  if (entries === undefined) return { kind: "none" };
  if (entries.some(({ kind }) => kind === protective)) return readGpt(read, size, sector);
  const unit = sector ?? 512;
  const partitions: Partition[] = [];
  for (const [at, entry] of entries.entries()) {
    if (entry.kind === 0 || entry.count === 0) continue;
    if (!extended.includes(entry.kind)) partitions.push(partitionOf(at + 1, entry.start, entry.count, unit));
    else {
      const why = await readLogical(read, entry, unit, partitions);
      if (why !== undefined) return { kind: "damaged", why };
    }
  }
  const outside = partitions.find(({ offset, size: length }) => offset + length > size || offset === 0);
  if (outside !== undefined) return { kind: "damaged", why: `partition ${outside.number} does not lie on the disk` };
  const signature = view(first).getUint32(mbr.signature, true);
  return { kind: "mbr", signature, partitions: byOffset(partitions) };
}

/** The four entries; undefined when this sector is no partition table (another boot sector may carry the same mark). */
function entriesOf(bytes: Uint8Array): readonly Entry[] | undefined {
  if (bytes.length < mbr.length || bytes[mbr.mark] !== 0x55 || bytes[mbr.mark + 1] !== 0xaa) return undefined;
  const entries: Entry[] = [];
  for (let at = mbr.entries; at < mbr.mark; at += mbr.entryLength) {
    const status = bytes[at];
    if (status !== 0 && status !== 0x80) return undefined;
    entries.push({
      kind: bytes[at + 4] ?? 0,
      start: view(bytes).getUint32(at + 8, true),
      count: view(bytes).getUint32(at + 12, true),
    });
  }
  return entries;
}

/** Follows the chain of an extended partition; why it is damaged, or undefined. */
async function readLogical(read: ReadAt, area: Entry, unit: number, found: Partition[]): Promise<string | undefined> {
  const seen = new Set<number>();
  let at = area.start;
  for (let number = 5; ; ) {
    if (seen.has(at) || seen.size >= mostLogical) return "the chain of logical partitions has no end";
    seen.add(at);
    const [own, next] = entriesOf(await read(at * unit, mbr.length)) ?? [];
    if (own === undefined || next === undefined) return `there is no table of a logical partition at ${at * unit}`;
    if (own.kind !== 0 && own.count !== 0) {
      found.push(partitionOf(number, at + own.start, own.count, unit));
      number += 1;
    }
    if (next.kind === 0 || next.count === 0) return undefined;
    at = area.start + next.start;
  }
}

function partitionOf(number: number, start: number, count: number, unit: number): Partition {
  return { number, offset: start * unit, size: count * unit };
}
