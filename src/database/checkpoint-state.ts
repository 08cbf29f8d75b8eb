/** What the database says of a resource's checkpoints as far as failover and people go by it; `checkpoint/` writes it. Pure. */
import { childOf, childrenOf, type Key, valueOf, valuesOf } from "../tree/key.ts";
import { dwordOf, multiSzOf, qwordOf, textOf } from "../tree/value.ts";
import { offlineEditsPrefix, persistentState, resourceKey, runtimeResourceValue } from "./schema.ts";
import type { ClusterState, GroupState, ResourceState } from "./state.ts";

/** A current version whose file nobody has, or that is not what the database names. */
export interface LostCheckpoint {
  readonly path: string;
  /** `0000000a.CPT` */
  readonly file: string;
  /** lost, damaged, stale, withdrawn. */
  readonly how: string;
}

/** Settings on a node that the next online there replaces, and that are in no version. */
export interface OfflineEdit {
  /** Node id. */
  readonly node: string;
  readonly path: string;
}

/** Of one resource. */
export interface CheckpointState {
  readonly hasCheckpoints: boolean;
  /** Files of the current versions, `0000000a.CPT` each, in one text: another text means other versions. */
  readonly currentVersions: string;
  readonly currentCount: number;
  /** Wall time in milliseconds of the newest of them; 0 when that is not known. */
  readonly newestVersion: number;
  readonly lostCheckpoints: readonly LostCheckpoint[];
  readonly offlineEdits: readonly OfflineEdit[];
  /** Id of the node whose live settings under the checkpoints are the newest. */
  readonly lastOwner: string | undefined;
}

/** CheckpointFailureAction: what follows when a checkpoint can't be put in place before online. */
export const checkpointFailureAction = { stayOffline: 0, lastOwnerOnly: 1, onlineAnyway: 2 } as const;

/** Out of `Resources\<id>` and the resource's runtime. What is said of versions that are no longer current does not count. */
export function readCheckpointState(resource: Key, runtime: Key | undefined): CheckpointState {
  const folder = childOf(resource, resourceKey.checkpoints);
  const current = currentFiles(resource);
  const lost = new Map<string, LostCheckpoint>();
  let newestVersion = 0;
  for (const [file, path] of current) {
    const version = folder === undefined ? undefined : childOf(folder, file.slice(0, 8));
    const time = version === undefined ? undefined : qwordOf(valueOf(version, "Time"));
    newestVersion = Math.max(newestVersion, Number(time ?? 0n));
    const isWithdrawn = version !== undefined && dwordOf(valueOf(version, "Withdrawn")) === 1;
    if (isWithdrawn) lost.set(file, { path, file, how: "withdrawn" });
  }
  for (const text of listOf(runtime, runtimeResourceValue.lostCheckpoints)) {
    const [file = "", how = "lost"] = text.split(" ");
    const path = current.get(file);
    if (path !== undefined && !lost.has(file)) lost.set(file, { path, file, how });
  }
  return {
    hasCheckpoints: hasCheckpoints(resource),
    currentVersions: [...current.keys()].join(" "),
    currentCount: current.size,
    newestVersion,
    lostCheckpoints: [...lost.values()],
    offlineEdits: readEdits(runtime, current),
    lastOwner: folder === undefined ? undefined : textOf(valueOf(folder, "LastOwner")),
  };
}

/** A resource that would start on a node without the settings that only its last owner has. */
export interface Missing {
  readonly resource: ResourceState;
  /** Node id. */
  readonly lastOwner: string;
  /** The end of a sentence that begins with the node's name. */
  readonly why: string;
}

/** The first such resource of a group on a node; undefined when the group may run there or is not to be online. */
export function findMissing(state: ClusterState, group: GroupState, node: string): Missing | undefined {
  if (!group.wanted) return undefined;
  for (const id of group.resources) {
    const resource = state.resources.get(id);
    const [first] = resource?.lostCheckpoints ?? [];
    if (resource === undefined || first === undefined || resource.persistentState === persistentState.offline) continue;
    const { lastOwner, checkpointFailureAction: action } = resource;
    if (action === checkpointFailureAction.onlineAnyway || lastOwner === undefined || lastOwner === node) continue;
    const who = state.nodes.get(lastOwner)?.name ?? `node ${lastOwner}`;
    const why =
      `has not the newest settings of "${resource.name}": its checkpoint ${first.path} is lost, and they are on ${who} only ` +
      `(clubar recover checkpoints "${resource.name}")`;
    return { resource, lastOwner, why };
  }
  return undefined;
}

function hasCheckpoints(key: Key): boolean {
  const registry = childOf(key, "RegSync");
  const crypto = childOf(key, "CryptoSync");
  const directory = childOf(key, "DirSync");
  const folder = childOf(key, "Checkpoints");
  const some = (items: Iterable<unknown>): boolean => !items[Symbol.iterator]().next().done;
  return (
    (registry !== undefined && some(valuesOf(registry))) ||
    (crypto !== undefined && some(valuesOf(crypto))) ||
    (directory !== undefined && some(valuesOf(directory))) ||
    (folder !== undefined && some(childrenOf(folder)))
  );
}

/** Current version files with their paths. */
function currentFiles(resource: Key): Map<string, string> {
  const files = new Map<string, string>();
  for (const [sync, kind] of [
    [resourceKey.regSync, "CPT"],
    [resourceKey.cryptoSync, "CPR"],
    [resourceKey.dirSync, "CPD"],
  ] as const) {
    const key = childOf(resource, sync);
    for (const value of key === undefined ? [] : valuesOf(key)) {
      const path = textOf(value);
      if (path !== undefined) files.set(`${value.name.toLowerCase()}.${kind}`, path);
    }
  }
  return files;
}

function readEdits(runtime: Key | undefined, current: ReadonlyMap<string, string>): OfflineEdit[] {
  const edits: OfflineEdit[] = [];
  for (const value of runtime === undefined ? [] : valuesOf(runtime)) {
    if (!value.name.startsWith(offlineEditsPrefix)) continue;
    const node = value.name.slice(offlineEditsPrefix.length);
    for (const file of multiSzOf(value) ?? []) {
      const path = current.get(file);
      if (path !== undefined) edits.push({ node, path });
    }
  }
  return edits;
}

function listOf(key: Key | undefined, name: string): readonly string[] {
  return key === undefined ? [] : (multiSzOf(valueOf(key, name)) ?? []);
}
