/** The checkpoint versions that a cluster database names: those are what a backup holds, neither more nor less. */
import { fileKind } from "../checkpoint/names.ts";
import { allRecords } from "../checkpoint/records.ts";
import type { VersionKind } from "../quorum/quorum.ts";
import type { Key } from "../tree/key.ts";

/** A version file that the database names. */
export interface NamedVersion {
  /** GUID, lower case, no braces. */
  readonly resource: string;
  readonly resourceName: string;
  readonly kind: VersionKind;
  readonly number: number;
  readonly path: string;
  /** Named by RegSync, CryptoSync or DirSync; otherwise kept as history. */
  readonly current: boolean;
  /** SHA-256 of the file as the database has it; "" in databases that were not written by clubar. */
  readonly fileDigest: string;
}

/** In the order of resources, each one's by number. */
export function namedVersions(tree: Key): NamedVersion[] {
  return allRecords(tree).flatMap((records) => {
    const found = new Map<string, NamedVersion>();
    for (const [versions, current] of [
      [records.kept, false],
      [records.current, true],
    ] as const) {
      for (const { kind, number, path, fileDigest } of versions) {
        const version = {
          resource: records.id,
          resourceName: records.name,
          kind: fileKind(kind),
          number,
          path,
          current,
          fileDigest,
        };
        const file = fileOfVersion(version);
        if (current || !records.deleted.includes(file.slice(file.indexOf("/") + 1))) found.set(file, version);
      }
    }
    return [...found.values()].sort((a, b) => a.number - b.number);
  });
}

/** The name of its file in a set: `{GUID}/0000000a.CPT`. */
export function fileOfVersion({ resource, number, kind }: Pick<NamedVersion, "resource" | "number" | "kind">): string {
  return `{${resource}}/${number.toString(16).padStart(8, "0")}.${kind}`;
}
