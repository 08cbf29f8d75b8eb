/** New files that a person names: 0600, whole or not there, never in the place of another one unless that was asked for. */
import { basename, dirname, join } from "node:path";
import { closeSync, fsyncSync, linkSync, lstatSync, openSync, renameSync, unlinkSync, writeSync } from "node:fs";
import { fail, Failure } from "../base/errors.ts";
import { failureOf } from "../base/failure-of.ts";
import { outsideError } from "../base/outside-node-error.ts";
import { clearAbandoned, temporaryName } from "./temporary-name.ts";

/** Writes the chunks that `fill` hands over. ALREADY_EXISTS unless `force`; nothing is left behind when `fill` throws. */
export function writeNewFile(path: string, force: boolean, fill: (write: (chunk: Uint8Array) => void) => void): void {
  if (force) refuseOtherThanFile(path);
  clearAbandoned(dirname(path));
  const temporary = join(dirname(path), temporaryName());
  const doing = <T>(call: () => T): T => told(`write ${path}`, call);
  const file = doing(() => openIn(path, temporary));
  try {
    try {
      fill((chunk) => doing(() => writeAll(file, chunk)));
      doing(() => fsyncSync(file));
    } finally {
      closeSync(file);
    }
    doing(() => (force ? renameSync(temporary, path) : linkNew(temporary, path)));
  } finally {
    removed(temporary);
  }
  syncFolder(dirname(path));
}

/** FILE_NOT_FOUND names the folder: what is missing is never the new file. */
function openIn(path: string, temporary: string): number {
  try {
    return openSync(temporary, "wx", 0o600);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    throw fail("FILE_NOT_FOUND", {
      happened: `There is no folder ${dirname(path)} to write ${basename(path)} in.`,
      unchanged: "No file was written.",
      next: "Make the folder, or name another place.",
      cause: error,
    });
  }
}

function syncFolder(path: string): void {
  let folder: number | undefined;
  try {
    folder = openSync(path, "r");
    fsyncSync(folder);
  } catch {
    // Some file systems have no way to do this for a folder; and one that may be written may be closed to readers.
  } finally {
    if (folder !== undefined) closeSync(folder);
  }
}

/** A rename would put a file in the place of a device or a pipe. */
function refuseOtherThanFile(path: string): void {
  const found = told(`write ${path}`, () => lstatSync(path, { throwIfNoEntry: false }));
  if (found === undefined || found.isFile() || found.isSymbolicLink()) return;
  throw fail("REFUSED_FOR_SAFETY", {
    happened: `${path} is there and is no file.`,
    unchanged: "It was not changed.",
    next: "Name another file.",
  });
}

function told<T>(what: string, call: () => T): T {
  try {
    return call();
  } catch (cause) {
    if (cause instanceof Failure) throw cause;
    const { name, happened, next } = failureOf(outsideError(cause, what));
    throw fail(name, { happened, unchanged: "No file was written.", next, cause });
  }
}

function writeAll(file: number, chunk: Uint8Array): void {
  for (let from = 0; from < chunk.length; ) from += writeSync(file, chunk, from);
}

/** A name of its own; unlike a rename it never takes another file's. */
function linkNew(temporary: string, path: string): void {
  try {
    linkSync(temporary, path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    throw fail("ALREADY_EXISTS", {
      happened: `${path} is there already.`,
      unchanged: "It was not changed.",
      next: "Name another file, or say --force.",
    });
  }
}

function removed(path: string): void {
  try {
    unlinkSync(path);
  } catch {
    // It was renamed, or never became a file.
  }
}
