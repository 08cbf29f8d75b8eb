/** Lays the files of a node beside the live ones. They count when `decide` has resolved, and go into place when the service next starts. */
import { sha256 } from "../../base/digest.ts";
import { folderOf, temporaryEnding } from "../../base/durable.ts";
import { toHex } from "../../base/bytes.ts";
import { fail } from "../../base/errors.ts";
import { failureOf } from "../../base/failure-of.ts";
import type { FileHandle, Files, Outside } from "../../base/outside.ts";
import { shellWord } from "../../base/shell-word.ts";
import { removeTree } from "../../backup/backup.ts";
import { readRecord } from "../journal.ts";
import type { Blocker } from "../../base/blocked.ts";
import type { RestorePlan } from "../plan-types.ts";
import {
  isStagedName,
  lockNodeRestore,
  type NodeRestoreRecord,
  placesIn,
  type StagedFile,
  stagedRestore,
  writeJson,
} from "./record.ts";

const unchanged = "The node's files are as they were.";

/** What is decided on, besides the files. */
export interface StagedDecision {
  readonly set: NodeRestoreRecord["set"];
  readonly authoritative?: RestorePlan;
  readonly notes?: readonly string[];
}

/** Files being staged, under the node's lock. */
export interface Staging {
  readonly id: string;
  /** The folder the files are laid into. */
  readonly folder: string;
  /** Writes a file durably; again replaces it. INVALID_NAME for a name that no restore writes, DISK_FULL … from the disk. */
  put(name: string, bytes: Uint8Array): Promise<void>;
  /** Reads everything back and makes it count. Afterwards only `close` may be called. */
  decide(decision: StagedDecision): Promise<NodeRestoreRecord>;
  /** Gives the lock back; without a decision everything that was staged is removed. */
  close(): Promise<void>;
}

/** Begins. BUSY while another one runs, INVALID_STATE while one is staged or a restore of the cluster is unfinished. */
export async function openStaging(
  outside: Pick<Outside, "files" | "random" | "clock">,
  data: string,
): Promise<Staging> {
  const { files, random } = outside;
  const lock = await lockNodeRestore(files, data);
  try {
    await refuseWaiting(files, data);
    await clearLeftovers(files, data);
    const staging = new FileStaging(outside, data, toHex(random.bytes(8)), lock);
    await staging.begin();
    return staging;
  } catch (error) {
    await lock.close();
    throw error;
  }
}

async function refuseWaiting(files: Files, data: string): Promise<void> {
  const waiting = await restoreThatWaits(files, data);
  if (waiting !== undefined) throw fail(waiting.name, { happened: waiting.sentence, unchanged, next: waiting.next });
}

/** A restore of this node or of its cluster that the next start carries out: before that there is no other. */
export async function restoreThatWaits(files: Files, data: string): Promise<Blocker | undefined> {
  const clubar = `clubar --data ${shellWord(data)}`;
  try {
    const staged = await stagedRestore(files, data);
    if (staged !== undefined) {
      return {
        name: "INVALID_STATE",
        sentence: `A restore of this node from ${staged.set.path} is staged and waits for the service to start.`,
        next: `Start (or stop and start) the node's service, or give it up: ${clubar} vss staged --discard`,
      };
    }
    if ((await readRecord(files, data)) === undefined) return undefined;
  } catch (error) {
    const { name, happened: sentence, next } = failureOf(error);
    return { name, sentence, next };
  }
  return {
    name: "INVALID_STATE",
    sentence: "A restore of the cluster on this node is unfinished.",
    next: `Start the node's service, which finishes it: ${clubar} service`,
  };
}

/** What a restore that died before its decision, or after its end, left. The caller holds the lock and there is no record. */
export async function clearLeftovers(files: Files, data: string): Promise<void> {
  const { folder } = placesIn(data);
  for (const name of await files.list(folder)) {
    if (/^(new|ready)-[0-9a-f]{16}$/.test(name)) await removeTree(files, `${folder}/${name}`);
    if (name.endsWith(temporaryEnding)) await files.unlink(`${folder}/${name}`);
  }
}

class FileStaging implements Staging {
  readonly id: string;
  readonly folder: string;
  readonly #outside: Pick<Outside, "files" | "clock">;
  readonly #data: string;
  readonly #lock: FileHandle;
  readonly #staged = new Map<string, StagedFile>();
  #decided = false;

  constructor(outside: Pick<Outside, "files" | "clock">, data: string, id: string, lock: FileHandle) {
    this.#outside = outside;
    this.#data = data;
    this.id = id;
    this.folder = placesIn(data, id).staged;
    this.#lock = lock;
  }

  async begin(): Promise<void> {
    await this.#outside.files.makeFolder(this.folder);
  }

  async put(name: string, bytes: Uint8Array): Promise<void> {
    if (!isStagedName(name) || this.#decided) {
      throw fail("INVALID_NAME", { happened: `"${name}" is no file that a restore of a node writes.`, unchanged });
    }
    const { files } = this.#outside;
    const path = `${this.folder}/${name}`;
    await files.makeFolder(folderOf(path));
    if ((await files.stat(path)) !== undefined) await files.unlink(path);
    const handle = await files.open(path, "create", 0o600);
    try {
      await handle.write(bytes, 0);
      await handle.sync();
    } finally {
      await handle.close();
    }
    this.#staged.set(name, { name, sha256: sha256(bytes), size: bytes.length });
  }

  async decide({ set, authoritative, notes = [] }: StagedDecision): Promise<NodeRestoreRecord> {
    const { files, clock } = this.#outside;
    const staged = [...this.#staged.values()];
    for (const file of staged) await checkStaged(files, this.folder, file);
    for (const inner of new Set(staged.map(({ name }) => folderOf(`${this.folder}/${name}`))))
      await files.syncFolder(inner);
    await files.syncFolder(this.folder);
    await files.syncFolder(folderOf(this.folder));
    const record: NodeRestoreRecord = {
      format: 1,
      id: this.id,
      time: Math.floor(clock.wall()),
      set,
      files: staged,
      phase: "staged",
      ready: [],
      authoritative,
      notes,
    };
    // After a failure here the record may count: then nothing of it may be removed.
    this.#decided = true;
    await writeJson(files, placesIn(this.#data).plan, record).catch((error: unknown) => Promise.reject(maybe(error)));
    return record;
  }

  async close(): Promise<void> {
    try {
      if (!this.#decided) await removeTree(this.#outside.files, this.folder);
    } finally {
      await this.#lock.close();
    }
  }
}

/** CRC when a staged file is not what was staged. */
export async function checkStaged(files: Files, folder: string, file: StagedFile): Promise<Uint8Array> {
  const bytes = await files.read(`${folder}/${file.name}`);
  if (bytes.length === file.size && sha256(bytes) === file.sha256) return bytes;
  throw fail("CRC", {
    happened: `${folder}/${file.name} is not what was staged there.`,
    unchanged,
    next: "Check that disk, then restore again.",
  });
}

function maybe(error: unknown): Error {
  const failure = failureOf(error);
  return fail(failure.name, {
    happened: `Whether the restore of this node is staged is not known: ${failure.happened}`,
    unchanged: "Nothing is in place yet.",
    next: "Look with `clubar vss staged`, then start the service or give it up (clubar vss staged --discard).",
    cause: error,
  });
}
