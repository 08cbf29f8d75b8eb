/** The layout of a backup set, that of BackupClusterDatabase (docs/formats/backup-set.md), and how a folder is looked at. */
import { OutsideError } from "../base/outside.ts";
import type { Files } from "../base/outside.ts";
import type { VersionKind } from "../quorum/quorum.ts";
import { versionKinds } from "../quorum/rules.ts";

/** Names of the files at the top of a set as clubar writes them. */
export const setFile = {
  snapshot: "chk0001.tmp",
  log: "quolog.log",
  manifest: "manifest.json",
  /** Empty, 0444, written last: a folder without it is an unfinished backup. */
  marker: "Clusbackup.dat",
} as const;

/** The journal of a set that is being put in the place of another. */
export const swapFile = ".swap.json";
/** In a set's working folder; locked by whoever writes there. */
export const lockFile = "lock";

/** What a name within a set is. Sets written by Windows may spell it in other case. */
export type SetName =
  | { readonly kind: "snapshot"; readonly number: number }
  | { readonly kind: "log" | "manifest" | "marker" }
  | { readonly kind: "version"; readonly resource: string; readonly number: number; readonly type: VersionKind };

/** undefined when a name, relative to the set's folder with `/`, is no backup file's. */
export function parseSetName(name: string): SetName | undefined {
  const lower = name.toLowerCase();
  const snapshot = /^chk([0-9a-f]{1,8})\.tmp$/.exec(lower)?.[1];
  if (snapshot !== undefined) return { kind: "snapshot", number: Number.parseInt(snapshot, 16) };
  if (lower === setFile.log) return { kind: "log" };
  if (lower === setFile.manifest) return { kind: "manifest" };
  if (lower === setFile.marker.toLowerCase()) return { kind: "marker" };
  const version = /^(\{[^/]*\})\/([0-9a-f]{8})\.([a-z]{3})$/.exec(lower);
  const resource = resourceOfFolder(version?.[1] ?? "");
  const type = versionKinds.find((kind) => kind.toLowerCase() === version?.[3]);
  if (resource === undefined || type === undefined) return undefined;
  return { kind: "version", resource, number: Number.parseInt(version?.[2] ?? "", 16), type };
}

/** The resource of a folder named `{GUID}`, lower case without braces. */
export function resourceOfFolder(name: string): string | undefined {
  return /^\{([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\}$/.exec(name.toLowerCase())?.[1];
}

/** The folder part of a name within a set; undefined at the top. */
export function innerFolder(name: string): string | undefined {
  const slash = name.indexOf("/");
  return slash < 0 ? undefined : name.slice(0, slash);
}

/** The id of a working folder of a backup (`.new-…`) or of a set being replaced (`.old-…`). */
export function parseWorkName(name: string): { readonly kind: "new" | "old"; readonly id: string } | undefined {
  const match = /^\.(new|old)-([0-9a-f]{16})$/.exec(name);
  return match === null ? undefined : { kind: match[1] === "new" ? "new" : "old", id: match[2] ?? "" };
}

/** What a set's folder holds. */
export interface SetListing {
  /** Backup files, relative to the folder, in the order of names. */
  readonly names: readonly string[];
  /** What is neither a backup file nor clubar's own work; left alone. */
  readonly foreign: readonly string[];
  /** Names of backup files or their folders that are links or devices: never opened. */
  readonly odd: readonly string[];
  /** Working folders and journals of backups. */
  readonly work: readonly string[];
}

/** Looks at a folder without opening any file. An absent folder has nothing in it. */
export async function listSet(files: Files, path: string): Promise<SetListing> {
  const listing = { names: [] as string[], foreign: [] as string[], odd: [] as string[], work: [] as string[] };
  for (const name of await listOrNothing(files, path)) {
    if (parseWorkName(name) !== undefined || name.startsWith(swapFile)) {
      listing.work.push(name);
      continue;
    }
    if (resourceOfFolder(name) !== undefined) {
      const kind = (await files.stat(`${path}/${name}`))?.kind;
      if (kind === "folder") await listInner(files, path, name, listing);
      else if (kind !== undefined) listing.odd.push(name);
      continue;
    }
    await sortOut(files, path, name, listing);
  }
  return listing;
}

type Sorted = { readonly names: string[]; readonly foreign: string[]; readonly odd: string[] };

async function listInner(files: Files, path: string, folder: string, sorted: Sorted): Promise<void> {
  for (const inner of await listOrNothing(files, `${path}/${folder}`))
    await sortOut(files, path, `${folder}/${inner}`, sorted);
}

async function sortOut(files: Files, path: string, name: string, sorted: Sorted): Promise<void> {
  if (parseSetName(name) === undefined) {
    sorted.foreign.push(name);
    return;
  }
  const kind = (await files.stat(`${path}/${name}`))?.kind;
  if (kind === "file") sorted.names.push(name);
  else if (kind !== undefined) sorted.odd.push(name);
}

/** The names in a folder; none when it is not there. */
export async function listOrNothing(files: Files, path: string): Promise<readonly string[]> {
  try {
    return await files.list(path);
  } catch (error) {
    if (hasCode(error, "ENOENT")) return [];
    throw error;
  }
}

/** Whether the outside said this. */
export function hasCode(error: unknown, ...codes: readonly string[]): boolean {
  return error instanceof OutsideError && codes.includes(error.code);
}

/** Removes a folder with everything in it; links are removed, not followed. `last` goes after all its neighbours. */
export async function removeTree(files: Files, path: string, last?: string): Promise<void> {
  const names = await listOrNothing(files, path);
  const inOrder =
    last === undefined || !names.includes(last) ? names : [...names.filter((name) => name !== last), last];
  for (const name of inOrder) {
    const kind = (await files.stat(`${path}/${name}`))?.kind;
    if (kind === "folder") await removeTree(files, `${path}/${name}`);
    else if (kind !== undefined) await files.unlink(`${path}/${name}`);
  }
  try {
    await files.removeFolder(path);
  } catch (error) {
    if (!hasCode(error, "ENOENT")) throw error;
  }
}
