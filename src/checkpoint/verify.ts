/** The leader reads again what an update names before it orders it (docs/safety.md §3.2). */
import { fail } from "../base/errors.ts";
import { failureOf } from "../base/failure-of.ts";
import { sha256Aside } from "../base/digest.ts";
import type { Evidence, Update } from "../database/update.ts";
import type { CheckpointVersions } from "../quorum/quorum.ts";
import { versionFile, versionFolder } from "../quorum/rules.ts";
import { textOf } from "../tree/value.ts";
import { fileKind, kindOfFile } from "./names.ts";
import { parseVersionPath, versionValue } from "./records.ts";

/** Rejects with FILE_NOT_FOUND or INVALID_DATA when a checkpoint file that the update newly names is not the one it says. */
export async function verifyEvidence(versions: CheckpointVersions, update: Update): Promise<void> {
  for (const { version, digest } of [...namedBy(update), ...(update.evidence ?? [])]) {
    const name = `${versionFolder(version.resource)}/${versionFile(version)}`;
    const unchanged = "The update was not ordered.";
    let bytes: Uint8Array;
    try {
      bytes = await versions.read(version);
    } catch (error) {
      const cause = failureOf(error);
      throw fail(cause.name, {
        happened: `The leader could not read the checkpoint file ${name}: ${cause.happened}`,
        unchanged,
        next: cause.next,
        cause,
      });
    }
    if ((await sha256Aside(bytes)) === digest) continue;
    throw fail("INVALID_DATA", {
      happened: `The checkpoint file ${name} is not what the update says: its digest is another one.`,
      unchanged,
    });
  }
}

/** The versions whose digest the edits write, whether or not the update brought evidence. */
function namedBy(update: Update): Evidence[] {
  const digests = new Map<string, string>();
  const kinds = new Map<string, string>();
  for (const edit of update.edits) {
    if (edit.kind !== "set-value" || parseVersionPath(edit.path) === undefined) continue;
    const text = textOf(edit.value) ?? "";
    if (edit.value.name === versionValue.fileDigest) digests.set(edit.path, text);
    if (edit.value.name === versionValue.kind) kinds.set(edit.path, text);
  }
  return [...digests].flatMap(([path, digest]) => {
    const named = parseVersionPath(path);
    return named === undefined
      ? []
      : [{ version: { ...named, kind: fileKind(kindOfFile(kinds.get(path) ?? "")) }, digest }];
  });
}
