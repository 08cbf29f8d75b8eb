/**
 * Names in the cluster database, relative to HKLM\Cluster (facts §1.2). Applications write subtrees of their own beside
 * these, so nothing may assume that a key holds only what is named here. Property tables: `property-tables.ts`.
 */

/** Keys at the root. */
export const rootKey = {
  nodes: "Nodes",
  groups: "Groups",
  resources: "Resources",
  resourceTypes: "ResourceTypes",
  quorum: "Quorum",
  networks: "Networks",
  networkInterfaces: "NetworkInterfaces",
  /** People with certificates. */
  users: "Users",
  /** Everything that a backup and a restore drop: states, owners, permits, holds, request ids. */
  runtime: "Runtime",
} as const;

/** Values at the root. */
export const rootValue = {
  clusterName: "ClusterName",
  clusterInstanceId: "ClusterInstanceID",
  /** GUID of the group that holds disks nobody uses yet. */
  availableStorage: "AvailableStorage",
} as const;

/** Values of `Nodes\<id>`. */
export const nodeValue = {
  nodeName: "NodeName",
  /** sz: where the node answered when it joined last; a restore keeps it, unlike the one of `Runtime`. */
  endpoint: "Endpoint",
  /** sz: SHA-256 of the public key by which the node is known, lower-case hexadecimal; absent for one that only has sockets. */
  trustKey: "TrustKey",
  /** multi-sz: `HOST:PORT` under which its service answers. */
  addresses: "Addresses",
} as const;

/** Values of `Users\<name>`. */
export const userValue = {
  /** sz: as a node's `TrustKey`. */
  key: "Key",
  /** multi-sz: names of rights. */
  rights: "Rights",
  /** qword: wall time in milliseconds at which the certificate ends. */
  expires: "Expires",
} as const;

/** Join tokens that wait for their newcomer: `Runtime\JoinTokens\<id>`. */
export const joinTokensPath = "Runtime\\JoinTokens";
/** Values of one. */
export const joinTokenValue = {
  /** sz: digest of the secret. */
  digest: "Digest",
  /** qword: wall time in milliseconds. */
  expires: "Expires",
} as const;

/** Values of `Groups\<guid>` beyond the property table; lists of ids. */
export const groupValue = {
  name: "Name",
  contains: "Contains",
  preferredOwners: "PreferredOwners",
  /** sz: why it stays offline after a restore until a person releases it; absent otherwise. */
  held: "Held",
  /** sz node id: on which it ran last, whose settings are the newest; while it is held it goes there and nowhere else. */
  heldOn: "HeldOn",
} as const;

/** Values and subkeys of `Resources\<guid>` beyond the property table; lists of ids. */
export const resourceValue = {
  name: "Name",
  type: "Type",
  dependsOn: "DependsOn",
  possibleOwners: "PossibleOwners",
  /** sz: of a disk that was replaced, the id of the one that took its place. */
  replacedBy: "ReplacedBy",
} as const;
/** Subkeys of `Resources\<guid>`. */
export const resourceKey = {
  parameters: "Parameters",
  regSync: "RegSync",
  cryptoSync: "CryptoSync",
  dirSync: "DirSync",
  checkpoints: "Checkpoints",
} as const;

/** Values of `ResourceTypes\<name>` beyond the property table. */
export const resourceTypeValue = {
  diesWithHost: "DiesWithHost",
  /** sz: of a third party's type, the absolute path of its module. */
  dllName: "DllName",
} as const;

/** States of a network (facts §6.1). */
export const networkState = { unavailable: 0, down: 1, partitioned: 2, up: 3 } as const;
/** States of a node's interface on one. */
export const networkInterfaceState = { unavailable: 0, failed: 1, unreachable: 2, up: 3 } as const;

/** Values of `Runtime\Nodes\<id>`. A node that joins sets values; it must not replace the key (a pause outlives a restart). */
export const runtimeNodeValue = {
  /** dword, see `nodeState`. */
  state: "State",
  /** sz: the life of the service that joined last. */
  incarnation: "Incarnation",
  /** dword: the epoch under which it joined last. */
  epoch: "Epoch",
  endpoint: "Endpoint",
  /** dword 1: its host can't promise that applications end with it. */
  loose: "Loose",
  /** dword 1: no group is placed here. */
  paused: "Paused",
  /** dword, see `drainStatus`. */
  drainStatus: "NodeDrainStatus",
  /** dword node id or 0xFFFFFFFF: where a drain moves groups. */
  drainTarget: "NodeDrainTarget",
  /** sz: why the node counts as down: "proof", "waited", "gone", "confirmed" or "left" (membership). */
  downBecause: "DownBecause",
  /** multi-sz: ids of other nodes' network interfaces that do not answer this node. */
  unreachable: "Unreachable",
  /** sz: the incarnation that a person confirmed to be down ("" when none had joined). */
  confirmedDown: "ConfirmedDown",
} as const;

/** Values of `Runtime\Groups\<guid>`. */
export const runtimeGroupValue = {
  /** sz node id: the only node that may run the group. */
  owner: "Owner",
  /** dword: grows with every placing; what an owner reports counts only under its own number. */
  ownershipGeneration: "OwnershipGeneration",
  /** dword: the ownership generation under which the owner stopped everything and starts nothing more. */
  released: "Released",
  /** sz node id, or `anyNode`: the owner takes the group offline and releases it. */
  moveTo: "MoveTo",
  /** sz, see `MoveReason`. */
  moveReason: "MoveReason",
  /** dword: how many moves of the group were begun. */
  moves: "Moves",
  /** dword: the ownership generation whose owner gave up restarting. */
  failoverRequested: "FailoverRequested",
  /** sz: why the group is left failed. */
  failed: "Failed",
  /** multi-sz of `<wall ms> <node id>`: failovers after a resource failed, and the node it failed on. */
  failovers: "Failovers",
  /** sz node id: the better place that the group had to do without; failback goes by it. */
  displacedFrom: "DisplacedFrom",
} as const;

/** Values of `Runtime\Resources\<guid>`, reported by the owner. */
export const runtimeResourceValue = {
  /** dword, see `resourceState`. */
  state: "State",
  node: "Node",
  ownershipGeneration: "OwnershipGeneration",
  /** dword: restarts within the restart period when the state was reported. */
  restarts: "Restarts",
  /** sz: why it is in this state. */
  reason: "Reason",
  /** sz "online" or "fail": what a person asked of the owner; the owner's report takes it away. */
  request: "Request",
  /** multi-sz of `0000000n.CPT how`: current version files that are lost, damaged or stale. */
  lostCheckpoints: "LostCheckpoints",
} as const;
/** `OfflineEdits <node id>` of `Runtime\\Resources\\<guid>`, multi-sz of version files: what they replace on that node is in no version. */
export const offlineEditsPrefix = "OfflineEdits ";

/** `Runtime\Structure`, dword `Changes`: bumped by every change of names, dependencies and membership of groups. */
export const structureCounter = { path: "Runtime\\Structure", name: "Changes" } as const;
/** `Runtime\DeletedResources`: value <guid> = multi-sz of the version files that went with the resource, for the leader to remove. */
export const deletedResourcesPath = "Runtime\\DeletedResources";

/** `MoveTo` without a wish. */
export const anyNode = "*";
/** Why a group moves. */
export type MoveReason = "move" | "failover" | "failback" | "drain";

/** facts §6.1. */
export const nodeState = { unknown: 0xffffffff, up: 0, down: 1, paused: 2, joining: 3 } as const;
/** facts §6.1. */
export const groupState = {
  unknown: 0xffffffff,
  online: 0,
  offline: 1,
  failed: 2,
  partialOnline: 3,
  pending: 4,
} as const;
/** facts §6.1. */
export const resourceState = {
  unknown: 0xffffffff,
  inherited: 0,
  initializing: 1,
  online: 2,
  offline: 3,
  failed: 4,
  pending: 128,
  onlinePending: 129,
  offlinePending: 130,
} as const;
/** facts §6.1. */
export const drainStatus = { notInitiated: 0, inProgress: 1, completed: 2, failed: 3 } as const;
/** PersistentState (kb/259243): of groups `offline` or `online`, of resources also `followGroup`. */
export const persistentState = { offline: 0, online: 1, followGroup: 0xffffffff } as const;
/** RestartAction. */
export const restartAction = { dontRestart: 0, restartNoNotify: 1, restartNotify: 2 } as const;
/** A dword that says "no limit", "any", "use the type's". */
export const minusOne = 0xffffffff;

const groupStateNames = new Map<number, string>(Object.entries(groupState).map(([name, number]) => [number, name]));
const resourceStateNames = new Map<number, string>(
  Object.entries(resourceState).map(([name, number]) => [number, name]),
);

/** "online", "partialOnline"; the number itself when it is none of WSFC's. */
export function groupStateName(state: number): string {
  return groupStateNames.get(state) ?? String(state);
}

/** "online", "offlinePending"; the number itself when it is none of WSFC's. */
export function resourceStateName(state: number): string {
  return resourceStateNames.get(state) ?? String(state);
}

/** Ids are compared without case and braces and stored as they came (clusdb-real §5.3). */
export function foldId(id: string): string {
  return id.replace(/^\{(.*)\}$/, "$1").toLowerCase();
}

/** The volatile part of a node. */
export function runtimeNodePath(id: string): string {
  return `Runtime\\Nodes\\${id}`;
}

/** The volatile part of a group. */
export function runtimeGroupPath(id: string): string {
  return `Runtime\\Groups\\${foldId(id)}`;
}

/** The volatile part of a resource. */
export function runtimeResourcePath(id: string): string {
  return `Runtime\\Resources\\${foldId(id)}`;
}
