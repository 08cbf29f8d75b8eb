/** Looks in the quorum, past every process, for the files of the checkpoint versions that a database names. */
import { allRecords } from "../../checkpoint/records.ts";
import { fileKind } from "../../checkpoint/names.ts";
import { versionFile, versionFolder, generationName } from "../../quorum/rules.ts";
import type { Key } from "../../tree/key.ts";

/** Paths of the files that are not there. */
export function missingVersions(
  isThere: (path: string) => boolean,
  place: string,
  tree: Key,
  of: { readonly generation: number; readonly lineage: string },
): string[] {
  const folder = `${place}/generation/${generationName(of)}`;
  return allRecords(tree).flatMap(({ id, kept, current }) =>
    [...kept, ...current]
      // Deleted on purpose, to be re-created.
      .filter(({ withdrawn }) => withdrawn !== true)
      .map(({ kind, number }) => `${folder}/${versionFolder(id)}/${versionFile({ kind: fileKind(kind), number })}`)
      .filter((path) => !isThere(path)),
  );
}
