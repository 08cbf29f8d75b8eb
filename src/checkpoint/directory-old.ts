/** Removing the folder that was replaced. What came into it after it was read is in no version: it goes over into the new one. */
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
  /** `at` leads to `path` of the old folder through folders that are held. */
  const remove = async (at: string, path: string, read: Entry | undefined): Promise<void> => {
    const stat = await files.stat(at);
    if (stat === undefined) return;
    if (stat.kind !== "folder") {
      if (read === undefined || read.kind === "folder") await keep(at, path, stat);
      return files.unlink(at);
    }
    for (let look = 1; ; look++) {
      await openedUp(files, at, async (inside) =>
        inParallel(await files.list(inside), atOnce, (name) =>
          remove(`${inside}/${name}`, join(path, name), read?.kind === "folder" ? read.entries.get(name) : undefined),
        ),
      );
      try {
        return await files.removeFolder(at);
      } catch (error) {
        if (!(error instanceof OutsideError) || error.code !== "ENOTEMPTY" || look === looks) throw error;
      }
    }
  };
  /** What the checkpoint leaves alone is at the place already; what has the same name there is the version's. */
  const keep = async (at: string, path: string, stat: FileStat): Promise<void> => {
    if (path === "") return;
    const names = path.split("/");
    const name = names.pop() ?? "";
    await files
      .holdFolder(place, (inside) =>
        inFolders(inside, "", names, async (folder) => {
          if ((await files.stat(`${folder}/${name}`))?.inode === stat.inode) return;
          await files.link(at, `${folder}/${name}`);
          await files.syncFolder(folder);
        }),
      )
      .catch((error: unknown) => {
        if (!(error instanceof OutsideError) || !["EEXIST", "ENOTDIR", "ELOOP"].includes(error.code)) throw error;
      });
  };
  /** Goes down from a held folder of the place, each folder held; those that are not there are made like the old ones. */
  const inFolders = async (
    from: string,
    path: string,
    names: readonly string[],
    work: (folder: string) => Promise<void>,
  ): Promise<void> => {
    const [name, ...rest] = names;
    if (name === undefined) return work(from);
    const below = join(path, name);
    const isNew = (await files.stat(`${from}/${name}`)) === undefined;
    const like = isNew ? await files.stat(join(old, below)) : undefined;
    if (isNew) await files.makeFolder(`${from}/${name}`);
    await files.holdFolder(`${from}/${name}`, async (folder) => {
      if (like !== undefined && files.mayChangeOwners()) await files.setOwner(`${folder}/.`, like.owner, like.group);
      if (like !== undefined) await files.setMode(`${folder}/.`, like.mode);
      await inFolders(folder, below, rest, work);
    });
  };
  await remove(old, "", entry);
}

/** Holds a folder to take out what is in it. One that was not to be written in is changed first, which root never needs. */
export async function openedUp(files: Files, path: string, work: (inside: string) => Promise<void>): Promise<void> {
  await files.holdFolder(path, async (inside) => {
    if (!files.mayChangeOwners()) await files.setMode(inside, 0o700);
    await work(inside);
  });
}
