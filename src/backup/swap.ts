/**
 * A complete, verified set in `.new-<id>/` takes the place of the set in the folder (docs/safety.md §4). The journal
 * `.swap.json` is the decision: before it the old set counts, after it the new one, and whoever comes next finishes. DESIGN.md
 * has the states in between.
 */
import { toHex } from "../base/bytes.ts";
import { createFileDurably, temporaryEnding } from "../base/durable.ts";
import { fail } from "../base/errors.ts";
import type { FileHandle, Files, Outside } from "../base/outside.ts";
import {
  hasCode,
  innerFolder,
  listOrNothing,
  lockFile,
  parseSetName,
  parseWorkName,
  removeTree,
  swapFile,
} from "./set.ts";

/** What may be in a set that is swapped: no other name in a journal is ever touched. */
export interface SwapLayout {
  /** Of a file, or at the top of the set a folder that is moved as a whole. */
  isName(name: string): boolean;
  /** What comes last and goes first. */
  isMarker(name: string): boolean;
}

/** A set of BackupClusterDatabase. */
const clusterSet: SwapLayout = {
  isName: (name) => parseSetName(name) !== undefined,
  isMarker: (name) => parseSetName(name)?.kind === "marker",
};

/** What the journal says. */
export interface Swap {
  readonly id: string;
  /** Backup files that were in the folder. */
  readonly old: readonly string[];
  readonly new: readonly string[];
}

/** A hidden folder in which one backup writes; the lock tells others that its writer lives. */
export interface Workspace {
  readonly id: string;
  readonly path: string;
  readonly lock: FileHandle;
}

/** The journal of a swap under way; undefined when there is none. DATABASE_BACKUP_CORRUPT when it can't be read. */
export async function readSwap(files: Files, path: string, layout: SwapLayout = clusterSet): Promise<Swap | undefined> {
  const file = `${path}/${swapFile}`;
  const kind = (await files.stat(file))?.kind;
  if (kind === undefined) return undefined;
  try {
    if (kind === "file") return parseSwap(new TextDecoder().decode(await files.read(file)), layout);
  } catch (error) {
    // Finished between the two looks.
    if (hasCode(error, "ENOENT")) return undefined;
    if (!(error instanceof SyntaxError || error instanceof TypeError)) throw error;
  }
  throw fail("DATABASE_BACKUP_CORRUPT", {
    happened: `${file} is damaged: it should say which set counts.`,
    unchanged: "Nothing was changed.",
    next: `Look into ${path}/.new-… (the newer set) and ${path} (the older one), and take a new backup to another folder.`,
  });
}

function parseSwap(text: string, layout: SwapLayout): Swap {
  const { format, id, old, new: young } = JSON.parse(text) as Record<string, unknown>;
  if (format !== 1 || typeof id !== "string" || !/^[0-9a-f]{16}$/.test(id)) throw new TypeError("no swap");
  return { id, old: setNames(old, layout), new: setNames(young, layout) };
}

/** Only names of backup files: nothing outside the folder can be moved by a forged journal. */
function setNames(value: unknown, layout: SwapLayout): string[] {
  if (!Array.isArray(value)) throw new TypeError("no list");
  return value.map((name: unknown) => {
    if (typeof name !== "string" || !layout.isName(name)) throw new TypeError("no name of a backup file");
    return name;
  });
}

/** Begins a backup in a folder, after finishing and clearing what others left. CLUSTER_BACKUP_IN_PROGRESS when one lives. */
export async function openWorkspace(
  { files, random }: Pick<Outside, "files" | "random">,
  path: string,
  layout: SwapLayout = clusterSet,
): Promise<Workspace> {
  const id = toHex(random.bytes(8));
  const folder = `${path}/.new-${id}`;
  await files.makeFolder(folder);
  const lock = await takeLock(files, path, folder);
  const workspace = { id, path: folder, lock };
  try {
    await settle(files, path, id, layout);
    return workspace;
  } catch (error) {
    await closeWorkspace(files, workspace).catch(() => undefined);
    throw error;
  }
}

async function takeLock(files: Files, path: string, folder: string): Promise<FileHandle> {
  let handle: FileHandle;
  try {
    handle = await files.open(`${folder}/${lockFile}`, "create", 0o600);
  } catch (error) {
    // Another backup took our empty folder for a leftover.
    if (hasCode(error, "ENOENT")) throw inProgress(path);
    throw error;
  }
  if (await handle.lock()) return handle;
  await handle.close();
  throw inProgress(path);
}

/** Removes the folder and gives the lock back. */
export async function closeWorkspace(files: Files, workspace: Workspace): Promise<void> {
  try {
    await removeTree(files, workspace.path, lockFile);
  } finally {
    await workspace.lock.close();
  }
}

/** Finishes a swap that was interrupted and clears leftovers. Fails with CLUSTER_BACKUP_IN_PROGRESS while their writer lives. */
export async function finishBackup(
  { files }: Pick<Outside, "files">,
  path: string,
  layout: SwapLayout = clusterSet,
): Promise<void> {
  await settle(files, path, undefined, layout);
}

async function settle(files: Files, path: string, own: string | undefined, layout: SwapLayout): Promise<void> {
  for (const name of await files.list(path)) {
    const work = parseWorkName(name);
    if (work?.kind === "new" && work.id !== own) await settleOther(files, path, work.id, layout);
  }
  const swap = await readSwap(files, path, layout);
  // Its folder is gone only when everything in it has been moved.
  if (swap !== undefined) await finishSwap(files, path, swap, layout);
  for (const name of await files.list(path)) {
    if (parseWorkName(name)?.kind === "old") await removeTree(files, `${path}/${name}`);
    if (name.startsWith(`${swapFile}.`) && name.endsWith(temporaryEnding))
      await unlinkIfThere(files, `${path}/${name}`);
  }
}

/** Holding its lock means that its writer is dead and that nobody else clears it. */
async function settleOther(files: Files, path: string, id: string, layout: SwapLayout): Promise<void> {
  const folder = `${path}/.new-${id}`;
  let lock: FileHandle;
  try {
    lock = await files.open(`${folder}/${lockFile}`, "update");
  } catch (error) {
    if (!hasCode(error, "ENOENT")) throw error;
    if ((await readSwap(files, path, layout))?.id !== id) await removeTree(files, folder);
    return;
  }
  try {
    if (!(await lock.lock())) throw inProgress(path);
    const swap = await readSwap(files, path, layout);
    if (swap?.id === id) await finishSwap(files, path, swap, layout);
    await removeTree(files, folder, lockFile);
  } finally {
    await lock.close();
  }
}

/** Decides for the set in the workspace and puts it in place. The workspace is gone when it resolves. */
export async function swapIn(
  files: Files,
  path: string,
  workspace: Workspace,
  old: readonly string[],
  young: readonly string[],
  layout: SwapLayout = clusterSet,
): Promise<void> {
  const swap: Swap = { id: workspace.id, old, new: young };
  const text = `${JSON.stringify({ format: 1, ...swap })}\n`;
  // The set's own name must be durable before what decides for it.
  await files.syncFolder(path);
  try {
    await createFileDurably(files, `${path}/${swapFile}`, new TextEncoder().encode(text), 0o600);
  } catch (error) {
    if (hasCode(error, "EEXIST")) throw inProgress(path);
    throw error;
  }
  await finishSwap(files, path, swap, layout);
  await closeWorkspace(files, workspace);
}

/** May be cut off and repeated anywhere: where a file is tells what was done. */
async function finishSwap(files: Files, path: string, swap: Swap, layout: SwapLayout): Promise<void> {
  const isMarker = (name: string): boolean => layout.isMarker(name);
  const markerOf = (names: readonly string[]): string[] => names.filter(isMarker);
  const withoutMarker = (names: readonly string[]): string[] => names.filter((name) => !isMarker(name));
  const young = `${path}/.new-${swap.id}`;
  const old = `${path}/.old-${swap.id}`;
  const isThere = async (file: string): Promise<boolean> => (await files.stat(file)) !== undefined;
  await makeFolders(files, path, swap.new);
  await makeFolders(files, old, swap.old);
  // Programs that know only the marker must not take the mixture for a set.
  for (const name of [...markerOf(swap.old), ...withoutMarker(swap.old)]) {
    const isNew = swap.new.includes(name) && !(await isThere(`${young}/${name}`));
    if (isNew || !(await isThere(`${path}/${name}`))) continue;
    await files.rename(`${path}/${name}`, `${old}/${name}`);
    if (isMarker(name)) await files.syncFolder(path);
  }
  await syncFolders(files, path, swap.old);
  for (const name of withoutMarker(swap.new)) {
    if (await isThere(`${young}/${name}`)) await files.rename(`${young}/${name}`, `${path}/${name}`);
  }
  await syncFolders(files, path, swap.new);
  for (const name of markerOf(swap.new)) {
    if (await isThere(`${young}/${name}`)) await files.rename(`${young}/${name}`, `${path}/${name}`);
  }
  await files.syncFolder(path);
  await unlinkIfThere(files, `${path}/${swapFile}`);
  await files.syncFolder(path);
  await removeTree(files, old);
  await removeEmptyFolders(files, path, swap.old);
}

/** A file moved into a folder whose own name is not durable yet could be lost with it. */
async function makeFolders(files: Files, path: string, names: readonly string[]): Promise<void> {
  await files.makeFolder(path);
  for (const folder of foldersOf(names)) await files.makeFolder(`${path}/${folder}`);
  await files.syncFolder(path);
}

function foldersOf(names: readonly string[]): Set<string> {
  return new Set(names.map(innerFolder).filter((folder) => folder !== undefined));
}

async function syncFolders(files: Files, path: string, names: readonly string[]): Promise<void> {
  for (const folder of foldersOf(names)) {
    if ((await files.stat(`${path}/${folder}`))?.kind === "folder") await files.syncFolder(`${path}/${folder}`);
  }
  await files.syncFolder(path);
}

/** Folders of resources that only the replaced set had; one with other people's files in it stays. */
async function removeEmptyFolders(files: Files, path: string, old: readonly string[]): Promise<void> {
  for (const folder of foldersOf(old)) {
    const inside = await listOrNothing(files, `${path}/${folder}`);
    if (inside.length === 0) await files.removeFolder(`${path}/${folder}`).catch(() => undefined);
  }
}

async function unlinkIfThere(files: Files, path: string): Promise<void> {
  try {
    await files.unlink(path);
  } catch (error) {
    if (!hasCode(error, "ENOENT")) throw error;
  }
}

function inProgress(path: string): Error {
  return fail("CLUSTER_BACKUP_IN_PROGRESS", {
    happened: `Another backup is writing to ${path}.`,
    unchanged: "The set there is as it was.",
    next: "Wait for it to end, or choose another folder.",
  });
}
