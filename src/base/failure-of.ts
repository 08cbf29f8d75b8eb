import { Failure, fail } from "./errors.ts";
import type { ErrorName } from "./errors.ts";
import { OutsideError } from "./outside.ts";

const names: ReadonlyMap<string, ErrorName> = new Map([
  ["ENOENT", "FILE_NOT_FOUND"],
  ["ENOTDIR", "PATH_NOT_FOUND"],
  ["ELOOP", "PATH_NOT_FOUND"],
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

const said: Partial<Record<ErrorName, string>> = {
  FILE_NOT_FOUND: "It is not there",
  PATH_NOT_FOUND: "A part of the path is no folder",
  ACCESS_DENIED: "There is no permission",
  DISK_FULL: "The disk is full",
  IO_DEVICE: "The disk failed",
  BAD_PATHNAME: "The path is too long",
};

/** What is said of codes that share their name with others. */
const saidOfCode: Readonly<Record<string, string>> = {
  EROFS: "The file system is read-only",
  ELOOP: "A symbolic link stands in the way",
};

/** The system's own word stays, for whoever looks it up. */
function sentence({ code, message }: OutsideError, name: ErrorName): string {
  const word = saidOfCode[code] ?? (names.has(code) ? said[name] : undefined);
  const what = message.startsWith(`${code}: `) ? message.slice(code.length + 2) : message;
  return word === undefined ? message : `${word} (${code}): ${what}`;
}

/** Anything that was thrown, as a row of the error table: an `OutsideError` by its POSIX name, the unforeseen as INTERNAL_ERROR. */
export function failureOf(thrown: unknown): Failure {
  if (thrown instanceof Failure) return thrown;
  if (thrown instanceof OutsideError) {
    const name = names.get(thrown.code) ?? "IO_DEVICE";
    if (thrown.next !== undefined) return fail(name, { happened: thrown.message, next: thrown.next, cause: thrown });
    const advice = thrown.code === "ELOOP" ? "Check where the links on the path lead." : next[name];
    return fail(name, { happened: sentence(thrown, name), next: advice ?? "", cause: thrown });
  }
  return fail("INTERNAL_ERROR", { happened: thrown instanceof Error ? thrown.message : String(thrown), cause: thrown });
}
