import { fail, type Failure } from "../base/errors.ts";
import { baseBlockChecksum, isDirty, readBaseBlock, whyDirty, type BaseBlock } from "./base-block.ts";
import { HiveError } from "./hive-error.ts";
import { HiveImage } from "./image.ts";
import { base, baseBlockSize } from "./layout.ts";
import { logBaseSize, readLogBase, type LogBase } from "./log-base.ts";
import { readNewLog, type LogEntry } from "./log-new.ts";
import { readOldLog, type LogPage } from "./log-old.ts";

/** What one log gave. */
export interface AppliedLog {
  /** Its place in the list that `recoverHive` was given. */
  readonly log: number;
  readonly format: "DIRT" | "HvLE";
  /** Entries applied; 1 for an old log. */
  readonly entries: number;
  /** Pages written into the hive. */
  readonly pages: number;
  /** Sequence numbers of the first and the last entry applied. */
  readonly firstSequence: number;
  readonly lastSequence: number;
}

/** A hive with what its logs hold. */
export interface Recovery {
  /** The hive as a clean file; the very array that was given when it was clean. */
  readonly bytes: Uint8Array;
  /** "clean": nothing was to be done, logs were ignored. */
  readonly outcome: "clean" | "recovered";
  /** In the order of their application. */
  readonly applied: readonly AppliedLog[];
  /** The place of the log that the base block came from, because the hive's own was bad. */
  readonly baseBlockFrom: number | undefined;
  /** What else is worth knowing: logs that were passed over and why. */
  readonly notes: readonly string[];
}

/** One write found in a log. */
interface Change {
  readonly binsSize: number;
  readonly flags: number | undefined;
  readonly sequence: number;
  readonly pages: readonly LogPage[];
}

/** A log that can be used. */
interface UsableLog {
  readonly log: number;
  readonly bytes: Uint8Array;
  readonly head: LogBase;
  readonly changes: readonly Change[];
  /** What is damaged in it after the changes; a sentence without its subject. */
  readonly cutShort?: string;
}

/**
 * Applies the log files of a hive that was not written to its end, as Windows does when it loads it. `logs` are .LOG1 and .LOG2 (or
 * the one .LOG) in any order; none of the arrays is changed.
 *
 * Entries of new logs are applied in the order of their sequences over all logs, from the hive's secondary sequence on, as far as one
 * follows
 * the other. An old log is applied when it was written with the hive (the times are equal). A bad base block is restored from the log
 * with
 * the later entries, and then only that log is applied.
 *
 * Throws HiveError when the file is too short for a base block, Failure HIVE_CORRUPT when the hive is dirty and no log fits.
 */
export function recoverHive(primary: Uint8Array, logs: readonly Uint8Array[]): Recovery {
  const block = ownBaseBlock(primary);
  if (block !== undefined && !isDirty(block))
    return { bytes: primary, outcome: "clean", applied: [], baseBlockFrom: undefined, notes: [] };
  if (primary.length < baseBlockSize) throw new HiveError(0, "the hive ends inside its base block");
  const sound = block?.checksumRight === true ? block : undefined;
  const notes: string[] = [];
  const usable = logs.flatMap((bytes, log) => {
    const found = readLog(bytes, log, primary, sound);
    if (typeof found === "string") notes.push(`Log ${log + 1} was passed over: ${found}.`);
    else if (found.cutShort !== undefined) notes.push(`Log ${log + 1}: ${found.cutShort}`);
    return typeof found === "string" ? [] : [found];
  });
  const chosen = choose(usable, sound, notes);
  if (chosen.length === 0) throw nothingFits(block, notes);
  return { ...apply(primary, block, chosen, notes), outcome: "recovered", notes };
}

/** undefined when it can't be read at all. */
function ownBaseBlock(primary: Uint8Array): BaseBlock | undefined {
  try {
    return readBaseBlock(primary, new DataView(primary.buffer, primary.byteOffset, primary.byteLength));
  } catch (error) {
    if (error instanceof HiveError) return undefined;
    throw error;
  }
}

function readLog(
  bytes: Uint8Array,
  log: number,
  primary: Uint8Array,
  sound: BaseBlock | undefined,
): UsableLog | string {
  const head = readLogBase(bytes);
  if (typeof head === "string") return head;
  if (head.format === "HvLE") {
    const { entries, ended, isCutShort } = readNewLog(bytes);
    const first = entries[0];
    if (first === undefined) return `it has no sound entry (${ended})`;
    if (first.sequence !== head.sequence) return `its first entry has sequence ${first.sequence}, not ${head.sequence}`;
    const changes = sound === undefined ? entries : entries.filter((entry) => isNotBefore(entry, sound));
    return changes.length === 0
      ? `its last entry ${entries.at(-1)?.sequence} is older than the hive`
      : { log, bytes, head, changes, ...(isCutShort ? { cutShort: cutShortAfter(entries, ended) } : {}) };
  }
  const pages = readOldLog(bytes, head);
  if (typeof pages === "string") return pages;
  if (!isOfThisWrite(bytes, head, pages, primary, sound)) return "it was not written with this state of the hive";
  return { log, bytes, head, changes: [{ binsSize: head.binsSize, flags: undefined, sequence: head.sequence, pages }] };
}

function cutShortAfter(entries: readonly LogEntry[], ended: string): string {
  return `after its entry ${entries.at(-1)?.sequence} ${ended}; that and what follows it was not applied.`;
}

/** Entries older than the secondary sequence are in the hive already. */
function isNotBefore(entry: LogEntry, { secondarySequence }: BaseBlock): boolean {
  return entry.sequence >= secondarySequence;
}

/** An old log has the time of the hive's base block; when that is bad, the one its first bin has, now or with the log's pages. */
function isOfThisWrite(
  bytes: Uint8Array,
  head: LogBase,
  pages: readonly LogPage[],
  primary: Uint8Array,
  sound: BaseBlock | undefined,
): boolean {
  if (sound !== undefined) return head.lastWritten === sound.lastWritten;
  const timeAt = (of: Uint8Array, at: number): bigint | undefined =>
    at + 8 > of.length ? undefined : new DataView(of.buffer, of.byteOffset, of.byteLength).getBigUint64(at, true);
  const firstPage = pages.find(({ to }) => to === 0);
  const times = [
    timeAt(primary, base.lastWritten),
    timeAt(primary, baseBlockSize + 20),
    firstPage === undefined ? undefined : timeAt(bytes, firstPage.from + 20),
  ];
  return times.includes(head.lastWritten);
}

/** The logs to apply, in order. New ones go before old ones. */
function choose(usable: readonly UsableLog[], sound: BaseBlock | undefined, notes: string[]): UsableLog[] {
  const latest = (logs: readonly UsableLog[]): UsableLog[] =>
    logs.toSorted((a, b) => lastSequence(b) - lastSequence(a)).slice(0, 1);
  const recent = usable.filter(({ head }) => head.format === "HvLE");
  if (recent.length === 0) {
    const old = usable.toSorted((a, b) => Number(b.head.lastWritten - a.head.lastWritten));
    const best = old.filter(({ head }) => head.lastWritten === old[0]?.head.lastWritten);
    return latest(best);
  }
  if (sound === undefined) return latest(recent);
  const inOrder = recent.toSorted((a, b) => a.changes[0]!.sequence - b.changes[0]!.sequence);
  const chosen: UsableLog[] = [];
  for (const log of inOrder) {
    const before = chosen.at(-1);
    const first = log.changes[0]!.sequence;
    if (before !== undefined && first !== lastSequence(before) + 1) {
      notes.push(
        `Log ${log.log + 1} was passed over: its first entry ${first} does not follow ${lastSequence(before)}.`,
      );
      continue;
    }
    chosen.push(log);
  }
  return chosen;
}

function lastSequence({ changes }: UsableLog): number {
  return changes.at(-1)!.sequence;
}

/** How many times longer than the hive and its logs together it may be with them: new bins are in the logs. */
const mostGrowth = 4;

function apply(
  primary: Uint8Array,
  block: BaseBlock | undefined,
  chosen: readonly UsableLog[],
  notes: readonly string[],
): { bytes: Uint8Array; applied: AppliedLog[]; baseBlockFrom: number | undefined } {
  const sound = block?.checksumRight === true ? block : undefined;
  const changes = chosen.flatMap(({ changes: own }) => own);
  let length = primary.length;
  for (const { binsSize } of changes) length = Math.max(length, baseBlockSize + binsSize);
  const known = chosen.reduce((sum, log) => sum + log.bytes.length, primary.length);
  if (length > known * mostGrowth + baseBlockSize * 256)
    throw nothingFits(block, [...notes, `The log says that the hive has ${length} bytes, but far less is there.`]);
  const bytes = new Uint8Array(length);
  bytes.set(primary);
  for (const log of chosen)
    for (const { pages } of log.changes)
      for (const { from, to, size } of pages) bytes.set(log.bytes.subarray(from, from + size), baseBlockSize + to);
  if (sound === undefined) bytes.set(chosen[0]!.bytes.subarray(0, logBaseSize));
  finishBaseBlock(bytes, changes.at(-1)!);
  try {
    new HiveImage(bytes).scanAll();
  } catch (error) {
    if (!(error instanceof HiveError)) throw error;
    throw nothingFits(block, [
      ...notes,
      `With its logs the hive is damaged at offset ${error.offset}: ${error.reason}.`,
    ]);
  }
  const applied = chosen.map(({ log, head, changes: own }) => ({
    log,
    format: head.format,
    entries: own.length,
    pages: own.reduce((sum, { pages }) => sum + pages.length, 0),
    firstSequence: own[0]!.sequence,
    lastSequence: own.at(-1)!.sequence,
  }));
  return { bytes, applied, baseBlockFrom: sound === undefined ? chosen[0]!.log : undefined };
}

function finishBaseBlock(bytes: Uint8Array, { sequence, binsSize, flags }: Change): void {
  const view = new DataView(bytes.buffer);
  view.setUint32(base.primarySequence, sequence, true);
  view.setUint32(base.secondarySequence, sequence, true);
  view.setUint32(base.fileType, 0, true);
  view.setUint32(base.binsSize, binsSize, true);
  // Only bit 0 (transactions may be pending) is kept in a log's entry.
  if (flags !== undefined) view.setUint32(base.flags, (view.getUint32(base.flags, true) & ~1) | (flags & 1), true);
  view.setUint32(base.checksum, baseBlockChecksum(view), true);
}

function nothingFits(block: BaseBlock | undefined, notes: readonly string[]): Failure {
  const why = block === undefined ? "its head can't be read" : whyDirty(block);
  return fail("HIVE_CORRUPT", {
    happened: [`The registry hive is not as it should be (${why}), and no log fits it.`, ...notes].join(" "),
    unchanged: "Nothing was recovered.",
    next: "Give the log files that stood beside it (.LOG1 and .LOG2), read the hive as it is, or save what is left: clubar hive salvage.",
  });
}
