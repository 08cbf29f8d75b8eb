/** Which groups a restore leaves offline, because coming online would overwrite settings that are newer than the set's. Pure. */
import { type ResourceRecords, allRecords } from "../checkpoint/records.ts";
import { readState } from "../database/state.ts";
import type { Key } from "../tree/key.ts";

/** Groups that stay offline until a person releases them. */
export interface Hold {
  readonly id: string;
  readonly name: string;
  /** Kept in the database, for whoever wonders later. */
  readonly why: string;
  /** Id of the node that owned it last, if its live settings are known to be the newest. */
  readonly on?: string;
}

/** A node whose registry and keys the same restore replaces. */
export interface ReplacedNode {
  readonly id: string;
  readonly name: string;
  /** Where what it had is kept. */
  readonly saved: string;
}

/**
 * `asked` true: every group with resources; false: none; undefined: those with a checkpoint whose newest known content (in `live`, the
 * present database or this node's last copy of it) is another one than in `set`. On a `replaced` node nothing newer is left alive.
 */
export function groupsToHold(
  set: Key,
  live: Key | undefined,
  asked: boolean | undefined,
  replaced?: ReplacedNode,
): readonly Hold[] {
  if (asked === false) return [];
  const { groups } = readState(set);
  const records = new Map(allRecords(set).map((one) => [one.id, one]));
  const liveRecords = new Map(live === undefined ? [] : allRecords(live).map((one) => [one.id, one]));
  const owners = lastOwners(live);
  const holds: Hold[] = [];
  for (const { id, name, resources } of groups.values()) {
    const stale = resources.flatMap((resource) => staleCheckpoints(records.get(resource), liveRecords.get(resource)));
    if (asked === true ? resources.length === 0 : stale.length === 0) continue;
    const because =
      stale.length === 0
        ? "a person asked for it at the restore."
        : `the restored checkpoints are older than the last settings known: ${stale.join(", ")}.`;
    const { on } = owners(id);
    const isReplaced =
      replaced !== undefined && on === replaced.id && !resources.some((one) => hasFolder(records.get(one)));
    if (isReplaced) holds.push({ id, name, why: `${because} ${sentenceOf(replaced)}` });
    else holds.push({ id, name, why: because, ...(on === undefined ? {} : { on }) });
  }
  return holds;
}

/** Folders are no part of a restored node. */
function hasFolder(records: ResourceRecords | undefined): boolean {
  return records?.current.some(({ kind }) => kind === "directory") === true;
}

function sentenceOf({ name, saved }: ReplacedNode): string {
  return (
    `Node ${name}, where it ran last, got the registry and the keys of the backup by the same restore, so nothing newer is live there; ` +
    `what it had is kept in ${saved}.`
  );
}

/** By group id: who owns it in a copy of the database that was taken from a running cluster. */
export function lastOwners(live: Key | undefined): (group: string) => Pick<Hold, "on"> {
  const groups = live === undefined ? undefined : readState(live).groups;
  return (id) => {
    const owner = groups?.get(id)?.owner;
    return owner === undefined ? {} : { on: owner };
  };
}

function staleCheckpoints(restored: ResourceRecords | undefined, live: ResourceRecords | undefined): string[] {
  if (restored === undefined || live === undefined) return [];
  return restored.current.flatMap(({ kind, path, contentDigest }) => {
    const newest = live.current.find((one) => one.kind === kind && one.path.toLowerCase() === path.toLowerCase());
    if (newest === undefined || newest.contentDigest === contentDigest) return [];
    return `${path} of "${restored.name}"`;
  });
}
