/** Removing the folder that was replaced. What came into it after it was read is in no version: it goes over into the new one. */
import { folderOf } from "../base/durable.ts";
import { OutsideError, type Files, type FileStat } from "../base/outside.ts";
import type { Entry } from "./directory-entry.ts";
import { atOnce, join } from "./directory-walk.ts";
import { inParallel } from "./in-parallel.ts";

/** A folder that was replaced, `old`, by the one at `place`; `entry` is what was read of it. */
export interface Replaced {
  readonly old: string;
  readonly place: string;
  readonly entry: Entry;
}

/** How often a folder is looked through again when something came into it meanwhile. */
const looks = 20;

/** Nothing of `old` is left when it resolves. Links are not followed. */
export async function removeReplaced(files: Files, { old, place, entry }: Replaced): Promise<void> {
  const remove = async (path: string, read: Entry | undefined): Promise<void> => {
    const at = join(old, path);
    const stat = await files.stat(at);
    if (stat === undefined) return;
    if (stat.kind !== "folder") {
      if (read === undefined || read.kind === "folder") await keep(path, stat);
      return files.unlink(at);
    }
    // A folder that was not to be written in.
    await files.setMode(at, 0o700);
    for (let look = 1; ; look++) {
      await inParallel(await files.list(at), atOnce, (name) =>
        remove(join(path, name), read?.kind === "folder" ? read.entries.get(name) : undefined),
      );
      try {
        return await files.removeFolder(at);
      } catch (error) {
        if (!(error instanceof OutsideError) || error.code !== "ENOTEMPTY" || look === looks) throw error;
      }
    }
  };
  /** What the checkpoint leaves alone is at the place already; what has the same name there is the version's. */
  const keep = async (path: string, stat: FileStat): Promise<void> => {
    const to = join(place, path);
    if (path === "" || (await files.stat(to))?.inode === stat.inode) return;
    await makeFoldersLike(folderOf(path));
    await files.link(join(old, path), to).catch((error: unknown) => {
      if (!(error instanceof OutsideError) || !["EEXIST", "ENOTDIR"].includes(error.code)) throw error;
    });
    await files.syncFolder(folderOf(to));
  };
  const makeFoldersLike = async (path: string): Promise<void> => {
    if (path === "." || (await files.stat(join(place, path))) !== undefined) return;
    await makeFoldersLike(folderOf(path));
    const like = await files.stat(join(old, path));
    await files.makeFolder(join(place, path));
    if (like === undefined) return;
    if (files.mayChangeOwners()) await files.setOwner(join(place, path), like.owner, like.group);
    await files.setMode(join(place, path), like.mode);
  };
  await remove("", entry);
}
