/** The bytes of a journal (docs/formats/journal.md): how they are made and what can be said about damaged ones. */
import { concatBytes, equalBytes } from "./bytes.ts";
import { sha256Bytes } from "./digest.ts";
import { fail } from "./errors.ts";

/** The most bytes of one record. */
export const longestRecord = 268435456;

const magic = new Uint8Array([0x43, 0x4c, 0x42, 0x4a]);
const version = 1;
const fixedHeader = 10;
const checksumLength = 8;
const recordHead = 5;
/** The first record of a group: everything before it had been fsynced when it was written. */
const startsGroup = 0x52;
const continuesGroup = 0x72;

/** What the next record's checksum is made from: the header's checksum and that of the record before. */
export interface Chain {
  readonly salt: Uint8Array;
  readonly last: Uint8Array;
}

/** What a journal's bytes hold before their torn tail, and where and with which chain the next record goes. */
export interface Scanned {
  readonly header: Uint8Array;
  readonly records: Uint8Array[];
  /** Bytes up to the end of the last whole record. */
  readonly end: number;
  readonly chain: Chain;
}

/** The first bytes of a journal: magic, version, the opaque `header` and its checksum, which also begins the chain of records. */
export function encodeHeader(header: Uint8Array): { bytes: Uint8Array; chain: Chain } {
  const fixed = new Uint8Array(fixedHeader);
  fixed.set(magic);
  const view = new DataView(fixed.buffer);
  view.setUint16(4, version, true);
  view.setUint32(6, header.length, true);
  const salt = sha256Bytes(fixed, header).slice(0, checksumLength);
  return { bytes: concatBytes([fixed, header, salt]), chain: { salt, last: salt } };
}

/** The bytes of records that are written and fsynced together. */
export function encodeGroup(chain: Chain, records: readonly Uint8Array[]): { bytes: Uint8Array; chain: Chain } {
  const parts: Uint8Array[] = [];
  let { last } = chain;
  for (const [index, record] of records.entries()) {
    const head = new Uint8Array(recordHead);
    head[0] = index === 0 ? startsGroup : continuesGroup;
    new DataView(head.buffer).setUint32(1, record.length, true);
    last = checksum(chain.salt, last, head, record);
    parts.push(head, record, last);
  }
  return { bytes: concatBytes(parts), chain: { salt: chain.salt, last } };
}

/**
 * Reads a journal's bytes up to a torn tail. Throws CLUSTERLOG_CORRUPT on damage in what had certainly been fsynced, so that
 * nothing acknowledged is taken for a torn tail; `path` is for the message.
 */
export function scanJournal(bytes: Uint8Array, path: string): Scanned {
  const { header, salt, end: headerEnd } = scanHeader(bytes, path);
  const records: Uint8Array[] = [];
  let at = headerEnd;
  let last = salt;
  for (let found = recordAt(bytes, at, salt, last); found?.whole === true; found = recordAt(bytes, at, salt, last)) {
    records.push(found.payload.slice());
    last = found.checksum;
    at = found.end;
  }
  if (at < bytes.length && isFollowedByGroup(bytes, at, salt, last)) {
    throw corrupt(
      path,
      at,
      `record ${records.length + 1} is damaged, and records that were written after it are there`,
    );
  }
  return { header, records, end: at, chain: { salt, last } };
}

function scanHeader(bytes: Uint8Array, path: string): { header: Uint8Array; salt: Uint8Array; end: number } {
  if (bytes.length < fixedHeader || !equalBytes(bytes.subarray(0, 4), magic))
    throw corrupt(path, 0, "it does not begin with CLBJ");
  const view = viewOf(bytes);
  const headerEnd = fixedHeader + view.getUint32(6, true);
  const end = headerEnd + checksumLength;
  if (end > bytes.length) throw corrupt(path, 6, "its header is cut off");
  const salt = sha256Bytes(bytes.subarray(0, headerEnd)).slice(0, checksumLength);
  if (!equalBytes(salt, bytes.subarray(headerEnd, end)))
    throw corrupt(path, headerEnd, "its header's checksum is wrong");
  const found = view.getUint16(4, true);
  if (found !== version) {
    throw fail("VERSION_NOT_SUPPORTED", {
      happened: `The journal ${path} has format version ${found}; this program knows version ${version}.`,
      unchanged: "The file was not changed.",
      next: "Open it with the version of clubar that wrote it, or a newer one.",
    });
  }
  return { header: bytes.slice(fixedHeader, headerEnd), salt, end };
}

interface FoundRecord {
  readonly starts: boolean;
  readonly payload: Uint8Array;
  /** As it should be. */
  readonly checksum: Uint8Array;
  /** Whether the stored checksum is that. */
  readonly whole: boolean;
  readonly end: number;
}

/** What stands at an offset; undefined when it is no record at all or would reach beyond the end. */
function recordAt(bytes: Uint8Array, at: number, salt: Uint8Array, last: Uint8Array): FoundRecord | undefined {
  if (at + recordHead + checksumLength > bytes.length) return undefined;
  const kind = bytes[at];
  if (kind !== startsGroup && kind !== continuesGroup) return undefined;
  const length = viewOf(bytes).getUint32(at + 1, true);
  const payloadEnd = at + recordHead + length;
  const end = payloadEnd + checksumLength;
  if (end > bytes.length) return undefined;
  const payload = bytes.subarray(at + recordHead, payloadEnd);
  const expected = checksum(salt, last, bytes.subarray(at, at + recordHead), payload);
  const whole = equalBytes(expected, bytes.subarray(payloadEnd, end));
  return { starts: kind === startsGroup, payload, checksum: expected, whole, end };
}

/**
 * Whether a whole record that starts a group stands somewhere after the damage at `at`. Its predecessor's checksum is
 * the one stored before it or, when just that one is damaged, the one computed.
 */
function isFollowedByGroup(bytes: Uint8Array, at: number, salt: Uint8Array, last: Uint8Array): boolean {
  const damaged = recordAt(bytes, at, salt, last);
  if (damaged !== undefined && isGroup(recordAt(bytes, damaged.end, salt, damaged.checksum))) return true;
  for (let place = bytes.indexOf(startsGroup, at + 1); place >= 0; place = bytes.indexOf(startsGroup, place + 1)) {
    if (isGroup(recordAt(bytes, place, salt, bytes.subarray(place - checksumLength, place)))) return true;
  }
  return false;
}

function isGroup(record: FoundRecord | undefined): boolean {
  return record?.whole === true && record.starts;
}

function checksum(salt: Uint8Array, last: Uint8Array, head: Uint8Array, payload: Uint8Array): Uint8Array {
  return sha256Bytes(salt, last, head, payload).slice(0, checksumLength);
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
}

function corrupt(path: string, offset: number, reason: string): Error {
  return fail("CLUSTERLOG_CORRUPT", {
    happened: `The journal ${path} is damaged at offset ${offset}: ${reason}.`,
    unchanged: "The file was not changed and nothing was read from it.",
    next: "Keep a copy of the file, check the disk, and take the state from another node or a backup.",
  });
}
