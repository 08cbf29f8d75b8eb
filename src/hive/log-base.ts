import { baseBlockChecksum } from "./base-block.ts";
import { base, baseBlockSize, signature } from "./layout.ts";
import { limits } from "./limits.ts";

/** Bytes of the base block that a log has a copy of; what follows in a log begins there. */
export const logBaseSize = 512;

/** What the copy of the base block at the head of a log says. */
export interface LogBase {
  readonly format: "DIRT" | "HvLE";
  readonly sequence: number;
  /** FILETIME. */
  readonly lastWritten: bigint;
  readonly binsSize: number;
}

/** The head of a log, or why it is none. */
export function readLogBase(log: Uint8Array): LogBase | string {
  if (log.length === 0) return "it is empty";
  if (log.length < logBaseSize) return "it ends inside its base block";
  const view = new DataView(log.buffer, log.byteOffset, log.byteLength);
  const u32 = (at: number): number => view.getUint32(at, true);
  if (u32(0) !== signature.hive) return "it does not begin with regf";
  if (u32(base.checksum) !== baseBlockChecksum(view)) return "the checksum of its base block is wrong";
  const fileType = u32(base.fileType);
  if (fileType !== 1 && fileType !== 2 && fileType !== 6) return `its file type ${fileType} is not that of a log`;
  if (u32(base.primarySequence) !== u32(base.secondarySequence)) return "it was not written to its end";
  const binsSize = u32(base.binsSize);
  if (!isBinsSize(binsSize)) return `the bins' size ${binsSize} in it is impossible`;
  return {
    format: fileType === 6 ? "HvLE" : "DIRT",
    sequence: u32(base.primarySequence),
    lastWritten: view.getBigUint64(base.lastWritten, true),
    binsSize,
  };
}

/** Whether bins can have that size together. */
export function isBinsSize(size: number): boolean {
  return size > 0 && size % baseBlockSize === 0 && size <= limits.binsBytes;
}
