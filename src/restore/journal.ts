/**
 * A restore under way, on disk in `<data>/restore`: `plan.json` with what is done, `result.json` of the last one, `lock` held
 * while one runs.
 * The same lock with the plan's id is in the quorum folder, for restores of other nodes.
 */
import { folderOf, makeFolderDurably, writeFileDurably } from "../base/durable.ts";
import { fail } from "../base/errors.ts";
import { OutsideError } from "../base/outside.ts";
import type { FileHandle, Files } from "../base/outside.ts";
import { claimedPlan, lockPlace, type PlaceLock } from "../quorum/disk/place-lock.ts";
import { isEtcdPlace } from "../quorum/etcd/place.ts";
import type { RestorePlan, Step } from "./plan-types.ts";

/** Where the state before the restore is. */
export interface Safety {
  readonly kind: "backup" | "copy";
  readonly path: string;
  /** Of the state in it; undefined for a copy. */
  readonly tag: string | undefined;
}

/** What was built, by which it is recognized after a crash. */
export interface Built {
  /** SHA-256 of the snapshot. */
  readonly hive: string;
  readonly versions: readonly { readonly name: string; readonly sha256: string }[];
}

/** `plan.json`. */
export interface RestoreRecord {
  readonly format: 1;
  readonly plan: RestorePlan;
  readonly done: readonly Step["kind"][];
  readonly safety: Safety | undefined;
  readonly built: Built | undefined;
  /** What happened on the way that a person should know. */
  readonly notes: readonly string[];
}

/** `result.json`, and what a restore answers. */
export interface RestoreResult {
  readonly format: 1;
  readonly id: string;
  /** "abandoned": the quorum is as it was. */
  readonly outcome: "restored" | "abandoned";
  /** One sentence. */
  readonly sentence: string;
  /** Wall time in milliseconds. */
  readonly time: number;
  readonly place: string;
  readonly set: string;
  /** `generation:epoch:sequence` of the restored database. */
  readonly tag: string;
  readonly safety: Safety | undefined;
  /** How to get the state before back. */
  readonly undo: string;
  readonly mustJoinAgain: readonly string[];
  readonly notes: readonly string[];
}

const folderIn = (data: string): string => `${data}/restore`;
const planPath = (data: string): string => `${folderIn(data)}/plan.json`;

/** The restore that was begun and not finished; undefined when there is none. INVALID_DATA when the record is damaged. */
export async function readRecord(files: Files, data: string): Promise<RestoreRecord | undefined> {
  const path = planPath(data);
  if ((await files.stat(path)) === undefined) return undefined;
  const text = new TextDecoder().decode(await files.read(path));
  let record: Partial<RestoreRecord>;
  try {
    record = JSON.parse(text) as Partial<RestoreRecord>;
  } catch (cause) {
    throw damaged(path, cause);
  }
  if (record.format === 1 && record.plan !== undefined && Array.isArray(record.done)) return record as RestoreRecord;
  throw damaged(path, undefined);
}

function damaged(path: string, cause: unknown): Error {
  return fail("INVALID_DATA", {
    happened: `${path}, the record of an unfinished restore, is damaged.`,
    unchanged: "Nothing was changed.",
    next:
      "The quorum is either as it was or restored as a whole: look at its generation (clubar status), move the file away, " +
      "and start again if needed.",
    cause,
  });
}

/** Durable when it resolves. */
export async function writeRecord(files: Files, data: string, record: RestoreRecord): Promise<void> {
  await writeJson(files, planPath(data), record);
}

/** The restore is over: the result is noted first. */
export async function closeRecord(files: Files, data: string, result: RestoreResult): Promise<void> {
  await writeJson(files, `${folderIn(data)}/result.json`, result);
  await removeRecord(files, data);
}

/** There is nothing to finish any more. */
export async function removeRecord(files: Files, data: string): Promise<void> {
  if ((await files.stat(planPath(data))) !== undefined) await files.unlink(planPath(data));
  await files.syncFolder(folderIn(data));
}

/** How the last restore on this node ended. */
export async function lastResult(files: Files, data: string): Promise<RestoreResult | undefined> {
  const path = `${folderIn(data)}/result.json`;
  if ((await files.stat(path)) === undefined) return undefined;
  return JSON.parse(new TextDecoder().decode(await files.read(path))) as RestoreResult;
}

async function writeJson(files: Files, path: string, value: unknown): Promise<void> {
  await writeFileDurably(files, path, new TextEncoder().encode(`${JSON.stringify(value, null, 2)}\n`), 0o600);
}

/** Held while a restore runs; ends with `release` or with the process. */
export interface RestoreLocks {
  /** The plan whose id was in the quorum folder when the lock was taken. */
  readonly planBefore: string | undefined;
  /** Writes this plan's id into the quorum folder. */
  claim(plan: string): Promise<void>;
  release(): Promise<void>;
}

/** BUSY while another restore runs, on this node or into this quorum. */
export async function takeLocks(files: Files, data: string, place: string): Promise<RestoreLocks> {
  const own = await lockFile(files, folderIn(data));
  if (isEtcdPlace(place)) {
    // Two restores into one etcd build generations of their own; the transaction that switches lets the higher one stand.
    return { planBefore: undefined, claim: () => Promise.resolve(), release: () => own.close() };
  }
  let shared: PlaceLock | undefined;
  const release = async (): Promise<void> => {
    await shared?.release();
    await own.close();
  };
  try {
    const lock = await lockPlace(files, place, "make");
    shared = lock;
    return { planBefore: await claimedPlan(files, place), claim: (plan) => lock.claim(plan), release };
  } catch (error) {
    await release();
    throw error;
  }
}

/** The file stays: taking it away would let two hold a lock of the same name. */
async function lockFile(files: Files, folder: string): Promise<FileHandle> {
  await makeFolderDurably(files, folder);
  const path = `${folder}/lock`;
  if ((await files.stat(path)) === undefined) await makeEmpty(files, path);
  const handle = await files.open(path, "update");
  if (await handle.lock()) return handle;
  await handle.close();
  throw fail("BUSY", {
    happened: `Another restore runs on this node (${folder}).`,
    unchanged: "Nothing was changed.",
    next: "Wait for it to end, then plan again.",
  });
}

async function makeEmpty(files: Files, path: string): Promise<void> {
  try {
    const handle = await files.open(path, "create", 0o600);
    await handle.close();
  } catch (error) {
    if (!(error instanceof OutsideError) || error.code !== "EEXIST") throw error;
  }
  await files.syncFolder(folderOf(path));
}
