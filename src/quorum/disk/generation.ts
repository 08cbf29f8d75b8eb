/**
 * Generations: every authoritative restore builds a whole new folder below `generation/` beside the old one and puts it
 * in force by one rename, that of the file `current` (docs/safety.md §5.4). Old generations stay as they are.
 */
import { createFileDurably, folderOf, makeFolderDurably } from "../../base/durable.ts";
import { fail } from "../../base/errors.ts";
import type { Files } from "../../base/outside.ts";
import type { ClusterIdentity, SnapshotImage } from "../quorum.ts";
import {
  checkFirstImage,
  checkNewer,
  clusterExists,
  generationName,
  parseVersionPath,
  versionFolder,
} from "../rules.ts";
import type { VersionBytes } from "../rules.ts";
import { createLog } from "./log.ts";
import { currentName, generationFolder, hasCode, readIdentity, setCurrent, writeIdentity } from "./place.ts";
import type { DiskOutside, GenerationFolder } from "./place.ts";
import { versionPath } from "./versions.ts";

/**
 * Builds a whole generation folder in the quorum folder `place`, durable when it resolves but not in force. A folder of
 * the same generation and lineage that was left unfinished or never put in force is built anew. Fails with
 * OBJECT_ALREADY_EXISTS when it is in force, INVALID_STATE when the one in force has the same or a higher generation.
 */
export async function createQuorumFolder(
  outside: DiskOutside,
  place: string,
  identity: ClusterIdentity,
  image: SnapshotImage,
  versions: Iterable<VersionBytes> | AsyncIterable<VersionBytes> = [],
): Promise<void> {
  checkFirstImage(identity, image);
  const { files } = outside;
  const folder = generationFolder(outside, place, generationName(identity));
  const before = await currentName(files, place);
  if (before === folder.name) throw clusterExists(folder.path);
  checkNewer(place, before, identity);
  await removeTree(files, folder.path);
  await makeFolderDurably(files, place);
  for (const path of [`${place}/generation`, folder.path]) await makeDurableFolder(files, path);
  for (const name of ["epoch", "log", "proof"]) await makeDurableFolder(files, `${folder.path}/${name}`);
  for await (const { name, bytes } of versions) {
    const version = parseVersionPath(name);
    await makeDurableFolder(files, `${folder.path}/${versionFolder(version.resource)}`);
    await createFileDurably(files, versionPath(folder, version), bytes, 0o600);
  }
  const { journal } = await createLog(folder, identity, { epoch: 0, index: 0, previous: undefined }, image);
  await journal.close();
  await writeIdentity(folder, identity);
}

/**
 * Puts the generation that `createQuorumFolder` built in force, by one rename. May be repeated after a crash. Fails
 * with INVALID_STATE when it was never finished, or when the one in force has the same or a higher generation: two
 * histories are never merged.
 */
export async function switchQuorumFolder(
  outside: DiskOutside,
  place: string,
  identity: Pick<ClusterIdentity, "generation" | "lineage">,
): Promise<void> {
  const next = generationFolder(outside, place, generationName(identity));
  const before = await currentName(outside.files, place);
  if (before === next.name) {
    // The rename may have happened just before a crash of the process; the name is durable only after this.
    await outside.files.syncFolder(place);
    return;
  }
  if ((await readIdentity(next)) === undefined) {
    throw fail("INVALID_STATE", {
      happened: `The generation folder ${next.path} is not there or was never finished.`,
      unchanged: "The quorum is as it was.",
      next: "Start the restore again.",
    });
  }
  checkNewer(place, before, identity);
  await setCurrent(outside.files, place, next.name, "replace");
}

/**
 * Takes away a generation that was built and is not in force, and the folder around it when nothing else is in there. Never rejects:
 * what is left is not in force, and a later generation has a higher number.
 */
export async function discardQuorumFolder(
  outside: DiskOutside,
  place: string,
  identity: Pick<ClusterIdentity, "generation" | "lineage">,
): Promise<void> {
  const { files } = outside;
  const name = generationName(identity);
  try {
    if ((await currentName(files, place)) === name) return;
    await removeTree(files, generationFolder(outside, place, name).path);
    await files.removeFolder(`${place}/generation`);
  } catch {
    // Another generation is beside it, or the disk is gone.
  }
}

/** Names what was in force in a quorum folder that the cluster left, for people. */
export const retiredName = "current.retired";

/**
 * Takes a quorum folder out of force for good, because the cluster goes on in another one: from now on it confirms nobody, so whoever
 * still runs under it loses the permit. False when nothing is in force there or the folder is lost: then it confirms nobody either.
 */
export async function retireQuorumFolder({ files }: DiskOutside, place: string): Promise<boolean> {
  try {
    await files.rename(`${place}/current`, `${place}/${retiredName}`);
    await files.syncFolder(place);
    return true;
  } catch (error) {
    if (["ENOENT", "ENOTDIR", "EIO", "EROFS"].some((code) => hasCode(error, code))) return false;
    throw error;
  }
}

/** Makes the first generation and puts it in force; fails with OBJECT_ALREADY_EXISTS when there is one. */
export async function createCluster(
  outside: DiskOutside,
  place: string,
  identity: ClusterIdentity,
  image: SnapshotImage,
): Promise<void> {
  if ((await currentName(outside.files, place)) !== undefined) throw clusterExists(place);
  await createQuorumFolder(outside, place, identity, image);
  try {
    await setCurrent(outside.files, place, generationName(identity), "first");
  } catch (error) {
    if (!hasCode(error, "EEXIST")) throw error;
    const { name, path } = generationFolder(outside, place, generationName(identity));
    if ((await currentName(outside.files, place)) !== name) await removeTree(outside.files, path);
    throw clusterExists(place);
  }
}

/** A generation folder of a quorum folder: what `status` and a person who cleans up want to see. */
export interface GenerationState {
  readonly name: string;
  readonly path: string;
  readonly inForce: boolean;
  /** undefined: it was never finished. */
  readonly identity: ClusterIdentity | undefined;
}

/** All generation folders below `place`, the oldest name first. */
export async function listGenerations(outside: DiskOutside, place: string): Promise<readonly GenerationState[]> {
  const inForce = await currentName(outside.files, place);
  const found: GenerationState[] = [];
  for (const name of await listOrNothing(outside.files, `${place}/generation`)) {
    const folder: GenerationFolder = generationFolder(outside, place, name);
    const identity = await readIdentity(folder);
    found.push({ name, path: folder.path, inForce: name === inForce, identity });
  }
  return found;
}

async function makeDurableFolder(files: Files, path: string): Promise<void> {
  await files.makeFolder(path);
  await files.syncFolder(folderOf(path));
}

async function listOrNothing(files: Files, path: string): Promise<readonly string[]> {
  try {
    return await files.list(path);
  } catch (error) {
    if (hasCode(error, "ENOENT")) return [];
    throw error;
  }
}

/** Removes a folder that is not in force; `quorum.json` first, so that it is unfinished from the first step on. */
async function removeTree(files: Files, path: string): Promise<void> {
  const names = await listOrNothing(files, path);
  if (names.includes("quorum.json")) await files.unlink(`${path}/quorum.json`);
  for (const name of names.filter((each) => each !== "quorum.json")) {
    const stat = await files.stat(`${path}/${name}`);
    if (stat?.kind === "folder") await removeTree(files, `${path}/${name}`);
    else await files.unlink(`${path}/${name}`);
  }
  if ((await files.stat(path)) !== undefined) await files.removeFolder(path);
}
