/** The updates that checkpoints make, built out of the tree that was read. Pure. */
import { type Change, ChangeBuilder } from "../database/change.ts";
import { groupValue, resourceKey } from "../database/schema.ts";
import { type Ownership, whileOwned } from "../database/ownership.ts";
import type { Key } from "../tree/key.ts";
import { dword, multiSz, qword, sz, type Value } from "../tree/value.ts";
import type { Checkpoint } from "./checkpoint.ts";
import { fileKind, numberName, titleOf } from "./names.ts";
import {
  checkpointsValue,
  findCurrent,
  type ResourceRecords,
  syncKey,
  versionPath,
  versionsOf,
  versionValue,
} from "./records.ts";

/** Versions of one checkpoint that are kept, the current one included. */
export const versionsKept = 5;

/**
 * `version` becomes the current one of its checkpoint, or a new checkpoint. Applies only while the group has this owner and ownership
 * generation, and nobody else changed what was read here about the resource's checkpoints.
 */
export function commitChange(
  tree: Key,
  records: ResourceRecords,
  owner: Ownership,
  version: Checkpoint,
  options: { /** Older versions that nobody has any more. */ readonly forget?: readonly number[] } = {},
): Change {
  const { kind, path, number } = version;
  const change = guarded(tree, records, owner);
  const sync = `${records.path}\\${syncKey(kind)}`;
  const previous = findCurrent(records, kind, path);
  if (previous === undefined) change.structure().unchanged(sync, numberName(number));
  else change.unchanged(sync, numberName(previous.number)).remove(sync, numberName(previous.number));
  change.set(sync, sz(numberName(number), path));
  change.set(
    versionPath(records, number),
    sz(versionValue.kind, fileKind(kind)),
    sz(versionValue.path, path),
    sz(versionValue.fileDigest, version.fileDigest),
    sz(versionValue.contentDigest, version.contentDigest),
    dword(versionValue.size, version.size),
    qword(versionValue.time, BigInt(Math.floor(version.time))),
    ...sinceValues(version),
    ...filterValues(version),
  );
  change.set(checkpointsPath(records), dword(checkpointsValue.nextNumber, number + 1));
  const isForgotten = (one: Checkpoint): boolean =>
    options.forget?.includes(one.number) === true || one.withdrawn === true;
  const all = versionsOf(records, kind, path);
  const older = all.filter((one) => !isForgotten(one));
  const surplus = older.slice(0, Math.max(0, older.length + 1 - versionsKept));
  markDeleted(
    change,
    records,
    all.filter((one) => isForgotten(one) || surplus.includes(one)),
  );
  noteOwner(change, records);
  return change.build(
    `${titleOf(kind, path)} of resource "${records.name}" is captured as checkpoint version ${number}.`,
  );
}

/** The checkpoint ends; its versions are marked deleted. */
export function removeChange(tree: Key, records: ResourceRecords, owner: Ownership, current: Checkpoint): Change {
  const { kind, path, number } = current;
  const change = guarded(tree, records, owner);
  const sync = `${records.path}\\${syncKey(kind)}`;
  change.unchanged(sync, numberName(number)).remove(sync, numberName(number));
  change.set(checkpointsPath(records), dword(checkpointsValue.nextNumber, records.nextNumber));
  markDeleted(change, records, versionsOf(records, kind, path));
  return change.build(`${titleOf(kind, path)} is no longer a checkpoint of resource "${records.name}".`);
}

/**
 * The files of all versions of these checkpoints are to go, and each gets a number that no file has: lost on purpose, until it is
 * re-created from what is live on the owner.
 */
export function withdrawChange(
  tree: Key,
  records: ResourceRecords,
  owner: Ownership,
  wanted: readonly Checkpoint[],
  time: number,
): Change {
  const change = guarded(tree, records, owner);
  let number = records.nextNumber;
  const gone: Checkpoint[] = [];
  for (const version of wanted) {
    const { kind, path, number: before } = version;
    const sync = `${records.path}\\${syncKey(kind)}`;
    change.unchanged(sync, numberName(before)).remove(sync, numberName(before));
    change.set(sync, sz(numberName(number), path));
    change.set(
      versionPath(records, number),
      sz(versionValue.kind, fileKind(kind)),
      sz(versionValue.path, path),
      qword(versionValue.time, BigInt(Math.floor(time))),
      dword(versionValue.withdrawn, 1),
      ...sinceValues(version),
      ...filterValues(version),
    );
    gone.push(...versionsOf(records, kind, path));
    number++;
  }
  change.set(checkpointsPath(records), dword(checkpointsValue.nextNumber, number));
  markDeleted(change, records, gone);
  noteOwner(change, records);
  return change.build(
    `The files of ${wanted.length} checkpoints of resource "${records.name}" are deleted, to be re-created from what is live.`,
  );
}

/** This owner's live settings are the newest from now on. */
export function lastOwnerChange(tree: Key, records: ResourceRecords, owner: Ownership): Change {
  const change = new ChangeBuilder(tree).exists(records.path);
  const { group } = records;
  if (group !== undefined) whileOwned(change, group.runtimePath, owner);
  noteOwner(change, records);
  return change.build(`Node ${group?.owner ?? "?"} has the newest settings of resource "${records.name}".`);
}

/** Numbers below `number` are never named again, so that files of theirs that nothing names can go. */
export function skipNumbersChange(tree: Key, records: ResourceRecords, number: number): Change {
  const change = new ChangeBuilder(tree)
    .exists(records.path)
    .unchanged(checkpointsPath(records), checkpointsValue.nextNumber);
  change.set(checkpointsPath(records), dword(checkpointsValue.nextNumber, number));
  return change.build(
    `Checkpoint numbers of resource "${records.name}" go on at ${number}: older files that nothing names are removed.`,
  );
}

/** The files are gone. */
export function forgetDeletedChange(tree: Key, records: ResourceRecords, gone: readonly string[]): Change {
  const path = checkpointsPath(records);
  const change = new ChangeBuilder(tree).exists(records.path).unchanged(path, checkpointsValue.deleted);
  const rest = records.deleted.filter((name) => !gone.includes(name));
  if (rest.length === 0) change.remove(path, checkpointsValue.deleted);
  else change.set(path, multiSz(checkpointsValue.deleted, rest));
  return change.build(`${gone.length} old checkpoint files of resource "${records.name}" are removed.`);
}

function sinceValues({ since }: Checkpoint): readonly Value[] {
  return since === undefined ? [] : [dword(versionValue.since, since)];
}

/** Each version says for itself what it takes. */
function filterValues({ kind, filter }: Checkpoint): Value[] {
  if (kind !== "directory" || filter === undefined) return [];
  const { include, exclude, maxSize } = filter;
  return [
    multiSz(versionValue.include, include),
    multiSz(versionValue.exclude, exclude),
    dword(versionValue.maxSize, maxSize),
  ];
}

function guarded(tree: Key, records: ResourceRecords, owner: Ownership): ChangeBuilder {
  const change = new ChangeBuilder(tree).exists(records.path);
  const { group } = records;
  if (group !== undefined) whileOwned(change.unchanged(group.path, groupValue.contains), group.runtimePath, owner);
  return change.unchanged(checkpointsPath(records), checkpointsValue.nextNumber, checkpointsValue.deleted);
}

function markDeleted(change: ChangeBuilder, records: ResourceRecords, versions: readonly Checkpoint[]): void {
  if (versions.length === 0) return;
  for (const { number } of versions) change.deleteKey(versionPath(records, number));
  const names = versions.map(({ kind, number }) => `${numberName(number)}.${fileKind(kind)}`);
  change.set(
    checkpointsPath(records),
    multiSz(checkpointsValue.deleted, [...new Set([...records.deleted, ...names])].sort()),
  );
}

/** Who may commit is the owner, so what it has live is the newest. */
function noteOwner(change: ChangeBuilder, records: ResourceRecords): void {
  const owner = records.group?.owner;
  if (owner !== undefined && owner !== records.lastOwner)
    change.set(checkpointsPath(records), sz(checkpointsValue.lastOwner, owner));
}

function checkpointsPath(records: ResourceRecords): string {
  return `${records.path}\\${resourceKey.checkpoints}`;
}
