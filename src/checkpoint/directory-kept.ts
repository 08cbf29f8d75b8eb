/**
 * Before a folder that was replaced is removed: what changed in it after it was read was never a version, so it is kept as a loser
 * (docs/safety.md §3.5), also when only the next start gets to remove it.
 */
import type { Files } from "../base/outside.ts";
import { type Entry, entryDigest } from "./directory-entry.ts";
import { checkFilter, type DirectoryFilter, largestMaxSize } from "./directory-filter.ts";
import { matcherOf } from "./directory-matcher.ts";
import type { Scan } from "./directory-scan.ts";
import { join, walkFolder } from "./directory-walk.ts";

/** The version that replaces a folder. */
export interface Replacing {
  /** Resource id. */
  readonly resource: string;
  /** The checkpoint's path as it is stored, and the version's number. */
  readonly path: string;
  readonly number: number;
  readonly filter: DirectoryFilter;
}

/** Reads folders as checkpoints take them, and keeps what would be lost. */
export interface OldKeeper {
  scan(place: string, filter: DirectoryFilter): Promise<Scan>;
  keep(by: Replacing, entry: Entry): Promise<void>;
}

/** What was at a place when it was read; in the note of a placement, so that the next start knows it too. */
export interface OldMark {
  /** Inode of the folder or file itself, decimal. */
  readonly inode: string;
  /** Digest of what was read. */
  readonly digest: string;
  readonly by: Replacing;
}

/** What was replaced, and the reading that its losers and the new folder rest on. */
export interface ReadOld {
  readonly old: string;
  readonly place: string;
  readonly mark: OldMark;
  readonly scan: Scan;
}

/** Keeps what is at `old` when a file in it is not what was read. Rejects when it can't be told: then nothing may go. */
export async function keepChanged(files: Files, keeper: OldKeeper, read: ReadOld): Promise<void> {
  const { old, mark, scan } = read;
  const suspects = await mayHaveChanged(files, read);
  if (suspects.length === 0) return;
  const { entry } = await keeper.scan(old, wholeOf(mark.by));
  const digestAt = (root: Entry, path: string): string | undefined => {
    const found = entryAt(root, path);
    return found === undefined ? undefined : entryDigest(found);
  };
  if (suspects.some((path) => digestAt(entry, path) !== digestAt(scan.entry, path))) await keeper.keep(mark.by, entry);
}

/** The same after a crash, when the times of the reading are not known any more. What is there now, as the checkpoint takes it. */
export async function keepUnlessRead(keeper: OldKeeper, old: string, { by, digest }: OldMark): Promise<Entry> {
  const { entry } = await keeper.scan(old, wholeOf(by));
  if (entryDigest(entry) !== digest) await keeper.keep(by, entry);
  return entry;
}

/** By looking alone. A file that the new folder has too loses nothing; one that came in goes over, unless its name is taken. */
async function mayHaveChanged(files: Files, { old, place, mark, scan }: ReadOld): Promise<readonly string[]> {
  const filter = wholeOf(mark.by);
  const { items } = await walkFolder(files, old, filter, matcherOf(filter));
  const suspects: string[] = [];
  for (const { path, stat } of items.values()) {
    if (stat.kind === "folder" || scan.isAsRead(path, stat)) continue;
    const now = await nameAt(files, place, path);
    if (now === "free" ? scan.has(path) : now !== stat.inode) suspects.push(path);
  }
  return suspects;
}

/** The inode of what has the name below `place` now; "taken" when something that is no folder stands on the way to it. */
async function nameAt(files: Files, place: string, path: string): Promise<bigint | "free" | "taken"> {
  const found = await files.stat(join(place, path));
  if (found !== undefined) return found.inode;
  const names = path.split("/");
  for (let count = names.length - 1; count >= 0; count--) {
    const parent = await files.stat(join(place, names.slice(0, count).join("/")));
    if (parent !== undefined) return parent.kind === "folder" ? "free" : "taken";
  }
  return "free";
}

function wholeOf({ filter }: Replacing): DirectoryFilter {
  return { ...filter, maxSize: largestMaxSize };
}

function entryAt(root: Entry, path: string): Entry | undefined {
  let at: Entry | undefined = root;
  for (const name of path === "" ? [] : path.split("/")) at = at?.kind === "folder" ? at.entries.get(name) : undefined;
  return at;
}

/** A mark out of a note; undefined when the note has none. */
export function oldMarkOf(note: object): OldMark | undefined {
  const old: unknown = "old" in note ? note.old : undefined;
  if (typeof old !== "object" || old === null) return undefined;
  const { inode, digest, by } = old as Partial<OldMark>;
  if (typeof inode !== "string" || typeof digest !== "string" || by === undefined) return undefined;
  return { inode, digest, by: { ...by, filter: checkFilter(by.filter) } };
}
