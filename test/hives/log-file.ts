/** New-format log files made for tests. */
import { baseBlockChecksum } from "../../src/hive/base-block.ts";
import { marvin32 } from "../../src/hive/marvin32.ts";

/** Sets fields of a base block (offset, number) and its checksum, in place. */
export function setBaseFields(bytes: Uint8Array, fields: readonly (readonly [at: number, value: number])[]): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (const [at, value] of fields) view.setUint32(at, value, true);
  view.setUint32(508, baseBlockChecksum(view), true);
}

/** The pages of 4096 bytes in which two states of a hive differ, counted in the bins. */
export function pagesThatDiffer(before: Uint8Array, after: Uint8Array): number[] {
  const pages: number[] = [];
  for (let at = 4096; at < after.length; at += 4096) {
    const [a, b] = [before.subarray(at, at + 4096), after.subarray(at, at + 4096)];
    if (a.length !== b.length || !b.every((byte, i) => byte === a[i])) pages.push(at - 4096);
  }
  return pages;
}

/** An entry that turns one state of a hive into another; it says that the bins have `binsSize` bytes. */
export function logEntry(
  sequence: number,
  before: Uint8Array,
  after: Uint8Array,
  binsSize: number = after.length - 4096,
): Uint8Array<ArrayBuffer> {
  const pages = pagesThatDiffer(before, after);
  const size = Math.ceil((40 + pages.length * (8 + 4096)) / 512) * 512;
  const bytes = new Uint8Array(size);
  const view = new DataView(bytes.buffer);
  [0x454c_7648, size, 0, sequence, binsSize, pages.length].forEach((value, i) => {
    view.setUint32(i * 4, value, true);
  });
  pages.forEach((page, i) => {
    view.setUint32(40 + i * 8, page, true);
    view.setUint32(44 + i * 8, 4096, true);
    bytes.set(after.subarray(4096 + page, 8192 + page), 40 + pages.length * 8 + i * 4096);
  });
  setHash(view, 24, 40, size);
  setHash(view, 32, 0, 32);
  return bytes;
}

function setHash(view: DataView, hashAt: number, from: number, to: number): void {
  const [low, high] = marvin32(view, from, to);
  view.setUint32(hashAt, low, true);
  view.setUint32(hashAt + 4, high, true);
}

/** Makes the checksums of all entries of a log right, as far as one follows the other; in place. */
export function setEntryHashes(log: Uint8Array): void {
  const view = new DataView(log.buffer, log.byteOffset, log.byteLength);
  for (let at = 512; at + 40 <= log.length && view.getUint32(at, true) === 0x454c_7648; ) {
    const size = view.getUint32(at + 4, true);
    if (size < 40 || size > log.length - at) return;
    const entry = new DataView(log.buffer, log.byteOffset + at, size);
    setHash(entry, 24, 40, size);
    setHash(entry, 32, 0, 32);
    at += size;
  }
}

/** A log of entries; the first one has the sequence `first`. */
export function logFile(hive: Uint8Array, first: number, entries: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const head = hive.slice(0, 512);
  setBaseFields(head, [
    [4, first],
    [8, first],
    [28, 6],
  ]);
  const log = new Uint8Array(512 + entries.reduce((sum, { length }) => sum + length, 0));
  log.set(head);
  let at = 512;
  for (const entry of entries) {
    log.set(entry, at);
    at += entry.length;
  }
  return log;
}
