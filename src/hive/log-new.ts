/** Logs of Windows 8.1 and later: entries with checksums, each with the pages of one write. */
import { binAlignment } from "./layout.ts";
import { isBinsSize, logBaseSize } from "./log-base.ts";
import type { LogPage } from "./log-old.ts";
import { marvin32 } from "./marvin32.ts";

/** `HvLE`. */
export const entrySignature = 0x454c_7648;
/** Bytes of an entry before its page references. */
export const entryHead = 40;
/** Entries have sizes of multiples of this. */
export const entryAlignment = 512;

/** Fields of an entry. */
export const field = { size: 4, flags: 8, sequence: 12, binsSize: 16, pages: 20, hash1: 24, hash2: 32 } as const;

/** One write to a hive, in a log. */
export interface LogEntry {
  readonly sequence: number;
  readonly binsSize: number;
  readonly flags: number;
  readonly pages: readonly LogPage[];
}

/** A log as it is read: `ended` says why no more entries follow. */
export interface NewLog {
  readonly entries: readonly LogEntry[];
  readonly ended: string;
  /** What follows is neither free nor of an earlier round of the log, but an entry that is damaged, or one after others are missing. */
  readonly isCutShort: boolean;
}

/** The sound entries at the front of a log, each with the sequence after the one before. */
export function readNewLog(log: Uint8Array): NewLog {
  const view = new DataView(log.buffer, log.byteOffset, log.byteLength);
  const entries: LogEntry[] = [];
  let at = logBaseSize;
  let ended = "the log ends there";
  let isCutShort = false;
  while (at + entryHead <= log.length) {
    const entry = readEntry(view, at);
    if (typeof entry === "string") {
      ended = entry;
      isCutShort = view.getUint32(at, true) === entrySignature;
      break;
    }
    const before = entries.at(-1);
    if (before !== undefined && entry.sequence !== before.sequence + 1) {
      ended = `an entry with sequence ${entry.sequence} follows ${before.sequence}`;
      isCutShort = entry.sequence > before.sequence;
      break;
    }
    entries.push(entry);
    at += view.getUint32(at + field.size, true);
  }
  return { entries, ended, isCutShort };
}

function readEntry(view: DataView, at: number): LogEntry | string {
  const u32 = (offset: number): number => view.getUint32(at + offset, true);
  if (u32(0) !== entrySignature) return "what follows does not begin with HvLE";
  const size = u32(field.size);
  if (size < entryAlignment || size % entryAlignment !== 0 || size > view.byteLength - at)
    return `an entry of ${size} bytes does not fit the log`;
  const binsSize = u32(field.binsSize);
  if (!isBinsSize(binsSize)) return `the bins' size ${binsSize} in an entry is impossible`;
  const count = u32(field.pages);
  if (entryHead + count * 8 > size) return `an entry is too short for its ${count} pages`;
  if (!hasHash(view, at + field.hash1, at + entryHead, at + size)) return "the checksum of an entry's pages is wrong";
  if (!hasHash(view, at + field.hash2, at, at + field.hash2)) return "the checksum of an entry's head is wrong";
  const pages: LogPage[] = [];
  let from = at + entryHead + count * 8;
  for (let i = 0; i < count; i++) {
    const to = u32(entryHead + i * 8);
    const length = u32(entryHead + i * 8 + 4);
    if (to % binAlignment !== 0 || length % entryAlignment !== 0 || to + length > binsSize || from + length > at + size)
      return `an entry's page of ${length} bytes for offset ${to} is impossible`;
    pages.push({ from, to, size: length });
    from += length;
  }
  return { sequence: u32(field.sequence), binsSize, flags: u32(field.flags), pages };
}

function hasHash(view: DataView, hashAt: number, from: number, to: number): boolean {
  const [low, high] = marvin32(view, from, to);
  return view.getUint32(hashAt, true) === low && view.getUint32(hashAt + 4, true) === high;
}
