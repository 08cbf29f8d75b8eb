/** Reading a file that a person named as an artefact. */
import * as fs from "node:fs";
import { basename, dirname } from "node:path";
import { promisify } from "node:util";
import { fail, type Failure } from "../base/errors.ts";
import { failureOf } from "../base/failure-of.ts";
import { translated } from "../base/outside-node-error.ts";

// Not fs/promises, which takes as long to load as a small file to read.
const open = promisify(fs.open);
const stat = promisify(fs.stat);
const read = promisify(fs.read);

/** Whether a path that a person named is a folder. FILE_NOT_FOUND when nothing is there; `next` is the advice then. */
export async function isFolder(path: string, next = "Check the path."): Promise<boolean> {
  const found = await stat(path).catch(() => undefined);
  if (found !== undefined) return found.isDirectory();
  throw fail("FILE_NOT_FOUND", {
    happened: `There is no file or folder ${path}.`,
    unchanged: "Nothing was changed.",
    next,
  });
}

/**
 * A file's bytes, or what comes through a pipe that this process was started with (`<(command)`) until its end. Leaves nothing behind, not
 * even a later access time where the system lets the caller ask for that (the owner; root). INVALID_PARAMETER for a folder, a device, which
 * need not end, a socket, and a pipe with a name, which waits for somebody who may never come; INVALID_DATA for a file that is longer than
 * any hive, of which nothing is read. `most`: in bytes.
 */
export async function readArtefact(path: string, most: number = longestHive): Promise<Uint8Array> {
  return untouched(`read ${path}`, async () => {
    const found = await stat(path).catch((error: NodeJS.ErrnoException) => {
      throw error.code === "ENOENT" ? notThere(path, error) : error;
    });
    if (!found.isFile() && !(found.isFIFO() && inherited.test(path))) {
      throw fail("INVALID_PARAMETER", {
        happened: `${path} is a ${kindOf(found)}, not a file.`,
        unchanged: "Nothing was changed.",
        next: "Name a file.",
      });
    }
    if (found.size > most) {
      throw fail("INVALID_DATA", {
        happened: `${path} has ${found.size} bytes; no hive and no log has more than ${most}.`,
        unchanged: "Nothing was read, and nothing was changed.",
        next: "Is it an image of a whole disk? Name the hive's own file.",
      });
    }
    const file = await openQuietly(path);
    try {
      if (found.isFile() && found.size > 0) return await readAll(file, found.size);
      const bytes = await promisify(fs.readFile)(file);
      return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length);
    } finally {
      fs.closeSync(file);
    }
  });
}

/** 2 GiB of bins behind a base block, and what other programs may leave behind them. */
const longestHive = 2 ** 31 + 2 ** 22;

function notThere(path: string, cause: Error): Failure {
  const folder = dirname(path);
  return fail("FILE_NOT_FOUND", {
    happened: fs.existsSync(folder)
      ? `There is no file ${path}.`
      : `There is no folder ${folder}, so no ${basename(path)} in it.`,
    unchanged: "Nothing was changed.",
    next: "Check the path.",
    cause,
  });
}

/** One piece of memory, one read where it can be: a third of the time of `readFile`, which joins many. A file that grows is cut. */
async function readAll(file: number, size: number): Promise<Uint8Array> {
  const bytes = Buffer.allocUnsafeSlow(size);
  let end = 0;
  for (let more = -1; more !== 0 && end < size; end += more)
    more = (await read(file, bytes, end, Math.min(size - end, mostAtOnce), end)).bytesRead;
  return new Uint8Array(bytes.buffer, 0, end);
}

/** Linux reads no more at once than 2 GiB less a page. */
const mostAtOnce = 0x7fff_f000;

/** A call that only reads, and so has changed nothing when it fails. */
export async function untouched<T>(
  what: string,
  call: () => Promise<T>,
  unchanged = "Nothing was changed.",
): Promise<T> {
  return translated(what, call).catch((error: unknown) => {
    const failure = failureOf(error);
    if (failure.unchanged !== "") throw failure;
    const { name, happened, next } = failure;
    throw fail(name, { happened, unchanged, next: next === "" ? "Check the path." : next, cause: error });
  });
}

/** What the shell opened for this process. */
const inherited = /^\/(dev\/(stdin$|fd\/\d+$)|proc\/(self|\d+)\/fd\/\d+$)/;

function kindOf(found: fs.Stats): string {
  if (found.isDirectory()) return "folder";
  return found.isFIFO() ? "pipe" : "device or a socket";
}

async function openQuietly(path: string): Promise<number> {
  try {
    return await open(path, fs.constants.O_RDONLY | fs.constants.O_NOATIME);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EPERM") throw error;
    return open(path, fs.constants.O_RDONLY);
  }
}
