/** Takes a backup: writes a set in a hidden folder, reads it back, verifies it, and swaps it in. */
import { createJournal } from "../base/journal.ts";
import { writeNewFile } from "../base/durable.ts";
import { sha256, sha256OfChunks } from "../base/digest.ts";
import { fail } from "../base/errors.ts";
import type { Files, Outside } from "../base/outside.ts";
import { tagValueName } from "../database/apply.ts";
import { rootKey } from "../database/schema.ts";
import { writeHive } from "../hive/index.ts";
import { encodeHeader } from "../quorum/disk/log-codec.ts";
import type { CheckpointVersions, ClusterIdentity } from "../quorum/quorum.ts";
import { formatTag, type Tag } from "../quorum/tag.ts";
import { contentDigest } from "../tree/content.ts";
import { applyEdits } from "../tree/edit.ts";
import { fileTime, type Key } from "../tree/key.ts";
import { sz } from "../tree/value.ts";
import { cleanUp, untouched } from "./clean-up.ts";
import type { DeviceLayout } from "./device-layout.ts";
import { examineSet } from "./examine.ts";
import { encodeManifest, type Manifest, type ManifestFile } from "./manifest.ts";
import { fileOfVersion, type NamedVersion, namedVersions } from "./named-versions.ts";
import { prepareFolder, setPath, takeFailure } from "./place.ts";
import { innerFolder, listSet, setFile } from "./set.ts";
import { openWorkspace, swapIn, type Workspace } from "./swap.ts";

/** What a backup is made of. The caller holds `tag`, so that nothing named there is deleted meanwhile. */
export interface TakeBackup {
  readonly outside: Pick<Outside, "files" | "random" | "clock">;
  /** The cluster database at `tag`. */
  readonly tree: Key;
  readonly tag: Tag;
  readonly identity: ClusterIdentity;
  readonly versions: Pick<CheckpointVersions, "read">;
  /** Absolute path of a folder; its parent exists. */
  readonly path: string;
  /** The name of this node. */
  readonly node: string;
  /** What could not be captured before, one sentence each. */
  readonly notChecked?: readonly string[];
  readonly quorumDevice?: DeviceLayout;
}

/** A set that is complete and in place. */
export interface BackupResult {
  /** The node that wrote it, on whose file system it is. */
  readonly node: string;
  readonly path: string;
  readonly tag: Tag;
  readonly files: number;
  readonly bytes: number;
  readonly notChecked: readonly string[];
  /** What else a person should know: foreign files that were left alone, what was replaced. */
  readonly notes: readonly string[];
}

/**
 * DIRECTORY, PATH_NOT_FOUND, ACCESS_DENIED, DISK_FULL, IO_DEVICE: the folder. FILE_NOT_FOUND, CRC: a checkpoint file that the database
 * names is lost or damaged. CLUSTER_BACKUP_IN_PROGRESS. A set that was there counts until the new one is complete and verified.
 */
export async function takeBackup(take: TakeBackup): Promise<BackupResult> {
  const { files } = take.outside;
  const path = setPath(take.path);
  let isNew = false;
  let workspace: Workspace | undefined;
  try {
    isNew = await prepareFolder(files, path);
    workspace = await openWorkspace(take.outside, path);
    const before = await listSet(files, path);
    const manifest = await writeSet(take, workspace.path);
    await verifyWritten(files, workspace.path, manifest);
    const names = [...manifest.files.map(({ name }) => name), setFile.manifest, setFile.marker];
    refuseLinks(path, before.odd, names);
    await swapIn(files, path, workspace, before.names, names);
    return result(take, path, manifest, notesOf(before.foreign, before.names));
  } catch (error) {
    throw takeFailure(error, path, await cleanUp(files, path, workspace, { isNew }));
  }
}

async function writeSet(take: TakeBackup, folder: string): Promise<Manifest> {
  const { files, clock } = take.outside;
  const { tag, identity } = take;
  const time = Math.floor(clock.wall());
  const tree = databaseOf(take.tree, tag, time);
  const written: ManifestFile[] = [];
  const write = async (name: string, bytes: Uint8Array): Promise<ManifestFile> => {
    await writeNewFile(files, `${folder}/${name}`, bytes);
    const file = { name, sha256: sha256(bytes), size: bytes.length };
    written.push(file);
    return file;
  };
  const snapshot = await write(setFile.snapshot, writeHive(tree, { time: fileTime(time), fileName: "ClusDb" }));
  const { instance, generation, lineage } = identity;
  const at = { instance, generation, lineage, epoch: tag.epoch, index: 0, first: tag, previous: undefined };
  const journal = await createJournal(
    files,
    `${folder}/${setFile.log}`,
    encodeHeader({ ...at, snapshot: snapshot.name, sha256: snapshot.sha256 }),
    "exclusive",
  );
  await journal.close();
  const log = await files.read(`${folder}/${setFile.log}`);
  written.push({ name: setFile.log, sha256: sha256(log), size: log.length });
  const named = namedVersions(tree);
  const notChecked = [...(take.notChecked ?? [])];
  const checkpoints = [];
  for (const version of named) {
    const bytes = await readVersion(take, version, notChecked);
    if (bytes === undefined) continue;
    const file = fileOfVersion(version);
    await files.makeFolder(`${folder}/${innerFolder(file) ?? ""}`);
    await write(file, bytes);
    const { resource, resourceName, path, kind, number, current } = version;
    checkpoints.push({ resource, resourceName, path, kind, number, current, file });
  }
  const manifest: Manifest = {
    cluster: { name: identity.name, instance },
    generation,
    lineage,
    tag: formatTag(tag),
    time,
    node: take.node,
    contentDigest: contentDigest(tree, sha256OfChunks),
    files: written,
    checkpoints,
    quorumDevice: take.quorumDevice ?? { checked: false, why: "nobody looked at it" },
    notChecked,
  };
  await writeNewFile(files, `${folder}/${setFile.manifest}`, encodeManifest(manifest));
  for (const inner of new Set(written.map(({ name }) => innerFolder(name)))) {
    if (inner !== undefined) await files.syncFolder(`${folder}/${inner}`);
  }
  await files.syncFolder(folder);
  await writeNewFile(files, `${folder}/${setFile.marker}`, new Uint8Array(), 0o444);
  await files.syncFolder(folder);
  return manifest;
}

/** What a set keeps of the database: everything but what only the running cluster knows. */
function databaseOf(tree: Key, tag: Tag, time: number): Key {
  const at = fileTime(time);
  return applyEdits(
    tree,
    [
      { kind: "delete-key", path: rootKey.runtime },
      { kind: "set-value", path: "", value: sz(tagValueName, formatTag(tag)) },
    ],
    at,
  );
}

/** undefined for an older version that is lost; a current one must be there and right. */
async function readVersion(
  take: TakeBackup,
  version: NamedVersion,
  notChecked: string[],
): Promise<Uint8Array | undefined> {
  const { kind, number, resource, resourceName, path, fileDigest, current } = version;
  const what = `version ${number} of the checkpoint ${path} of ${resourceName}`;
  const next = `Recreate it from the node that has the right settings (clubar recover checkpoints), then take the backup again.`;
  let bytes: Uint8Array;
  try {
    bytes = await take.versions.read({ resource, number, kind });
  } catch (error) {
    if (!isNotFound(error)) throw error;
    if (current)
      throw fail("FILE_NOT_FOUND", {
        happened: `The file of ${what} is lost.`,
        unchanged: untouched,
        next,
        cause: error,
      });
    notChecked.push(`The file of ${what}, an older one, is lost; it is not in the set.`);
    return undefined;
  }
  if (fileDigest === "" || sha256(bytes) === fileDigest) return bytes;
  if (current) throw fail("CRC", { happened: `The file of ${what} is damaged.`, unchanged: untouched, next });
  notChecked.push(`The file of ${what}, an older one, is damaged; it is not in the set.`);
  return undefined;
}

function isNotFound(error: unknown): boolean {
  return error instanceof Error && error.name === "FILE_NOT_FOUND";
}

/** What comes back from the disk is what was meant, and a reader takes it for a whole set. */
async function verifyWritten(files: Files, folder: string, manifest: Manifest): Promise<void> {
  const found = await examineSet({ files }, folder);
  const same =
    found.manifest !== undefined && sha256(encodeManifest(found.manifest)) === sha256(encodeManifest(manifest));
  const damage = found.lines
    .filter(({ result }) => result === "DAMAGED")
    .map(({ what, detail }) => `${what}: ${detail}`);
  if (!same && damage.length === 0) damage.push("the manifest is another one");
  if (damage.length === 0 && found.complete) return;
  throw fail("IO_DEVICE", {
    happened: `What was written to ${folder} did not come back as it was: ${damage.join("; ")}.`,
    unchanged: untouched,
    next: "Check that disk, or choose another one.",
  });
}

function refuseLinks(path: string, odd: readonly string[], names: readonly string[]): void {
  const inTheWay = odd.filter((name) => names.some((each) => each === name || innerFolder(each) === name));
  if (inTheWay.length === 0) return;
  throw fail("DIRECTORY", {
    happened: `${inTheWay.join(", ")} in ${path} is a link or a device where a part of the backup belongs; links are not followed.`,
    unchanged: untouched,
    next: "Remove it or choose another folder.",
  });
}

function notesOf(foreign: readonly string[], replaced: readonly string[]): string[] {
  const notes: string[] = [];
  if (replaced.length > 0) notes.push("The set that was there was replaced.");
  if (foreign.length > 0)
    notes.push(
      `Other files in the folder were left alone: ${foreign.slice(0, 10).join(", ")}${foreign.length > 10 ? ", …" : ""}.`,
    );
  return notes;
}

function result(take: TakeBackup, path: string, manifest: Manifest, notes: readonly string[]): BackupResult {
  const bytes = manifest.files.reduce((sum, { size }) => sum + size, 0);
  return {
    node: take.node,
    path,
    tag: take.tag,
    files: manifest.files.length + 2,
    bytes,
    notChecked: manifest.notChecked,
    notes,
  };
}
