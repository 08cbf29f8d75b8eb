import { decodeUtf16 } from "../base/bytes.ts";
import { HiveError } from "./hive-error.ts";
import { base, baseBlockSize, binAlignment, signature } from "./layout.ts";
import { limits } from "./limits.ts";
import { writeName } from "./names.ts";

/** What the first 4096 bytes say. */
export interface BaseBlock {
  readonly primarySequence: number;
  readonly secondarySequence: number;
  /** FILETIME. */
  readonly lastWritten: bigint;
  /** 3 to 6. */
  readonly minor: number;
  /** Offset of the root's cell. */
  readonly root: number;
  /** The size of all bins as written; not to be trusted when the checksum is wrong. */
  readonly binsSize: number;
  /** The last characters of the path of the file, for people. */
  readonly fileName: string;
  readonly checksumRight: boolean;
}

/** The last write did not finish or the checksum is wrong: changes may sit in log files. */
export function isDirty(block: BaseBlock): boolean {
  return !block.checksumRight || block.primarySequence !== block.secondarySequence;
}

/** Why a block is dirty, as the end of a sentence without its full stop. */
export function whyDirty({ checksumRight, primarySequence, secondarySequence }: BaseBlock): string {
  const isUnfinished = primarySequence !== secondarySequence;
  if (checksumRight) return "its last write did not finish";
  return isUnfinished
    ? "the checksum of its head is wrong, and by its head its last write did not finish"
    : "the checksum of its head is wrong";
}

/** The checksum over the first 508 bytes. */
export function baseBlockChecksum(view: DataView): number {
  let sum = 0;
  for (let at = 0; at < base.checksum; at += 4) sum ^= view.getUint32(at, true);
  sum >>>= 0;
  if (sum === 0) return 1;
  return sum === 0xffff_ffff ? 0xffff_fffe : sum;
}

/** Throws HiveError when the file is no hive or a version that this reader does not know. */
export function readBaseBlock(bytes: Uint8Array, view: DataView): BaseBlock {
  if (bytes.length < 4 || view.getUint32(0, true) !== signature.hive)
    throw new HiveError(0, "the file does not begin with regf");
  if (bytes.length < baseBlockSize) throw new HiveError(bytes.length, "the file ends inside the base block");
  const u32 = (at: number): number => view.getUint32(at, true);
  if (u32(base.major) !== 1) throw new HiveError(base.major, `major version ${u32(base.major)} is not supported`);
  const minor = u32(base.minor);
  if (minor < 3 || minor > 6) throw new HiveError(base.minor, `minor version ${minor} is not supported (3 to 6 are)`);
  if (u32(base.fileType) !== 0)
    throw new HiveError(base.fileType, `file type ${u32(base.fileType)} is not a hive but a log`);
  if (u32(base.format) !== 1) throw new HiveError(base.format, `format ${u32(base.format)} is not supported`);
  const fileName = decodeUtf16(bytes.subarray(base.fileName, base.fileName + base.fileNameSize));
  const end = fileName.indexOf("\0");
  return {
    primarySequence: u32(base.primarySequence),
    secondarySequence: u32(base.secondarySequence),
    lastWritten: view.getBigUint64(base.lastWritten, true),
    minor,
    root: u32(base.root),
    binsSize: u32(base.binsSize),
    fileName: end < 0 ? fileName : fileName.slice(0, end),
    checksumRight: u32(base.checksum) === baseBlockChecksum(view),
  };
}

/** Writes the base block of a clean hive. */
export function writeBaseBlock(
  view: DataView,
  block: { time: bigint; minor: number; root: number; binsSize: number; fileName: string },
): void {
  const put = (at: number, value: number): void => view.setUint32(at, value, true);
  put(0, signature.hive);
  put(base.primarySequence, 1);
  put(base.secondarySequence, 1);
  view.setBigUint64(base.lastWritten, block.time, true);
  put(base.major, 1);
  put(base.minor, block.minor);
  put(base.fileType, 0);
  put(base.format, 1);
  put(base.root, block.root);
  put(base.binsSize, block.binsSize);
  put(base.clustering, 1);
  writeName(view, base.fileName, block.fileName.slice(-(base.fileNameSize / 2 - 1)), false);
  put(base.checksum, baseBlockChecksum(view));
}

/**
 * How many bytes of bins to read. With a wrong checksum the size field may be the wrong part: then the bins themselves say it,
 * as far as their headers hold.
 */
export function extentOfBins(bytes: Uint8Array, view: DataView, block: BaseBlock): number {
  const present = bytes.length - baseBlockSize;
  if (block.checksumRight) {
    const size = block.binsSize;
    if (size === 0 || size % binAlignment !== 0 || size > limits.binsBytes) {
      throw new HiveError(base.binsSize, `the bins' size ${size} is impossible`);
    }
    if (size > present)
      throw new HiveError(bytes.length, `the file ends here, but its bins take ${size} bytes from offset 4096`);
    return size;
  }
  let extent = 0;
  while (extent + binAlignment <= present && extent < limits.binsBytes) {
    const at = baseBlockSize + extent;
    const size = view.getUint32(at + 8, true);
    if (view.getUint32(at, true) !== signature.bin || view.getUint32(at + 4, true) !== extent) break;
    if (size === 0 || size % binAlignment !== 0 || size > present - extent) break;
    extent += size;
  }
  if (extent === 0) throw new HiveError(baseBlockSize, "the base block's checksum is wrong and no bin follows");
  return extent;
}
