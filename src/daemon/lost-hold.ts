/** A backup whose hold another leader has ended, so that files that it was to read may be gone. */
import { fail } from "../base/errors.ts";
import { failureOf } from "../base/failure-of.ts";
import { findKey, type Key } from "../tree/key.ts";

/** What a backup rejects with: that a file is lost means nothing once its hold (a path in the database) is not there any more. */
export function backupFailure(error: unknown, tree: Key, hold: string): unknown {
  const { name } = failureOf(error);
  if (name !== "FILE_NOT_FOUND" || findKey(tree, hold) !== undefined) return error;
  return fail("NOT_READY", {
    happened:
      "Another life of a node began to lead while the backup was being taken, and files that it needed were cleared away.",
    unchanged: "No set was made; one that was there is as it was. Nothing of the cluster is lost.",
    next: "Take it again.",
    cause: error,
  });
}
