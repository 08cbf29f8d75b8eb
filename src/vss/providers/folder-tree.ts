/** Copying and removing whole folders without following links. */
import { OutsideError } from "../../base/outside.ts";
import type { Files, FileStat } from "../../base/outside.ts";

/** How a tree is copied. */
export interface CopyOptions {
  /** Absolute folders that are not copied: the coordinator's own. */
  readonly leaveOut: readonly string[];
  /** Makes the new file `to`, 0600 or as `from`. */
  readonly copyFile: (from: string, to: string, stat: FileStat) => Promise<void>;
  /** The copy stops by throwing ECANCELED when it is aborted. */
  readonly signal: AbortSignal;
}

/**
 * Copies what is below `from` into the new folder `to`: files, folders and symbolic links with modes, times and, for root, owners. What
 * vanishes meanwhile is not there. Returns the relative paths that can't be copied: sockets, devices, other file systems.
 */
export async function copyTree(files: Files, from: string, to: string, options: CopyOptions): Promise<string[]> {
  const leftOut: string[] = [];
  const top = await files.stat(from);
  if (top?.kind !== "folder") throw new OutsideError(top === undefined ? "ENOENT" : "ENOTDIR", from);
  const own = async (target: string, { owner, group }: FileStat): Promise<void> => {
    if (files.mayChangeOwners()) await files.setOwner(target, owner, group);
  };
  const copyFolder = async (below: string, stat: FileStat): Promise<void> => {
    await files.makeFolder(`${to}${below}`);
    for (const name of await files.list(`${from}${below}`)) await copyEntry(`${below}/${name}`);
    await own(`${to}${below}`, stat);
    await files.setMode(`${to}${below}`, stat.mode);
    await files.setModified(`${to}${below}`, stat.modified);
  };
  const copyEntry = async (below: string): Promise<void> => {
    if (options.signal.aborted) throw new OutsideError("ECANCELED", `copy ${from}`);
    const [source, target] = [`${from}${below}`, `${to}${below}`];
    if (options.leaveOut.includes(source)) return;
    const stat = await files.stat(source);
    if (stat === undefined) return;
    if (stat.kind === "other" || stat.device !== top.device) leftOut.push(below.slice(1));
    else await unlessGone(files, source, () => copyOne(below, source, target, stat));
  };
  const copyOne = async (below: string, source: string, target: string, stat: FileStat): Promise<void> => {
    if (stat.kind === "folder") return copyFolder(below, stat);
    if (stat.kind === "link") {
      await files.makeLink(await files.readLink(source), target);
      return own(target, stat);
    }
    await options.copyFile(source, target, stat);
    // Before the mode: giving a file away takes its set-user-id bit.
    await own(target, stat);
    await files.setMode(target, stat.mode);
    await files.setModified(target, stat.modified);
  };
  await copyFolder("", top);
  return leftOut;
}

/** Copies a file's bytes into a new file. */
export async function copyBytes(files: Files, from: string, to: string): Promise<void> {
  const source = await files.open(from, "read-no-link");
  try {
    const target = await files.open(to, "create");
    try {
      const step = 1 << 20;
      for (let at = 0; ; at += step) {
        const bytes = await source.read(at, step);
        if (bytes.length > 0) await target.write(bytes, at);
        if (bytes.length < step) return;
      }
    } finally {
      await target.close();
    }
  } finally {
    await source.close();
  }
}

/** Makes a whole tree durable. */
export async function syncTree(files: Files, folder: string): Promise<void> {
  for (const name of await files.list(folder)) {
    const path = `${folder}/${name}`;
    const kind = (await files.stat(path))?.kind;
    if (kind === "folder") await syncTree(files, path);
    if (kind !== "file") continue;
    const handle = await files.open(path, "read");
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  }
  await files.syncFolder(folder);
}

/** Removes a folder with everything in it; what is not there is fine. Links are removed, not followed. */
export async function removeTree(files: Files, folder: string): Promise<void> {
  const stat = await files.stat(folder);
  if (stat === undefined) return;
  if (stat.kind !== "folder") return goneIsFine(files.unlink(folder));
  // A folder that may not be written keeps its names, for everybody but root.
  if ((stat.mode & 0o700) !== 0o700) await goneIsFine(files.setMode(folder, 0o700));
  for (const name of await namesIn(files, folder)) {
    const path = `${folder}/${name}`;
    if ((await files.stat(path))?.kind === "folder") await removeTree(files, path);
    else await goneIsFine(files.unlink(path));
  }
  await goneIsFine(files.removeFolder(folder));
}

/** None when somebody else has just removed the folder. */
async function namesIn(files: Files, folder: string): Promise<readonly string[]> {
  try {
    return await files.list(folder);
  } catch (cause) {
    if (cause instanceof OutsideError && cause.code === "ENOENT") return [];
    throw cause;
  }
}

async function unlessGone(files: Files, source: string, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (cause) {
    const gone = cause instanceof OutsideError && cause.code === "ENOENT" && (await files.stat(source)) === undefined;
    if (!gone) throw cause;
  }
}

async function goneIsFine(work: Promise<void>): Promise<void> {
  try {
    await work;
  } catch (cause) {
    if (!(cause instanceof OutsideError && cause.code === "ENOENT")) throw cause;
  }
}
