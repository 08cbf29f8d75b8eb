/** A plan that something forbids is refused with the first of it. */
import { type ErrorName, fail } from "./errors.ts";

/** Something that forbids what a plan would do. */
export interface Blocker {
  readonly name: ErrorName;
  readonly sentence: string;
  readonly next: string;
}

/** Throws the first blocker's error; `unchanged` says what is as it was. */
export function refuseBlocked(blockers: readonly Blocker[], unchanged = "Nothing was changed."): void {
  const [blocker] = blockers;
  if (blocker !== undefined) throw fail(blocker.name, { happened: blocker.sentence, unchanged, next: blocker.next });
}
