/** The cluster database of a cluster that was just created: one node, the two groups that every cluster has, the resource types. */
import { buildKey, type Key } from "../tree/key.ts";
import { dword, multiSz, sz, type Value } from "../tree/value.ts";
import { builtInResourceTypes } from "./resource-type-tables.ts";
import { persistentState, resourceTypeValue, rootKey, rootValue, runtimeGroupValue } from "./schema.ts";

/** What a new cluster begins with. */
export interface InitialDatabase {
  readonly clusterName: string;
  /** GUID, lower case, no braces. */
  readonly instance: string;
  /** Decimal, 1 for the first node. */
  readonly nodeId: string;
  readonly nodeName: string;
  /** FILETIME of every key. */
  readonly time: bigint;
  readonly newGuid: () => string;
}

/** The group with the cluster's own name and address, as WSFC calls it. */
export const clusterGroupName = "Cluster Group";
/** The group of disks that nobody uses yet. */
export const availableStorageName = "Available Storage";

/** The whole tree `HKLM\Cluster`. */
export function initialDatabase(initial: InitialDatabase): Key {
  const { time } = initial;
  const clusterGroup = initial.newGuid();
  const availableStorage = initial.newGuid();
  const key = (name: string, values: readonly Value[], children: readonly Key[] = []): Key =>
    buildKey({ name, lastWritten: time, values, children });
  const group = (id: string, name: string): Key =>
    key(id, [sz("Name", name), dword("PersistentState", persistentState.online), multiSz("Contains", [])]);
  const fresh = (id: string): Key => key(id, freshGroupRuntime());
  return key(
    "Cluster",
    [
      sz(rootValue.clusterName, initial.clusterName),
      sz(rootValue.clusterInstanceId, initial.instance),
      sz(rootValue.availableStorage, availableStorage),
    ],
    [
      key(rootKey.nodes, [], [key(initial.nodeId, [sz("NodeName", initial.nodeName)])]),
      key(rootKey.groups, [], [group(clusterGroup, clusterGroupName), group(availableStorage, availableStorageName)]),
      key(rootKey.resources, []),
      key(rootKey.resourceTypes, [], resourceTypeKeys(key)),
      key(rootKey.quorum, []),
      key(rootKey.runtime, [], [key("Groups", [], [fresh(clusterGroup), fresh(availableStorage)])]),
    ],
  );
}

/** Runtime of a group that nobody ever owned: released under generation 0, so it may be placed at once. */
export function freshGroupRuntime(): Value[] {
  return [dword(runtimeGroupValue.ownershipGeneration, 0), dword(runtimeGroupValue.released, 0)];
}

function resourceTypeKeys(key: (name: string, values: readonly Value[]) => Key): Key[] {
  return builtInResourceTypes.map((type) =>
    key(type.name, [
      sz("Description", type.description),
      dword(resourceTypeValue.diesWithHost, type.diesWithHost ? 1 : 0),
    ]),
  );
}
