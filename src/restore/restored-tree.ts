/** What the database of a set becomes when it is put in force: the set's configuration, and nothing that could repeat a number. Pure. */
import { allRecords, versionPath } from "../checkpoint/records.ts";
import { foldId, groupValue, resourceKey, resourceValue, rootKey } from "../database/schema.ts";
import type { Hold } from "./hold.ts";
import { type LongPermit, longPermitEdits } from "../membership/long-permit.ts";
import { versionKinds } from "../quorum/rules.ts";
import { type ClusterState, readState } from "../database/state.ts";
import { applyEdits, type Edit } from "../tree/edit.ts";
import { childOf, childrenOf, findValue, type Key, valueOf } from "../tree/key.ts";
import { type TrustedUser, trustedUsers } from "../trust/trusted.ts";
import { dword, dwordOf, multiSz, multiSzOf, sz } from "../tree/value.ts";

/** How the set's tree is changed; plain data, because a restore that is finished after a crash must build the same tree. */
export interface TreeChanges {
  /** Node ids that are members no more. */
  readonly dropNodes: readonly string[];
  /** Users whose certificate or rights were revoked or replaced since the backup: those in the set stay worth nothing. */
  readonly dropUsers?: readonly string[];
  /** Node ids that the restore leaves out though nobody evicted them; an undo brings them back. */
  readonly leftOut: readonly string[];
  /** `Nodes`: the lowest id for a new node. */
  readonly nextNodeId: number;
  /** By resource id: the lowest number for a new checkpoint version. */
  readonly nextNumbers: Readonly<Record<string, number>>;
  /** Paths of `Checkpoints\0000000n` whose files are not in the set. */
  readonly dropVersions: readonly string[];
  /** Groups that stay offline until a person releases them; all others are not held. */
  readonly hold: readonly Omit<Hold, "name">[];
  /** Permits that may still be longer than usual, as a leader knows from what is replaced (docs/safety.md §2.10). */
  readonly longPermit?: LongPermit;
}

const leftOutName = "LeftOutByRestore";
const nextNodeIdName = "NextNodeId";
const nextNumberName = "NextNumber";

/** Compares the set with the present database; `present` is undefined when there is none to compare with. */
export function treeChanges(set: Key, present: Key | undefined, files: ReadonlySet<string>): Omit<TreeChanges, "hold"> {
  const inSet = readState(set);
  const now = present === undefined ? undefined : readState(present);
  const gone = now === undefined ? [] : [...inSet.nodes.keys()].filter((id) => !now.nodes.has(id));
  const leftOutBefore = new Set(present === undefined ? [] : leftOutOf(present));
  return {
    dropNodes: gone.filter((id) => !leftOutBefore.has(id)),
    ...revokedUsers(set, present),
    leftOut: now === undefined ? [] : [...now.nodes.keys()].filter((id) => !inSet.nodes.has(id)),
    nextNodeId: Math.max(
      nextNodeId(set, inSet),
      now === undefined || present === undefined ? 0 : nextNodeId(present, now),
    ),
    nextNumbers: nextNumbersOf(set, present),
    dropVersions: missingVersions(set, files),
  };
}

function revokedUsers(set: Key, present: Key | undefined): Pick<TreeChanges, "dropUsers"> {
  if (present === undefined) return {};
  const known = new Set(trustedUsers(present).map(({ name, key, rights }) => [name, key, ...rights].join(" ")));
  const isKnown = ({ name, key, rights }: TrustedUser): boolean => known.has([name, key, ...rights].join(" "));
  const dropUsers = trustedUsers(set).flatMap((user) => (isKnown(user) ? [] : [user.name]));
  return dropUsers.length === 0 ? {} : { dropUsers };
}

/**
 * For a copy of the database that is put in force as it is. `others` are older copies and other histories: their numbers are not used
 * again. Versions that are current keep their records though their files are lost.
 */
export function copyChanges(copy: Key, others: readonly Key[], files: ReadonlySet<string>): Omit<TreeChanges, "hold"> {
  const states = [copy, ...others].map((tree) => nextNodeId(tree, readState(tree)));
  const nextNumbers: Record<string, number> = {};
  for (const other of [copy, ...others]) {
    for (const [id, next] of Object.entries(nextNumbersOf(copy, other)))
      nextNumbers[id] = Math.max(next, nextNumbers[id] ?? 0);
  }
  const current = new Set(
    allRecords(copy).flatMap((records) =>
      records.current.map(({ number }) => versionPath(records, number).toLowerCase()),
    ),
  );
  return {
    dropNodes: [],
    leftOut: leftOutOf(copy),
    nextNodeId: Math.max(...states),
    nextNumbers,
    dropVersions: missingVersions(copy, files).filter((path) => !current.has(path.toLowerCase())),
  };
}

function leftOutOf(tree: Key): string[] {
  return multiSzOf(findValue(tree, rootKey.nodes, leftOutName)) ?? [];
}

function nextNodeId(tree: Key, state: ClusterState): number {
  const ids = [...state.nodes.keys()].map(Number).filter(Number.isInteger);
  return Math.max(1, ...ids.map((id) => id + 1), dwordOf(findValue(tree, rootKey.nodes, nextNodeIdName)) ?? 0);
}

/** A number that was used since the backup is never used for other content. */
function nextNumbersOf(set: Key, present: Key | undefined): Record<string, number> {
  const numbers: Record<string, number> = {};
  const there = new Map(
    present === undefined ? [] : [...resourcesOf(present)].map((key) => [foldId(key.name), key] as const),
  );
  for (const key of resourcesOf(set)) {
    const now = there.get(foldId(key.name));
    const next = Math.max(nextNumber(key), now === undefined ? 0 : nextNumber(now));
    if (next > 1) numbers[foldId(key.name)] = next;
  }
  return numbers;
}

function nextNumber(resource: Key): number {
  const checkpoints = childOf(resource, resourceKey.checkpoints);
  if (checkpoints === undefined) return 1;
  const used = [...childrenOf(checkpoints)].map(({ name }) =>
    /^[0-9a-f]{8}$/i.test(name) ? Number.parseInt(name, 16) + 1 : 1,
  );
  return Math.max(1, ...used, dwordOf(valueOf(checkpoints, nextNumberName)) ?? 1);
}

function missingVersions(set: Key, files: ReadonlySet<string>): string[] {
  return [...resourcesOf(set)].flatMap((key) => {
    const checkpoints = childOf(key, resourceKey.checkpoints);
    return (checkpoints === undefined ? [] : [...childrenOf(checkpoints)])
      .filter(({ name }) => /^[0-9a-f]{8}$/i.test(name))
      .filter(
        ({ name }) => !versionKinds.some((kind) => files.has(`{${foldId(key.name)}}/${name.toLowerCase()}.${kind}`)),
      )
      .map(({ name }) => `${rootKey.resources}\\${key.name}\\${resourceKey.checkpoints}\\${name}`);
  });
}

function* resourcesOf(tree: Key): Iterable<Key> {
  const resources = childOf(tree, rootKey.resources);
  if (resources !== undefined) yield* childrenOf(resources);
}

/** The tree that is put in force, but for its tag. The same input gives the same tree. `time` is a FILETIME. */
export function restoredTree(set: Key, changes: TreeChanges, time: bigint): Key {
  const edits: Edit[] = [{ kind: "delete-key", path: rootKey.runtime }];
  const dropped = new Set(changes.dropNodes);
  for (const id of dropped) edits.push({ kind: "delete-key", path: `${rootKey.nodes}\\${id}` });
  for (const name of changes.dropUsers ?? []) edits.push({ kind: "delete-key", path: `${rootKey.users}\\${name}` });
  const { groups, resources } = readState(set);
  const holds = new Map(changes.hold.map((hold) => [hold.id, hold]));
  for (const { id, path, preferredOwners, held } of groups.values()) {
    edits.push(...holdEdits(path, held !== undefined, holds.get(id)));
    const rest = preferredOwners.filter((node) => !dropped.has(node));
    if (rest.length < preferredOwners.length) edits.push(setValue(path, multiSz(groupValue.preferredOwners, rest)));
  }
  for (const { id, path, possibleOwners } of resources.values()) {
    const rest = possibleOwners?.filter((node) => !dropped.has(node));
    if (rest !== undefined && rest.length < (possibleOwners?.length ?? 0))
      edits.push(setValue(path, multiSz(resourceValue.possibleOwners, rest)));
    const next = changes.nextNumbers[id];
    if (next !== undefined) edits.push(setValue(`${path}\\${resourceKey.checkpoints}`, dword(nextNumberName, next)));
  }
  for (const path of changes.dropVersions) edits.push({ kind: "delete-key", path });
  if (changes.longPermit !== undefined) edits.push(...longPermitEdits({ ...changes.longPermit, over: true }));
  edits.push(setValue(rootKey.nodes, dword(nextNodeIdName, changes.nextNodeId)));
  edits.push({ kind: "delete-value", path: rootKey.nodes, name: leftOutName });
  if (changes.leftOut.length > 0) edits.push(setValue(rootKey.nodes, multiSz(leftOutName, changes.leftOut)));
  return applyEdits(set, edits, time);
}

function holdEdits(path: string, isHeld: boolean, hold: TreeChanges["hold"][number] | undefined): Edit[] {
  const { held, heldOn } = groupValue;
  const gone: Edit[] = isHeld ? [held, heldOn].map((name) => ({ kind: "delete-value", path, name })) : [];
  if (hold === undefined) return gone;
  const on = hold.on === undefined ? [] : [setValue(path, sz(heldOn, hold.on))];
  return [...gone, setValue(path, sz(held, hold.why)), ...on];
}

function setValue(path: string, value: Extract<Edit, { kind: "set-value" }>["value"]): Edit {
  return { kind: "set-value", path, value };
}

/** What two copies are compared by: nothing of what only the running cluster knows. */
export function configurationOf(tree: Key): Key {
  const bare: Edit[] = [
    { kind: "delete-key", path: rootKey.runtime },
    { kind: "delete-value", path: "", name: "PaxosTag" },
  ];
  return applyEdits(tree, bare, 0n);
}
