/** Providers that copy a folder file by file: the plain copy, and the reflink, which shares the blocks. */
import { folderOf } from "../../base/durable.ts";
import { fail, type Failure } from "../../base/errors.ts";
import { OutsideError } from "../../base/outside.ts";
import type { Files, FileStat } from "../../base/outside.ts";
import { providerType, snapshotAttributes, type ProviderType } from "../enumerations.ts";
import type { NewSnapshot, ProviderSnapshot, SnapshotPlace, Support, VssProvider } from "../provider.ts";
import { copyBytes, copyTree, removeTree, syncTree } from "./folder-tree.ts";

/** Works on every file system. It is quick enough for small volumes only: writers stand frozen while it copies. */
export const copyProviderId = "5d3a8f0c-6c1e-4d0b-9a51-2f6f7f3c0a01";
/** Where the file system has reflinks: btrfs, xfs, bcachefs. */
export const reflinkProviderId = "5d3a8f0c-6c1e-4d0b-9a51-2f6f7f3c0a02";

/** What a folder-copying provider needs: `folder` is its own and holds the copies. */
export interface FolderProviderOptions {
  readonly files: Files;
  readonly folder: string;
  /** Absolute folders that are never copied. */
  readonly leaveOut?: readonly string[];
  /** Tells the trial files of processes apart. */
  readonly pid?: number;
}

/** The plain copy. */
export function createCopyProvider(options: FolderProviderOptions): VssProvider {
  const { files } = options;
  return new FolderProvider(options, {
    providerId: copyProviderId,
    name: "clubar plain copy",
    type: providerType.SYSTEM,
    copyFile: (from, to) => copyBytes(files, from, to),
    support: async () => ({ supported: true }),
  });
}

/** The reflink. Its folder must be in the file system of the volume. */
export function createReflinkProvider(options: FolderProviderOptions): VssProvider {
  const { files } = options;
  return new FolderProvider(options, {
    providerId: reflinkProviderId,
    name: "clubar reflink",
    type: providerType.SOFTWARE,
    copyFile: (from, to) => files.clone(from, to),
    support: (volume) => canClone(options, volume),
  });
}

interface Kind {
  readonly providerId: string;
  readonly name: string;
  readonly type: ProviderType;
  readonly copyFile: (from: string, to: string, stat: FileStat) => Promise<void>;
  readonly support: (volume: string) => Promise<Support>;
}

interface OpenSet {
  readonly snapshots: NewSnapshot[];
  readonly stop: AbortController;
  /** Settles when no copying goes on. */
  copying: Promise<unknown>;
}

class FolderProvider implements VssProvider {
  readonly providerId: string;
  readonly name: string;
  readonly type: ProviderType;
  readonly version = "1";
  readonly #kind: Kind;
  readonly #options: FolderProviderOptions;
  readonly #sets = new Map<string, OpenSet>();
  readonly #leftOut = new Map<string, readonly string[]>();

  constructor(options: FolderProviderOptions, kind: Kind) {
    this.providerId = kind.providerId;
    this.name = kind.name;
    this.type = kind.type;
    this.#kind = kind;
    this.#options = options;
  }

  async isVolumeSupported(volume: string): Promise<Support> {
    const { files, folder } = this.#options;
    if ((await files.stat(volume))?.kind !== "folder") return { supported: false, reason: `${volume} is no folder` };
    if (`${volume}/`.startsWith(`${folder}/`))
      return { supported: false, reason: `${volume} lies among the shadow copies` };
    return this.#kind.support(volume);
  }

  async beginPrepareSnapshot(snapshot: NewSnapshot): Promise<string> {
    const set = this.#sets.get(snapshot.snapshotSetId);
    if (set === undefined) {
      this.#sets.set(snapshot.snapshotSetId, {
        snapshots: [snapshot],
        stop: new AbortController(),
        copying: Promise.resolve(),
      });
    } else {
      set.snapshots.push(snapshot);
    }
    return "";
  }

  async endPrepareSnapshots(_snapshotSetId: string): Promise<void> {
    const { files, folder } = this.#options;
    await files.makeFolder(folder);
    await files.syncFolder(folderOf(folder));
  }

  async preCommitSnapshots(_snapshotSetId: string): Promise<void> {
    // Whatever was written before the freeze is seen by reads: there is nothing to flush.
  }

  async commitSnapshots(snapshotSetId: string): Promise<void> {
    const set = this.#set(snapshotSetId);
    const copying = this.#copyAll(set);
    set.copying = copying.catch(() => undefined);
    await copying;
  }

  async postCommitSnapshots(_snapshotSetId: string): Promise<void> {
    // The copies are whole.
  }

  async preFinalCommitSnapshots(_snapshotSetId: string): Promise<void> {
    // Nothing waits for the thaw.
  }

  async postFinalCommitSnapshots(snapshotSetId: string): Promise<void> {
    const { files, folder } = this.#options;
    const { snapshots } = this.#set(snapshotSetId);
    for (const { snapshotId, context } of snapshots) {
      if ((context & (snapshotAttributes.PERSISTENT | snapshotAttributes.NO_AUTO_RELEASE)) !== 0)
        await syncTree(files, this.#pathOf(snapshotId));
    }
    await files.syncFolder(folder);
    this.#sets.delete(snapshotSetId);
  }

  async abortSnapshots(snapshotSetId: string): Promise<void> {
    const set = this.#sets.get(snapshotSetId);
    if (set === undefined) return;
    set.stop.abort();
    await set.copying;
    for (const { snapshotId } of set.snapshots) await this.#remove(snapshotId);
    this.#sets.delete(snapshotSetId);
  }

  async getSnapshotProperties({ snapshotId }: SnapshotPlace): Promise<ProviderSnapshot> {
    const deviceObject = this.#pathOf(snapshotId);
    if ((await this.#options.files.stat(deviceObject))?.kind === "folder")
      return { deviceObject, leftOut: this.#leftOut.get(snapshotId) ?? [] };
    throw fail("VSS_E_OBJECT_NOT_FOUND", { happened: `Shadow copy ${snapshotId} is not at ${deviceObject}.` });
  }

  async deleteSnapshots(places: readonly SnapshotPlace[]): Promise<void> {
    for (const { snapshotId } of places) await this.#remove(snapshotId);
  }

  async #copyAll(set: OpenSet): Promise<void> {
    const { files, leaveOut = [], folder } = this.#options;
    const { copyFile } = this.#kind;
    const copyOptions = { leaveOut: [folder, ...leaveOut], copyFile, signal: set.stop.signal };
    for (const { snapshotId, volume } of set.snapshots) {
      try {
        this.#leftOut.set(snapshotId, await copyTree(files, volume, this.#pathOf(snapshotId), copyOptions));
      } catch (cause) {
        throw providerFailure(this.name, volume, cause);
      }
    }
  }

  async #remove(snapshotId: string): Promise<void> {
    const { files, folder } = this.#options;
    if ((await files.stat(folder)) === undefined) return;
    await removeTree(files, this.#pathOf(snapshotId));
    // The catalogue forgets it next, and must not before this lasts.
    await files.syncFolder(folder);
    this.#leftOut.delete(snapshotId);
  }

  #set(snapshotSetId: string): OpenSet {
    const set = this.#sets.get(snapshotSetId);
    if (set !== undefined) return set;
    throw fail("VSS_E_BAD_STATE", { happened: `${this.name} prepares no set ${snapshotSetId}.` });
  }

  #pathOf(snapshotId: string): string {
    return `${this.#options.folder}/${snapshotId}`;
  }
}

function providerFailure(name: string, volume: string, cause: unknown): Failure {
  const code = cause instanceof OutsideError ? cause.code : "";
  const full = code === "ENOSPC" || code === "EDQUOT";
  const why = cause instanceof Error ? cause.message : String(cause);
  return fail(full ? "VSS_E_INSUFFICIENT_STORAGE" : "VSS_E_UNEXPECTED_PROVIDER_ERROR", {
    happened: `${name} could not copy ${volume}: ${why}.`,
    unchanged: "The volume is as it was.",
    next: full ? "Make room where the shadow copies are." : "Mend that, then try again.",
    cause,
  });
}

/** Clones a file of the volume, else one of its own, into the provider's folder and takes it away again. */
async function canClone({ files, folder, pid = 0 }: FolderProviderOptions, volume: string): Promise<Support> {
  await files.makeFolder(folder);
  const probe = `${folder}/clone-${pid}.tmp~`;
  const own = `${folder}/source-${pid}.tmp~`;
  const tidy = async (): Promise<void> => {
    for (const path of [probe, own]) if ((await files.stat(path)) !== undefined) await files.unlink(path);
  };
  try {
    await tidy();
    const there = await firstFile(files, volume, folder);
    if (there === undefined) await (await files.open(own, "create")).close();
    await files.clone(there ?? own, probe);
    return { supported: true };
  } catch (cause) {
    if (!(cause instanceof OutsideError)) throw cause;
    return { supported: false, reason: `${cause.message}: no reflinks from ${volume} to ${folder}` };
  } finally {
    await tidy();
  }
}

/** Any file that holds something, not looking far. */
async function firstFile(files: Files, volume: string, leaveOut: string): Promise<string | undefined> {
  let looked = 0;
  const folders = [volume];
  for (const folder of folders) {
    for (const name of await files.list(folder)) {
      const path = `${folder}/${name}`;
      const stat = path === leaveOut ? undefined : await files.stat(path);
      if (stat?.kind === "file" && stat.size > 0) return path;
      if (stat?.kind === "folder") folders.push(path);
      if (++looked > 1000) return undefined;
    }
  }
  return undefined;
}
