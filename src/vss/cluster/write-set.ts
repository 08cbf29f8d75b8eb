/** Writes a VSS set in a hidden folder, reads it back, verifies it, and swaps it in: old or new at every moment, the marker last. */
import {
  cleanUp,
  openWorkspace,
  prepareFolder,
  refuseOwnFolders,
  setFile,
  setPath,
  swapIn,
  takeFailure,
  untouched,
  type Workspace,
} from "../../backup/backup.ts";
import { sha256 } from "../../base/digest.ts";
import { folderOf, writeNewFile } from "../../base/durable.ts";
import { fail } from "../../base/errors.ts";
import type { Files, Outside } from "../../base/outside.ts";
import { vssEntries, vssFile, vssLayout } from "./layout.ts";
import { encodeVssManifest, type VssManifest, type VssSetFile } from "./manifest.ts";
import { damageOf, examineVssSet, isVssSet } from "./read-set.ts";

/** Where one set is written. */
export interface SetFolder {
  /** Hidden; what is put there counts only with the whole set. */
  readonly path: string;
  /** Writes a file durably, 0600. */
  put(name: string, bytes: Uint8Array): Promise<void>;
  /** Forgets what was put; whoever calls it takes the files away. */
  clear(): void;
}

/** A set that is complete and in place. */
export interface WrittenSet {
  readonly path: string;
  readonly manifest: VssManifest;
  readonly bytes: number;
  readonly replaced: boolean;
}

/**
 * `fill` writes the files and says what the manifest says besides them. DIRECTORY, PATH_NOT_FOUND, ACCESS_DENIED, DISK_FULL, IO_DEVICE: the
 * folder. DIR_NOT_EMPTY: other things have the names of a set's parts. CLUSTER_BACKUP_IN_PROGRESS. What `fill` rejects with.
 */
export async function writeVssSet(
  outside: Pick<Outside, "files" | "random">,
  given: string,
  fill: (folder: SetFolder) => Promise<Omit<VssManifest, "files">>,
): Promise<WrittenSet> {
  const { files } = outside;
  const path = setPath(given);
  await refuseOwnFolders(files, path);
  let isNew = false;
  let workspace: Workspace | undefined;
  try {
    isNew = await prepareFolder(files, path);
    await refuseOthers(files, path);
    workspace = await openWorkspace(outside, path, vssLayout);
    const before = await entriesIn(files, path);
    const { manifest, bytes } = await writeAll(files, workspace.path, fill);
    const young = await entriesIn(files, workspace.path);
    await swapIn(files, path, workspace, before, young, vssLayout);
    return { path, manifest, bytes, replaced: before.length > 0 };
  } catch (error) {
    throw takeFailure(error, path, await cleanUp(files, path, workspace, { isNew, layout: vssLayout }));
  }
}

/** A person's own folder `node` or `cluster` must not be taken for a part of an older set. */
async function refuseOthers(files: Files, path: string): Promise<void> {
  if (await isVssSet(files, path)) return;
  const names = new Set((await files.list(path)).map((name) => name.toLowerCase()));
  if ([setFile.marker, setFile.snapshot].some((name) => names.has(name.toLowerCase()))) {
    throw fail("DIR_NOT_EMPTY", {
      happened: `${path} holds a backup set of the cluster (clubar backup), with which a set of a node would be mixed.`,
      unchanged: untouched,
      next: "Choose another folder.",
    });
  }
  const taken = await entriesIn(files, path);
  if (taken.length === 0) return;
  throw fail("DIR_NOT_EMPTY", {
    happened: `${path} holds no VSS set, but ${taken.join(", ")}, where a set's own parts belong.`,
    unchanged: untouched,
    next: "Choose another folder.",
  });
}

async function entriesIn(files: Files, path: string): Promise<string[]> {
  const found = new Set(await files.list(path));
  return vssEntries.filter((entry) => found.has(entry));
}

async function writeAll(
  files: Files,
  folder: string,
  fill: (folder: SetFolder) => Promise<Omit<VssManifest, "files">>,
): Promise<{ readonly manifest: VssManifest; readonly bytes: number }> {
  let written: VssSetFile[] = [];
  const put = async (name: string, bytes: Uint8Array): Promise<void> => {
    await files.makeFolder(folderOf(`${folder}/${name}`));
    await writeNewFile(files, `${folder}/${name}`, bytes);
    written.push({ name, sha256: sha256(bytes), size: bytes.length });
  };
  const said = await fill({ path: folder, put, clear: () => void (written = []) });
  if (said.clusterTag !== undefined) {
    const name = `${vssFile.cluster}/manifest.json`;
    const bytes = await files.read(`${folder}/${name}`);
    written.push({ name, sha256: sha256(bytes), size: bytes.length });
  }
  const manifest: VssManifest = { ...said, files: written };
  await writeNewFile(files, `${folder}/${vssFile.manifest}`, encodeVssManifest(manifest));
  const inner = new Set(written.flatMap(({ name }) => foldersAbove(name)));
  for (const name of [...inner].sort((a, b) => b.length - a.length)) await files.syncFolder(`${folder}/${name}`);
  await files.syncFolder(folder);
  await writeNewFile(files, `${folder}/${vssFile.marker}`, new Uint8Array(), 0o444);
  await files.syncFolder(folder);
  await verifyWritten(files, folder, manifest);
  return { manifest, bytes: written.reduce((sum, { size }) => sum + size, 0) };
}

/** `node/registry/SOFTWARE`: `node/registry` and `node`. */
function foldersAbove(name: string): string[] {
  const folders: string[] = [];
  for (let at = name.lastIndexOf("/"); at > 0; at = name.lastIndexOf("/", at - 1)) folders.push(name.slice(0, at));
  return folders;
}

/** What comes back from the disk is what was meant. */
async function verifyWritten(files: Files, folder: string, manifest: VssManifest): Promise<void> {
  const found = await examineVssSet({ files }, folder);
  const damage = damageOf(found);
  const same =
    found.manifest !== undefined && sha256(encodeVssManifest(found.manifest)) === sha256(encodeVssManifest(manifest));
  if (damage.length === 0 && same && found.complete) return;
  throw fail("IO_DEVICE", {
    happened: `What was written to ${folder} did not come back as it was: ${damage.join("; ") || "the manifest is another one"}.`,
    unchanged: untouched,
    next: "Check that disk, or choose another one.",
  });
}
