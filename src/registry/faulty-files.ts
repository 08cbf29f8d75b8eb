/**
 * Files whose n-th change fails, or after whose n-th change nothing works any more (a crash). For tests only. Between a crash and
 * the next opening, what was not synced may be lost: a torn write keeps half its bytes.
 */
import { OutsideError, type FileHandle, type Files, type Outside } from "../base/outside.ts";

/** What goes wrong, and when. */
export interface Fault {
  /** Which change: 1 is the first; 0 is none. */
  readonly at: number;
  /** "fail": it does nothing and says so, once; "fail-after": it is done and says it was not; "crash": from it on nothing works. */
  readonly how: "fail" | "fail-after" | "crash";
}

/** An outside with a fault in its files. */
export interface FaultyFiles {
  readonly outside: Outside;
  /** Changes tried so far. */
  readonly count: () => number;
}

/** The same outside, but for one fault. */
export function withFault(real: Outside, fault: Fault): FaultyFiles {
  let count = 0;
  const step = async (what: string, work: () => Promise<void>, torn?: () => Promise<void>): Promise<void> => {
    count++;
    const error = new OutsideError(fault.how === "fail" ? "ENOSPC" : "EIO", `${what} (injected)`);
    if (fault.at > 0 && fault.how === "crash" && count >= fault.at) {
      if (count === fault.at) await torn?.();
      throw error;
    }
    if (count !== fault.at) return work();
    if (fault.how === "fail-after") await work();
    throw error;
  };
  const wrapHandle = (handle: FileHandle, path: string): FileHandle => ({
    read: (at, length) => handle.read(at, length),
    size: () => handle.size(),
    lock: () => handle.lock(),
    close: () => handle.close(),
    write: (bytes, at) =>
      step(
        `write ${path}`,
        () => handle.write(bytes, at),
        () => handle.write(bytes.subarray(0, bytes.length >> 1), at),
      ),
    truncate: (size) => step(`truncate ${path}`, () => handle.truncate(size)),
    sync: () => step(`sync ${path}`, () => handle.sync()),
  });
  const { files } = real;
  const faulty: Files = {
    ...files,
    open: async (path, how, mode) => wrapHandle(await files.open(path, how, mode), path),
    link: (from, to) => step(`link ${to}`, () => files.link(from, to)),
    rename: (from, to) => step(`rename ${to}`, () => files.rename(from, to)),
    unlink: (path) => step(`unlink ${path}`, () => files.unlink(path)),
    syncFolder: (path) => step(`sync ${path}`, () => files.syncFolder(path)),
  };
  return { outside: { ...real, files: faulty }, count: () => count };
}
