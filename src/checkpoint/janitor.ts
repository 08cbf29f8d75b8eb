/**
 * The leader removes version files that nothing needs (docs/safety.md §3.3): those that the database marked deleted, those of deleted
 * resources, and those that no update ever named. Everything is decided on one tree, so a hold and the marks it forbids to carry out
 * are seen together. Numbers that go are first skipped by an update, so that nothing that is still under way can name them.
 */
import { newGuid } from "../base/guid.ts";
import type { Log } from "../base/log.ts";
import type { Outside } from "../base/outside.ts";
import { type Change, ChangeBuilder } from "../database/change.ts";
import type { Database } from "../database/database.ts";
import { deletedResourcesPath, foldId } from "../database/schema.ts";
import type { CheckpointVersions, VersionName } from "../quorum/quorum.ts";
import { parseVersionFile, versionFile } from "../quorum/rules.ts";
import { findKey, type Key, valuesOf } from "../tree/key.ts";
import { forgetDeletedChange, skipNumbersChange } from "./changes.ts";
import { checkpointedRecords, hasHold, readRecords, type ResourceRecords } from "./records.ts";

/** What the leader's janitor works with. */
export interface JanitorParts {
  readonly outside: Pick<Outside, "random">;
  /** The leader's own copy. */
  readonly database: Database;
  readonly versions: CheckpointVersions;
  /** `Leadership.deleteVersion`. */
  readonly deleteVersion: (version: VersionName) => Promise<void>;
  readonly log: Log;
}

/** What one round of the janitor removed. */
export interface CleanReport {
  readonly removed: readonly VersionName[];
  /** A backup holds a tag: nothing was removed. */
  readonly held: boolean;
}

/** All files that are there; to be asked when an epoch begins, after the claim. */
export async function surveyVersions(versions: CheckpointVersions): Promise<readonly VersionName[]> {
  const found: VersionName[] = [];
  for (const resource of await versions.resources()) found.push(...(await versions.list(resource)));
  return found;
}

/** `atEpochStart` are the only files that may count as orphans: a newer one may belong to an update on its way. */
export async function cleanVersions(parts: JanitorParts, atEpochStart: readonly VersionName[]): Promise<CleanReport> {
  const tree = parts.database.tree();
  if (hasHold(tree)) return { removed: [], held: true };
  const removed: VersionName[] = [];
  const remove = async (version: VersionName): Promise<void> => {
    await parts.deleteVersion(version);
    removed.push(version);
  };
  for (const records of recordsToClean(tree, atEpochStart)) {
    await removeMarked(parts, tree, records, remove);
    await removeOrphans(parts, tree, records, atEpochStart, remove);
  }
  await removeOfDeleted(parts, tree, remove);
  const ofNobody = atEpochStart.filter(({ resource }) => readRecords(tree, resource) === undefined);
  for (const version of await stillThere(parts.versions, ofNobody)) await remove(version);
  if (removed.length > 0) {
    parts.log.info("checkpoint files removed", {
      files: removed.map((version) => `${version.resource}/${versionFile(version)}`),
    });
  }
  return { removed, held: false };
}

/** Of resources with checkpoints, and of those with files that may be orphans. */
function recordsToClean(tree: Key, atEpochStart: readonly VersionName[]): readonly ResourceRecords[] {
  const records = checkpointedRecords(tree);
  const known = new Set(records.map(({ id }) => id));
  const others = new Set(atEpochStart.map(({ resource }) => resource).filter((resource) => !known.has(resource)));
  return [...records, ...[...others].flatMap((resource) => readRecords(tree, resource) ?? [])];
}

type Remove = (version: VersionName) => Promise<void>;

async function removeMarked(parts: JanitorParts, tree: Key, records: ResourceRecords, remove: Remove): Promise<void> {
  const gone: string[] = [];
  for (const name of records.deleted) {
    const version = parseVersionFile(records.id, name);
    if (version !== undefined && !isNamed(records, version)) await remove(version);
    gone.push(name);
  }
  if (gone.length > 0) await submit(parts, forgetDeletedChange(tree, records, gone));
}

async function removeOrphans(
  parts: JanitorParts,
  tree: Key,
  records: ResourceRecords,
  atEpochStart: readonly VersionName[],
  remove: Remove,
): Promise<void> {
  const marked = new Set(records.deleted);
  const unnamed = atEpochStart.filter(
    (version) => version.resource === records.id && !isNamed(records, version) && !marked.has(versionFile(version)),
  );
  const orphans = await stillThere(parts.versions, unnamed);
  const highest = Math.max(0, ...orphans.map(({ number }) => number));
  // A number below the next one can't be named any more; from it on an update may be on its way.
  if (highest >= records.nextNumber && !(await submit(parts, skipNumbersChange(tree, records, highest + 1)))) return;
  for (const orphan of orphans) await remove(orphan);
}

async function removeOfDeleted(parts: JanitorParts, tree: Key, remove: Remove): Promise<void> {
  const key = findKey(tree, deletedResourcesPath);
  if (key === undefined) return;
  for (const value of valuesOf(key)) {
    const resource = foldId(value.name);
    const records = readRecords(tree, resource);
    for (const version of await parts.versions.list(resource)) {
      if (records === undefined) await remove(version);
    }
    const change = new ChangeBuilder(tree)
      .unchanged(deletedResourcesPath, value.name)
      .remove(deletedResourcesPath, value.name);
    await submit(parts, change.build(`The checkpoint files of deleted resource ${resource} are removed.`));
  }
}

async function stillThere(versions: CheckpointVersions, wanted: readonly VersionName[]): Promise<VersionName[]> {
  const found: VersionName[] = [];
  for (const resource of new Set(wanted.map((version) => version.resource))) {
    const there = await versions.list(resource);
    found.push(...wanted.filter((version) => there.some((one) => isSame(one, version))));
  }
  return found;
}

function isNamed(records: ResourceRecords, version: VersionName): boolean {
  return [...records.kept, ...records.current].some(({ number }) => number === version.number);
}

function isSame(a: VersionName, b: VersionName): boolean {
  return a.resource === b.resource && a.number === b.number && a.kind === b.kind;
}

/** False when it was refused or its outcome is not known: the next cleaning sees what became of it. */
async function submit(parts: JanitorParts, change: Change): Promise<boolean> {
  const result = await parts.database.submit({ ...change, requestId: newGuid(parts.outside.random) });
  return result.outcome === "applied";
}
