/** The log of a write to a hive, as Windows 8.1 and later make it (`log-new.ts`). */
import { baseBlockChecksum } from "./base-block.ts";
import { base, baseBlockSize } from "./layout.ts";
import { logBaseSize } from "./log-base.ts";
import { entryAlignment, entryHead, entrySignature, field } from "./log-new.ts";
import { marvin32 } from "./marvin32.ts";

/** A log with one entry: `block` is the base block after the write, pages have file offsets. */
export function writeLog(
  block: Uint8Array,
  sequence: number,
  binsSize: number,
  pages: readonly { readonly at: number; readonly bytes: Uint8Array }[],
): Uint8Array<ArrayBuffer> {
  const data = pages.reduce((sum, { bytes }) => sum + bytes.length, 0);
  const size = Math.ceil((entryHead + pages.length * 8 + data) / entryAlignment) * entryAlignment;
  const log = new Uint8Array(logBaseSize + size);
  log.set(block.subarray(0, logBaseSize));
  const view = new DataView(log.buffer);
  view.setUint32(base.fileType, 6, true);
  view.setUint32(base.checksum, baseBlockChecksum(view), true);
  const put = (at: number, value: number): void => view.setUint32(logBaseSize + at, value, true);
  put(0, entrySignature);
  put(field.size, size);
  put(field.flags, view.getUint32(base.flags, true) & 1);
  put(field.sequence, sequence);
  put(field.binsSize, binsSize);
  put(field.pages, pages.length);
  let to = logBaseSize + entryHead + pages.length * 8;
  pages.forEach(({ at, bytes }, i) => {
    put(entryHead + i * 8, at - baseBlockSize);
    put(entryHead + i * 8 + 4, bytes.length);
    log.set(bytes, to);
    to += bytes.length;
  });
  putHash(view, field.hash1, entryHead, size);
  putHash(view, field.hash2, 0, field.hash2);
  return log;
}

function putHash(view: DataView, hashAt: number, from: number, to: number): void {
  const [low, high] = marvin32(view, logBaseSize + from, logBaseSize + to);
  view.setUint32(logBaseSize + hashAt, low, true);
  view.setUint32(logBaseSize + hashAt + 4, high, true);
}
