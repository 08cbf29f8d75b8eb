/** Claims: `epoch/00000001` …, each locked by its holder (docs/safety.md §1.1). */
import type { FileHandle, Files } from "../../base/outside.ts";
import type { Claim, ClaimWho } from "../quorum.ts";
import { removeIfThere, temporaryName } from "./commit.ts";
import { currentName, damaged, hasCode, parseJson } from "./place.ts";
import type { GenerationFolder } from "./place.ts";

/** The file name of an epoch: 8 decimal digits. */
export function epochName(epoch: number): string {
  return String(epoch).padStart(8, "0");
}

/** All claims that are still kept, ascending. */
export async function listEpochs(folder: GenerationFolder): Promise<readonly number[]> {
  const names = await folder.files.list(`${folder.path}/epoch`);
  return names.filter((name) => /^[0-9]{8}$/.test(name)).map(Number);
}

/** The highest epoch claimed; 0 before the first. */
export async function currentEpoch(folder: GenerationFolder): Promise<number> {
  return (await listEpochs(folder)).at(-1) ?? 0;
}

/** Whether `epoch` is the highest of the generation in force: the question after every write. */
export async function isCurrent(folder: GenerationFolder, epoch: number): Promise<boolean> {
  const [name, highest] = await Promise.all([currentName(folder.files, folder.place), currentEpoch(folder)]);
  return name === folder.name && highest === epoch;
}

/** Rejects with ENOENT when the claim is not kept any more, CLUSTERLOG_CORRUPT when it is damaged. */
export async function readClaim(folder: GenerationFolder, epoch: number): Promise<Claim> {
  const path = claimPath(folder, epoch);
  return parseClaim(path, epoch, await folder.files.read(path));
}

/** Where a claim is. */
export function claimPath(folder: GenerationFolder, epoch: number): string {
  return `${folder.path}/epoch/${epochName(epoch)}`;
}

/** What stands in a claim; fails with CLUSTERLOG_CORRUPT naming `path`. */
export function parseClaim(path: string, epoch: number, bytes: Uint8Array): Claim {
  const { node, incarnation, endpoint, hostEndpoint } = parseJson(path, bytes);
  if (typeof node === "string" && typeof incarnation === "string") {
    if (typeof endpoint === "string" && typeof hostEndpoint === "string") {
      return { epoch, node, incarnation, endpoint, hostEndpoint };
    }
  }
  throw damaged(path, "a field is missing or of another type");
}

/**
 * Takes `epoch` by linking a file that is locked already, so that a visible claim is unlocked only when its holder is
 * gone. Returns the handle that holds the lock; undefined when somebody was first.
 */
export async function takeEpoch(
  folder: GenerationFolder,
  epoch: number,
  who: ClaimWho,
): Promise<FileHandle | undefined> {
  const { files, random } = folder;
  const epochs = `${folder.path}/epoch`;
  const temporary = `${epochs}/${temporaryName(random, epochName(epoch))}`;
  const handle = await files.open(temporary, "create", 0o600);
  try {
    const { node, incarnation, endpoint, hostEndpoint } = who;
    const text = `${JSON.stringify({ format: 1, epoch, node, incarnation, endpoint, hostEndpoint })}\n`;
    const locked = await handle.lock();
    await handle.write(new TextEncoder().encode(text), 0);
    await handle.sync();
    const taken = locked && (await linkClaim(files, temporary, `${epochs}/${epochName(epoch)}`));
    if (taken) await files.syncFolder(epochs);
    // A claim in a generation that is no longer in force, or below one that came from a longer list, leads nobody.
    if (taken && (await isCurrent(folder, epoch))) return handle;
  } catch (error) {
    await handle.close();
    throw error;
  } finally {
    await removeIfThere(files, temporary);
  }
  await handle.close();
  return undefined;
}

/** ENOENT: a newer leader has cleared our temporary file away, so somebody was first as well. */
async function linkClaim(files: Files, temporary: string, path: string): Promise<boolean> {
  try {
    await files.link(temporary, path);
    return true;
  } catch (error) {
    if (hasCode(error, "EEXIST") || hasCode(error, "ENOENT")) return false;
    throw error;
  }
}
