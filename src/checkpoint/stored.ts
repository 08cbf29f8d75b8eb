/** Reading a version's file and proving that it is what the database says. */
import { fail, type Failure } from "../base/errors.ts";
import { failureOf } from "../base/failure-of.ts";
import { sha256 } from "../base/digest.ts";
import type { CheckpointVersions } from "../quorum/quorum.ts";
import type { Checkpoint } from "./checkpoint.ts";
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
  const { kind, path, number } = checkpoint;
  const file = `{${records.id}}/${numberName(number)}.${fileKind(kind)}`;
  const what = `Version ${number} of ${titleOf(kind, path)} of resource "${records.name}" (${file})`;
  const next =
    "Make it anew from the settings on the owning node (clubar checkpoint recreate), or go back to an older version (… revert).";
  const unchanged = "Nothing was changed.";
  let bytes: Uint8Array;
  try {
    bytes = await versions.read({ resource: records.id, number, kind: fileKind(kind) });
  } catch (error) {
    const cause = failureOf(error);
    if (cause.name === "FILE_NOT_FOUND") {
      throw fail("FILE_NOT_FOUND", { happened: `${what} is not on the quorum.`, unchanged, next, cause });
    }
    throw fail(cause.name, {
      happened: `${what} could not be read: ${cause.happened}`,
      unchanged,
      next: "Try again when the quorum answers.",
      cause,
    });
  }
  const wrong = (why: string): Failure =>
    fail("INVALID_DATA", { happened: `${what} is damaged: ${why}.`, unchanged, next });
  if (checkpoint.fileDigest !== "" && sha256(bytes) !== checkpoint.fileDigest) {
    throw wrong(`its ${bytes.length} bytes have another digest than the database says`);
  }
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

function parse(checkpoint: Checkpoint, bytes: Uint8Array, wrong: (why: string) => Failure): Live {
  if (checkpoint.fileDigest === "" && checkpoint.kind === "crypto")
    throw wrong("the database has no digest to prove it by");
  try {
    return readContent(checkpoint.kind, checkpoint.path, bytes);
  } catch (error) {
    throw wrong(failureOf(error).happened);
  }
}
