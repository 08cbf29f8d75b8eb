/** Reading a version's file and proving that it is what the database says. */
import { fail, type Failure } from "../base/errors.ts";
import { failureOf } from "../base/failure-of.ts";
import { sha256Aside } from "../base/digest.ts";
import type { CheckpointVersions } from "../quorum/quorum.ts";
import type { Checkpoint, FileState } from "./checkpoint.ts";
import { type Live, readContent, treeDigest } from "./content.ts";
import { fileKind, numberName, titleOf } from "./names.ts";
import type { ResourceRecords } from "./records.ts";

/** A version as read from the quorum, its digest verified. */
export interface Stored {
  readonly bytes: Uint8Array;
  readonly content: Live;
}

/** FILE_NOT_FOUND: lost. INVALID_DATA: damaged. Anything else: the quorum could not be read. */
export async function readStored(
  versions: CheckpointVersions,
  records: ResourceRecords,
  checkpoint: Checkpoint,
): Promise<Stored> {
  const { bytes, wrong } = await readProven(versions, records, checkpoint);
  const content = parse(checkpoint, bytes, wrong);
  if (
    content.kind === "registry" &&
    checkpoint.contentDigest !== "" &&
    treeDigest(content.key) !== checkpoint.contentDigest
  ) {
    throw wrong("its content has another digest than the database says");
  }
  return { bytes, content };
}

/** Only that the bytes have the digest that the database says; `wrong` tells what else is. Errors as `readStored`. */
async function readProven(
  versions: CheckpointVersions,
  records: ResourceRecords,
  checkpoint: Checkpoint,
): Promise<{ readonly bytes: Uint8Array; readonly wrong: (why: string) => Failure }> {
  const { kind, path, number } = checkpoint;
  const file = `{${records.id}}/${numberName(number)}.${fileKind(kind)}`;
  const what = `Version ${number} of ${titleOf(kind, path)} of resource "${records.name}" (${file})`;
  const next =
    `Re-create it from the settings on the owning node (clubar recover checkpoints "${records.name}"), ` +
    "or go back to an older version (clubar checkpoint revert).";
  const unchanged = "Nothing was changed.";
  if (checkpoint.withdrawn === true) {
    throw fail("FILE_NOT_FOUND", {
      happened: `${what} was deleted on purpose, to be re-created, and that is not done yet.`,
      unchanged,
      next,
    });
  }
  let bytes: Uint8Array;
  try {
    bytes = await versions.read({ resource: records.id, number, kind: fileKind(kind) });
  } catch (error) {
    const cause = failureOf(error);
    if (cause.name === "FILE_NOT_FOUND") {
      throw fail("FILE_NOT_FOUND", { happened: `${what} is not on the quorum.`, unchanged, next, cause });
    }
    if (cause.name === "DIRECTORY")
      throw fail("INVALID_DATA", { happened: `${what} is a folder.`, unchanged, next, cause });
    throw fail(cause.name, {
      happened: `${what} could not be read: ${cause.happened}`,
      unchanged,
      next: "Try again when the quorum answers.",
      cause,
    });
  }
  const wrong = (why: string): Failure =>
    fail("INVALID_DATA", { happened: `${what} is damaged: ${why}.`, unchanged, next });
  if (checkpoint.fileDigest !== "" && (await sha256Aside(bytes)) !== checkpoint.fileDigest) {
    if (isContent(checkpoint, bytes)) throw stale(what, unchanged, next);
    throw wrong(`its ${bytes.length} bytes have another digest than the database says`);
  }
  return { bytes, wrong };
}

/** A version's file, however it is. */
export interface Inspected {
  readonly state: FileState;
  readonly stored?: Stored;
  /** What lies in its place, whole or not; undefined when there is nothing, or no file. */
  readonly bytes?: Uint8Array;
  /** Why it is not whole. */
  readonly why?: Failure;
}

/** As `readStored`, but never rejects. */
export async function inspectStored(
  versions: CheckpointVersions,
  records: ResourceRecords,
  checkpoint: Checkpoint,
): Promise<Inspected> {
  try {
    const stored = await readStored(versions, records, checkpoint);
    return { state: "whole", stored, bytes: stored.bytes };
  } catch (error) {
    const why = failureOf(error);
    const state = stateOf(error, checkpoint);
    if (state !== "damaged" && state !== "stale") return { state, why };
    const version = { resource: records.id, number: checkpoint.number, kind: fileKind(checkpoint.kind) };
    const bytes = await versions.read(version).catch(() => undefined);
    return { state, why, ...(bytes === undefined ? {} : { bytes }) };
  }
}

/** Files that were decoded: bytes with the same digest hold the same, so a digest is proof from then on. */
export class ProvenFiles {
  /** How often a file was decoded. */
  decoded = 0;
  readonly #proven = new Map<string, string>();

  /** As `inspectStored`, the state alone. */
  async stateOf(versions: CheckpointVersions, records: ResourceRecords, checkpoint: Checkpoint): Promise<FileState> {
    const { kind, number, path, fileDigest, contentDigest } = checkpoint;
    const file = provenName(records.id, { number, kind });
    const said = `${fileDigest} ${contentDigest} ${path}`;
    if (fileDigest === "" || this.#proven.get(file) !== said) {
      this.decoded += 1;
      const { state } = await inspectStored(versions, records, checkpoint);
      if (state === "whole") this.#proven.set(file, said);
      return state;
    }
    try {
      await readProven(versions, records, checkpoint);
      return "whole";
    } catch (error) {
      return stateOf(error, checkpoint);
    }
  }

  /** Those that no database names any more are forgotten. */
  keepOnly(named: readonly string[]): void {
    const files = new Set(named);
    for (const file of this.#proven.keys()) if (!files.has(file)) this.#proven.delete(file);
  }
}

/** What a file is called in `ProvenFiles`. */
export function provenName(resource: string, { number, kind }: Pick<Checkpoint, "number" | "kind">): string {
  return `${resource}/${numberName(number)}.${fileKind(kind)}`;
}

/** What a rejection of `readStored` says of the file. */
export function stateOf(error: unknown, checkpoint: Checkpoint): FileState {
  const { name } = failureOf(error);
  if (checkpoint.withdrawn === true) return "withdrawn";
  if (isStale(error)) return "stale";
  return name === "FILE_NOT_FOUND" ? "lost" : name === "INVALID_DATA" ? "damaged" : "not read";
}

function parse(checkpoint: Checkpoint, bytes: Uint8Array, wrong: (why: string) => Failure): Live {
  if (checkpoint.fileDigest === "" && checkpoint.kind === "crypto")
    throw wrong("the database has no digest to prove it by");
  try {
    return readContent(checkpoint.kind, checkpoint.path, bytes);
  } catch (error) {
    throw wrong(failureOf(error).happened);
  }
}

/** Whether bytes with a wrong digest are a checkpoint all the same: another version's, or of another cluster. */
function isContent({ kind, path }: Checkpoint, bytes: Uint8Array): boolean {
  try {
    const content = readContent(kind, path, bytes);
    return content.kind !== "crypto";
  } catch {
    return false;
  }
}

const staleFailures = new WeakSet<object>();

function stale(what: string, unchanged: string, next: string): Failure {
  const failure = fail("INVALID_DATA", {
    happened:
      `${what} is a checkpoint, but not the one that the database names: ` +
      "of another time or another cluster, or its bytes were changed.",
    unchanged,
    next,
  });
  staleFailures.add(failure);
  return failure;
}

function isStale(error: unknown): boolean {
  return typeof error === "object" && error !== null && staleFailures.has(error);
}
