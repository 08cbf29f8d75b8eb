/**
 * Where a set must not be: in the quorum, whose files have a set's names, in a node's data folder, with which it would be lost, or in a
 * folder that is a checkpoint, which would take it in and put an older one in its place at a failover.
 */
import { fail } from "../base/errors.ts";
import type { Files } from "../base/outside.ts";
import { isWithin, placeOf } from "../checkpoint/directory-path.ts";
import { allRecords } from "../checkpoint/records.ts";
import type { Key } from "../tree/key.ts";
import { setPath } from "./place.ts";

/** Folders above the set that are looked at; a quorum folder is at most three above anything in it. */
const depth = 16;

/**
 * Fails when the folder, which need not exist, is or lies in the quorum folder or the data folder of any cluster:
 * INVALID_OPERATION_ON_QUORUM, INVALID_PARAMETER. Looks at what is really above it, also through links.
 */
export async function refuseOwnFolders(files: Files, given: string): Promise<void> {
  const path = setPath(given);
  const start = (await files.stat(path))?.kind === "folder" ? path : path.slice(0, path.lastIndexOf("/")) || "/";
  let above = start;
  for (let step = 0; step < depth; step++) {
    if ((await isThere(files, `${above}/current`)) && (await isThere(files, `${above}/generation`))) {
      throw fail("INVALID_OPERATION_ON_QUORUM", {
        happened: `${path} is in the quorum folder of a cluster, whose own files a backup set would replace.`,
        unchanged: "Nothing was written.",
        next: "Choose a folder outside of it, best on another disk.",
      });
    }
    if (await isThere(files, `${above}/node.json`)) {
      throw fail("INVALID_PARAMETER", {
        happened: `${path} is in the data folder of a node; the backup would be lost with it.`,
        unchanged: "Nothing was written.",
        next: "Choose a folder outside of it, best on another disk.",
      });
    }
    above = `${above}/..`;
  }
}

/** BAD_PATHNAME when the folder is, or lies in, a directory checkpoint of this database on the node with this data folder. */
export function refuseCheckpointed(tree: Key, dataFolder: string, given: string): void {
  const path = setPath(given);
  for (const { name, current } of allRecords(tree)) {
    for (const checkpoint of current) {
      if (checkpoint.kind !== "directory") continue;
      const place = placeOf(checkpoint.path, dataFolder);
      if (!isWithin(path, place)) continue;
      throw fail("BAD_PATHNAME", {
        happened: `${path} is in ${place}, a checkpoint of resource "${name}": the set would be a part of it, and be replaced with it.`,
        unchanged: "Nothing was written.",
        next: "Choose a folder outside of it, best on another disk.",
      });
    }
  }
}

async function isThere(files: Files, path: string): Promise<boolean> {
  return (await files.stat(path)) !== undefined;
}
