/**
 * What a generation is built from: a backup set, or (forced quorum) one copy of the database with whatever checkpoint files it names and
 * that are still somewhere. Read once, with one digest over all of it, so that what is built is what was planned.
 */
import { type BackupVersion, readBackup } from "../backup/backup.ts";
import { sha256, sha256OfChunks } from "../base/digest.ts";
import { fail } from "../base/errors.ts";
import type { Outside } from "../base/outside.ts";
import { decodeClusDb } from "../membership/clusdb-copy.ts";
import { replay } from "../membership/copy-image.ts";
import { loadBelow } from "../quorum/disk/log.ts";
import { generationFolder } from "../quorum/disk/place.ts";
import { formatTag, type Tag } from "../quorum/tag.ts";
import { contentDigest } from "../tree/content.ts";
import type { Key } from "../tree/key.ts";
import { configurationOf } from "./restored-tree.ts";

/** Where a copy of the database lies. */
export type DatabasePlace =
  | { readonly kind: "clusdb"; readonly path: string }
  | { readonly kind: "generation"; readonly place: string; readonly name: string };

/** A copy and the files that go with it; plain JSON. */
export interface CopySource {
  /** For people: "ClusDb of node N2". */
  readonly label: string;
  readonly database: DatabasePlace;
  /** Files whose digest is the one that the database has; names as in a set. */
  readonly versions: readonly { readonly name: string; readonly path: string }[];
  /** Current versions whose file is nowhere. */
  readonly lost: readonly LostVersion[];
  /** Tag of the quorum that went back and is replaced; absent when none could be read. */
  readonly replaces?: string;
}

/** A checkpoint that the database names and of which nobody has the file. */
export interface LostVersion {
  readonly resource: string;
  readonly resourceName: string;
  readonly path: string;
  /** `{GUID}/0000000n.CPT` */
  readonly name: string;
}

/** A copy of the database. */
export interface DatabaseCopy {
  readonly tree: Key;
  readonly tag: Tag;
  /** "" when it is not known. */
  readonly lineage: string;
}

/** What was read. */
export interface Source {
  readonly tree: Key;
  readonly versions: readonly BackupVersion[];
  readonly digest: string;
}

type DiskOutside = Pick<Outside, "files" | "random">;

/** DATABASE_BACKUP_CORRUPT when it can't be read as the plan needs it. */
export async function readSource(outside: DiskOutside, path: string, copy: CopySource | undefined): Promise<Source> {
  if (copy === undefined) return readBackup(outside, path);
  const database = await readDatabase(outside, copy.database);
  const versions: BackupVersion[] = [];
  for (const { name, path: file } of copy.versions) versions.push({ name, bytes: await outside.files.read(file) });
  return { tree: database.tree, versions, digest: digestOfCopy(database, versions) };
}

/** What makes a copy with its files the one that was planned; node states and owners may have changed. */
export function digestOfCopy({ tree, tag, lineage }: DatabaseCopy, versions: readonly BackupVersion[]): string {
  const content = contentDigest(configurationOf(tree), sha256OfChunks);
  const lines = versions.map(({ name, bytes }) => `${name} ${sha256(bytes)}`).sort();
  return sha256(new TextEncoder().encode([formatTag(tag), lineage, content, ...lines].join("\n")));
}

/** Rejects with what makes it unreadable. */
export async function readDatabase(outside: DiskOutside, at: DatabasePlace): Promise<DatabaseCopy> {
  if (at.kind === "clusdb") {
    const copy = decodeClusDb(await outside.files.read(at.path));
    if (copy !== undefined) return copy;
    throw fail("HIVE_CORRUPT", { happened: `${at.path} has no tag, so nobody knows what it stands for.` });
  }
  const folder = generationFolder(outside, at.place, at.name);
  const loaded = await loadBelow(folder, Number.POSITIVE_INFINITY);
  if (loaded === undefined) throw fail("CLUSTER_QUORUMLOG_NOT_FOUND", { happened: `${folder.path} has no log.` });
  return { ...replay(loaded), lineage: loaded.identity.lineage };
}
