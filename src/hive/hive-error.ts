import { Failure } from "../base/errors.ts";

/** A hive's bytes are damaged or of a kind that this reader refuses. Nothing of the hive was handed out. */
export class HiveError extends Failure {
  /** Where in the file, in bytes from its start. */
  readonly offset: number;
  /** What is wrong there. */
  readonly reason: string;

  constructor(offset: number, reason: string) {
    super("HIVE_CORRUPT", {
      happened: `The registry hive is damaged at file offset ${offset} (0x${offset.toString(16)}): ${reason}.`,
      unchanged: "Nothing of it was used.",
      next: "Take another copy of the hive, or see what is left of it: clubar hive check, clubar hive salvage.",
    });
    this.offset = offset;
    this.reason = reason;
  }
}
