/** The base block and the bins of a hive that may be damaged: what is wrong with them, and which cells can be made out all the same. */
import { baseBlockChecksum } from "./base-block.ts";
import type { Severity } from "./finding.ts";
import { base, baseBlockSize, binAlignment, binHeaderSize, signature } from "./layout.ts";
import { limits } from "./limits.ts";

/** Takes a finding of the base block or a bin. */
export type ReportAt = (severity: Severity, rule: string, offset: number, text: string) => void;

/** What is known of 8 bytes of the bins. */
export const state = { nothing: 0, allocated: 1, free: 2, used: 4 } as const;

/** The bins of a hive as far as they can be followed. */
export interface BinMap {
  /** Bytes of bins that are in the file. */
  readonly extent: number;
  /** For each 8 bytes whether a cell begins there, and of what kind. */
  readonly cells: Uint8Array;
  /** Stretches of bins behind a cell whose size is impossible, in order: cells in them are found by what points to them only. */
  readonly unknown: readonly { readonly from: number; readonly to: number }[];
}

/**
 * Looks at the base block; returns what the rest needs of it, however wrong it is. The bins end with a whole page, with `partial` where the
 * file does.
 */
export function inspectBaseBlock(
  view: DataView,
  partial: boolean,
  report: ReportAt,
): { readonly minor: number; readonly root: number; readonly extent: number } {
  const present = Math.max(0, view.byteLength - baseBlockSize);
  const whole = Math.min(present - (present % (partial ? 8 : binAlignment)), limits.binsBytes);
  if (view.byteLength < baseBlockSize) {
    report("error", "base-size", view.byteLength, "the file ends inside the base block");
    return { minor: 5, root: binHeaderSize, extent: 0 };
  }
  const u32 = (at: number): number => view.getUint32(at, true);
  const wrong = (severity: Severity, rule: string, at: number, text: string): void => report(severity, rule, at, text);
  if (u32(0) !== signature.hive) wrong("error", "base-signature", 0, "the file does not begin with regf");
  const believed = u32(base.checksum) === baseBlockChecksum(view);
  if (!believed) wrong("error", "base-checksum", base.checksum, "the base block's checksum is wrong");
  const [first, second] = [u32(base.primarySequence), u32(base.secondarySequence)];
  if (first !== second)
    wrong("warning", "base-sequences", base.primarySequence, `the last write did not finish (${first}, ${second})`);
  const minor = u32(base.minor);
  const known = u32(base.major) === 1 && minor >= 3 && minor <= 6;
  if (!known) wrong("error", "base-version", base.major, `version ${u32(base.major)}.${minor} is not supported`);
  if (u32(base.fileType) !== 0) wrong("error", "base-type", base.fileType, "the file type is not that of a hive");
  if (u32(base.format) !== 1) wrong("error", "base-format", base.format, `format ${u32(base.format)} is not supported`);
  const size = u32(base.binsSize);
  const possible = size > 0 && size % binAlignment === 0 && size <= limits.binsBytes;
  if (!possible) wrong("error", "base-bins-size", base.binsSize, `the bins' size ${size} is impossible`);
  else if (size > present)
    wrong("error", "file-short", view.byteLength, `the file ends here, but its bins take ${size} bytes from 4096`);
  else if (size < present)
    wrong("note", "file-tail", baseBlockSize + size, `${present - size} bytes follow the last bin`);
  const extent = possible && believed ? Math.min(size, whole) : endOfLastBin(view, whole, partial);
  return { minor: known ? minor : 5, root: u32(base.root), extent };
}

/** Where the last bin ends that can be made out; with `partial` that may be one which the file ends in. */
function endOfLastBin(view: DataView, whole: number, partial: boolean): number {
  const pages = Math.ceil(whole / binAlignment);
  for (let offset = (pages - 1) * binAlignment; offset >= 0; offset -= binAlignment) {
    const wrong = wrongWithBin(view, offset, whole);
    if (wrong === undefined) return offset + view.getUint32(baseBlockSize + offset + 8, true);
    if (partial && wrong.rule === "bin-size") return whole;
  }
  return 0;
}

/** Looks at all bins and their cells. A bin whose head is damaged is passed over, up to the next place where one says that it begins. */
export function inspectBins(view: DataView, extent: number, report: ReportAt): BinMap {
  const cells = new Uint8Array(extent >>> 3);
  const unknown: { from: number; to: number }[] = [];
  for (let offset = 0; offset < extent; ) {
    const wrong = wrongWithBin(view, offset, extent);
    if (wrong === undefined) {
      const end = offset + view.getUint32(baseBlockSize + offset + 8, true);
      inspectCells(view, offset, end, cells, unknown, report);
      offset = end;
      continue;
    }
    report("error", wrong.rule, baseBlockSize + offset + wrong.at, wrong.text);
    let next = offset + binAlignment;
    while (next < extent && wrongWithBin(view, next, extent) !== undefined) next += binAlignment;
    // A wrong size or place hides no cells: the next bin says where this one ends.
    if (wrong.rule !== "bin-signature") inspectCells(view, offset, Math.min(next, extent), cells, unknown, report);
    offset = next;
  }
  return { extent, cells, unknown };
}

function wrongWithBin(
  view: DataView,
  offset: number,
  extent: number,
): { rule: string; at: number; text: string } | undefined {
  const at = baseBlockSize + offset;
  const u32 = (field: number): number => view.getUint32(at + field, true);
  if (extent - offset < binHeaderSize) return { rule: "bin-signature", at: 0, text: "the file ends in a bin's head" };
  if (u32(0) !== signature.bin) return { rule: "bin-signature", at: 0, text: "a bin does not begin with hbin" };
  if (u32(4) !== offset)
    return { rule: "bin-offset", at: 4, text: `a bin says that it is at 0x${u32(4).toString(16)}` };
  const size = u32(8);
  if (size === 0 || size % binAlignment !== 0 || size > extent - offset)
    return { rule: "bin-size", at: 8, text: `a bin's size ${size} is impossible` };
  return undefined;
}

function inspectCells(
  view: DataView,
  from: number,
  to: number,
  cells: Uint8Array,
  unknown: { from: number; to: number }[],
  report: ReportAt,
): void {
  for (let cell = from + binHeaderSize; cell < to; ) {
    const length = view.getInt32(baseBlockSize + cell, true);
    const taken = length < 0 ? -length : length;
    if (taken < 8 || (taken & 7) !== 0 || taken > to - cell) {
      report("error", "cell-size", baseBlockSize + cell, `a cell of ${taken} bytes does not fit its bin`);
      unknown.push({ from: cell, to });
      return;
    }
    cells[cell >>> 3] = length < 0 ? state.allocated : state.free;
    cell += taken;
  }
}
