/** Logs of Windows XP to 8: a bitmap of changed pages of 512 bytes, and the pages. */
import type { LogBase } from "./log-base.ts";
import { logBaseSize } from "./log-base.ts";

const pageSize = 512;
/** `DIRT`. */
const dirtSignature = 0x5452_4944;

/** A stretch of bytes to be written into the bins: `from` in the log, `to` in the bins. */
export interface LogPage {
  readonly from: number;
  readonly to: number;
  readonly size: number;
}

/** The changed pages, or why the log holds none that can be used. */
export function readOldLog(log: Uint8Array, { binsSize }: LogBase): LogPage[] | string {
  const bitmap = logBaseSize + 4;
  const bitmapEnd = bitmap + binsSize / pageSize / 8;
  if (log.length < bitmapEnd) return "it ends inside its bitmap";
  const view = new DataView(log.buffer, log.byteOffset, log.byteLength);
  if (view.getUint32(logBaseSize, true) !== dirtSignature) return "its bitmap does not begin with DIRT";
  const pages: LogPage[] = [];
  let from = Math.ceil(bitmapEnd / pageSize) * pageSize;
  for (let page = 0; page < binsSize / pageSize; page++) {
    if ((log[bitmap + (page >>> 3)]! & (1 << (page & 7))) === 0) continue;
    if (from + pageSize > log.length) return "it ends before the last of its pages";
    pages.push({ from, to: page * pageSize, size: pageSize });
    from += pageSize;
  }
  return pages;
}
