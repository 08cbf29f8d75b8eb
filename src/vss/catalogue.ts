/** The shadow copies of all processes that share a coordinator's folder: one record file each, and the lock of the set in progress. */
import { temporaryEnding, writeFileDurably } from "../base/durable.ts";
import { fail } from "../base/errors.ts";
import { OutsideError } from "../base/outside.ts";
import type { FileHandle, Files } from "../base/outside.ts";
import { decodeSnapshotRecord, encodeSnapshotRecord, type SnapshotRecord } from "./snapshot-record.ts";

const ending = ".json";
/** The record of a shadow copy that is being deleted. */
const deletingEnding = ".deleting";

/** The lock of the one shadow copy set that may be in the making. It ends with the process too. */
export interface SetLock {
  release(): Promise<void>;
}

/** The folder `<folder>/catalogue` and the file `<folder>/set.lock`. */
export class Catalogue {
  readonly #files: Files;
  readonly #folder: string;
  readonly #records: string;

  constructor(files: Files, folder: string) {
    this.#files = files;
    this.#folder = folder;
    this.#records = `${folder}/catalogue`;
  }

  /** Makes the folders. */
  async open(): Promise<void> {
    await this.#files.makeFolder(this.#records);
    await this.#files.syncFolder(this.#folder);
  }

  /** Throws VSS_E_SNAPSHOT_SET_IN_PROGRESS when any process has it. */
  async lock(): Promise<SetLock> {
    const path = `${this.#folder}/set.lock`;
    const handle = await this.#files.open(path, "append");
    if (!(await locked(handle))) {
      throw fail("VSS_E_SNAPSHOT_SET_IN_PROGRESS", {
        happened: `Another shadow copy set is being made: ${path} is locked.`,
        unchanged: "Nothing was begun.",
        next: "Try again when it is made.",
      });
    }
    return { release: () => handle.close() };
  }

  /** By id; what cannot be read is left out and named in `damaged`. */
  async read(): Promise<{ readonly records: readonly SnapshotRecord[]; readonly damaged: readonly string[] }> {
    return this.#read(ending);
  }

  /** Those whose deletion began and did not end. */
  async readDeleting(): Promise<readonly SnapshotRecord[]> {
    return (await this.#read(deletingEnding)).records;
  }

  async #read(
    nameEnding: string,
  ): Promise<{ readonly records: readonly SnapshotRecord[]; readonly damaged: readonly string[] }> {
    const records: SnapshotRecord[] = [];
    const damaged: string[] = [];
    for (const name of await this.#names()) {
      if (!name.endsWith(nameEnding)) continue;
      const path = `${this.#records}/${name}`;
      const record = await this.#readOne(path).catch(() => "damaged" as const);
      if (record === "damaged" || (record !== undefined && `${record.snapshotId}${nameEnding}` !== name))
        damaged.push(path);
      else if (record !== undefined) records.push(record);
    }
    return { records, damaged };
  }

  /** Durable when it resolves; replaces the record of the same id. */
  async write(record: SnapshotRecord): Promise<void> {
    await writeFileDurably(this.#files, this.#pathOf(record.snapshotId), encodeSnapshotRecord(record));
  }

  /** The shadow copy is one no more; durable when it resolves. What is not there is fine. */
  async markDeleting(snapshotId: string): Promise<void> {
    await goneIsFine(this.#files.rename(this.#pathOf(snapshotId), `${this.#records}/${snapshotId}${deletingEnding}`));
    await this.#files.syncFolder(this.#records);
  }

  /** Forgets it. Durable when it resolves; what is not there is fine. */
  async remove(snapshotId: string): Promise<void> {
    await goneIsFine(this.#files.unlink(this.#pathOf(snapshotId)));
    await goneIsFine(this.#files.unlink(`${this.#records}/${snapshotId}${deletingEnding}`));
    await this.#files.syncFolder(this.#records);
  }

  /** Removes half-written record files; only under the lock of the set. */
  async removeTemporaries(): Promise<void> {
    for (const name of await this.#names()) {
      if (name.endsWith(temporaryEnding)) await this.#files.unlink(`${this.#records}/${name}`);
    }
  }

  async #names(): Promise<readonly string[]> {
    try {
      return await this.#files.list(this.#records);
    } catch (cause) {
      if (cause instanceof OutsideError && cause.code === "ENOENT") return [];
      throw cause;
    }
  }

  /** undefined when another process has just removed it. */
  async #readOne(path: string): Promise<SnapshotRecord | undefined> {
    try {
      return decodeSnapshotRecord(await this.#files.read(path), path);
    } catch (cause) {
      if (cause instanceof OutsideError && cause.code === "ENOENT") return undefined;
      throw cause;
    }
  }

  #pathOf(snapshotId: string): string {
    return `${this.#records}/${snapshotId}${ending}`;
  }
}

async function locked(handle: FileHandle): Promise<boolean> {
  let taken = false;
  try {
    taken = await handle.lock();
    return taken;
  } finally {
    if (!taken) await handle.close();
  }
}

async function goneIsFine(work: Promise<void>): Promise<void> {
  try {
    await work;
  } catch (cause) {
    if (!(cause instanceof OutsideError && cause.code === "ENOENT")) throw cause;
  }
}
