/**
 * The restore of one node, on disk in `<data>/node-restore`: `plan.json` while one is staged and not yet in place, `result.json` of the
 * last one, `lock` held by whoever stages or commits.
 */
import { folderOf, writeFileDurably } from "../../base/durable.ts";
import { fail } from "../../base/errors.ts";
import type { FileHandle, Files } from "../../base/outside.ts";
import { readIfThere } from "../../base/read-if-there.ts";
import type { RestorePlan } from "../plan-types.ts";

/** A staged file, by the name it has below the data folder. */
export interface StagedFile {
  /** `node.json`, `trust.json`, `cluster-keys.json`, `ClusDb`, `registry/NAME` (an image), `keys/<digest>.key` */
  readonly name: string;
  readonly sha256: string;
  readonly size: number;
}

/** `plan.json`. Its appearance is the decision: from then on every start of the service puts the files in place. */
export interface NodeRestoreRecord {
  readonly format: 1;
  /** 16 hexadecimal digits; in the names of the folders. */
  readonly id: string;
  /** Wall time in milliseconds. */
  readonly time: number;
  readonly set: {
    readonly path: string;
    readonly digest: string;
    readonly node: { readonly id: string; readonly name: string };
    readonly tag: string | undefined;
  };
  readonly files: readonly StagedFile[];
  /** "ready": `ready` is complete. "saved": what was there is aside, too. */
  readonly phase: "staged" | "ready" | "saved";
  /** Names below `ready-<id>`, as they go into the data folder. */
  readonly ready: readonly string[];
  /** The restore of the whole cluster that follows at the same start. */
  readonly authoritative: RestorePlan | undefined;
  readonly notes: readonly string[];
}

/** `result.json`, and what a commit answers. */
export interface NodeRestoreResult {
  readonly format: 1;
  readonly id: string;
  /** "abandoned": the node's files are as they were. */
  readonly outcome: "committed" | "abandoned";
  readonly sentence: string;
  /** Wall time in milliseconds. */
  readonly time: number;
  readonly set: string;
  /** Where the files are that were replaced; undefined when there were none. */
  readonly saved: string | undefined;
  readonly notes: readonly string[];
}

/** Paths of one data folder. */
export function placesIn(
  data: string,
  id = "",
): {
  readonly folder: string;
  readonly plan: string;
  readonly result: string;
  readonly staged: string;
  readonly ready: string;
  readonly saved: string;
} {
  const folder = `${data}/node-restore`;
  return {
    folder,
    plan: `${folder}/plan.json`,
    result: `${folder}/result.json`,
    staged: `${folder}/new-${id}`,
    ready: `${folder}/ready-${id}`,
    saved: `${folder}/saved-${id}`,
  };
}

const namePattern =
  /^(node\.json|trust\.json|cluster-keys\.json|ClusDb|registry\/[A-Za-z0-9_%-]+|keys\/[0-9a-f]{64}\.key)$/;

/** Nothing else is ever written into a data folder by a restore. */
export function isStagedName(name: string): boolean {
  return namePattern.test(name);
}

/** The restore that waits for the next start; undefined when there is none. INVALID_DATA when the record is damaged. */
export async function stagedRestore(files: Files, data: string): Promise<NodeRestoreRecord | undefined> {
  const path = placesIn(data).plan;
  const bytes = await readIfThere(files, path);
  if (bytes === undefined) return undefined;
  const record = parsed<NodeRestoreRecord>(bytes);
  const good =
    record?.format === 1 &&
    typeof record.id === "string" &&
    /^[0-9a-f]{16}$/.test(record.id) &&
    Array.isArray(record.files) &&
    Array.isArray(record.ready) &&
    record.files.every((file) => isStagedName(file.name));
  if (good) return record as NodeRestoreRecord;
  throw fail("INVALID_DATA", {
    happened: `${path}, the record of a restore of this node, is damaged.`,
    unchanged: "Nothing was changed.",
    next: "Move it away and restore the node again; what a restore replaced is in node-restore/saved-… beside it.",
  });
}

/** How the last restore of this node ended. */
export async function lastNodeRestore(files: Files, data: string): Promise<NodeRestoreResult | undefined> {
  const bytes = await readIfThere(files, placesIn(data).result);
  return bytes === undefined ? undefined : (parsed<NodeRestoreResult>(bytes) as NodeRestoreResult | undefined);
}

function parsed<T>(bytes: Uint8Array): Partial<T> | undefined {
  try {
    return JSON.parse(new TextDecoder().decode(bytes)) as Partial<T>;
  } catch {
    return undefined;
  }
}

/** Durable when it resolves. */
export async function writeJson(files: Files, path: string, value: unknown): Promise<void> {
  await writeFileDurably(files, path, new TextEncoder().encode(`${JSON.stringify(value, null, 2)}\n`), 0o600);
}

/** BUSY while somebody stages or commits on this node. The folder is made when it is not there. */
export async function lockNodeRestore(files: Files, data: string): Promise<FileHandle> {
  const { folder } = placesIn(data);
  const isNew = (await files.stat(data)) === undefined;
  await files.makeFolder(folder);
  await files.syncFolder(data);
  if (isNew) await files.syncFolder(folderOf(data));
  const handle = await files.open(`${folder}/lock`, "append");
  if (await handle.lock()) return handle;
  await handle.close();
  throw fail("BUSY", {
    happened: `Another restore of this node runs (${folder}).`,
    unchanged: "Nothing was changed.",
    next: "Wait for it to end, then try again.",
  });
}
