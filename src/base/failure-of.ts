import { Failure, fail } from "./errors.ts";
import type { ErrorName } from "./errors.ts";
import { OutsideError } from "./outside.ts";

const names: ReadonlyMap<string, ErrorName> = new Map([
  ["ENOENT", "FILE_NOT_FOUND"],
  ["ENOTDIR", "PATH_NOT_FOUND"],
  ["EISDIR", "DIRECTORY"],
  ["EEXIST", "ALREADY_EXISTS"],
  ["ENOTEMPTY", "DIR_NOT_EMPTY"],
  ["EACCES", "ACCESS_DENIED"],
  ["EPERM", "ACCESS_DENIED"],
  ["EROFS", "ACCESS_DENIED"],
  ["ENOSPC", "DISK_FULL"],
  ["EDQUOT", "DISK_FULL"],
  ["EIO", "IO_DEVICE"],
  ["EBUSY", "BUSY"],
  ["EADDRINUSE", "BUSY"],
  ["EMSGSIZE", "MORE_DATA"],
  ["ENAMETOOLONG", "BAD_PATHNAME"],
  ["ECONNREFUSED", "CLUSTER_NODE_UNREACHABLE"],
  ["ECONNRESET", "CLUSTER_NODE_UNREACHABLE"],
  ["EPIPE", "CLUSTER_NODE_UNREACHABLE"],
  ["ETIMEDOUT", "TIMEOUT"],
]);

const next: Partial<Record<ErrorName, string>> = {
  FILE_NOT_FOUND: "Check the path.",
  PATH_NOT_FOUND: "Check the path: a part of it is no folder.",
  DIRECTORY: "Give the path of a file.",
  ALREADY_EXISTS: "Something else is in that place; choose another path.",
  ACCESS_DENIED: "Run it as a user who may do that, or give the right.",
  DISK_FULL: "Make room on that disk, then try again.",
  BAD_PATHNAME: "Choose a shorter path.",
};

/** Anything that was thrown, as a row of the error table: an `OutsideError` by its POSIX name, the unforeseen as INTERNAL_ERROR. */
export function failureOf(thrown: unknown): Failure {
  if (thrown instanceof Failure) return thrown;
  if (thrown instanceof OutsideError) {
    const name = names.get(thrown.code) ?? "IO_DEVICE";
    return fail(name, { happened: thrown.message, next: next[name] ?? "", cause: thrown });
  }
  return fail("INTERNAL_ERROR", { happened: thrown instanceof Error ? thrown.message : String(thrown), cause: thrown });
}
