/** Groups, resources and nodes by their documented functions. */
import { apiPath, type ControlView, type GroupView, type NodeView, type ResourceView } from "../api/api.ts";
import { fromBase64, toBase64 } from "../base/bytes.ts";
import { errorTable } from "../base/errors.ts";
import { groupState, nodeState, resourceState } from "../database/schema.ts";
import { ask, type Cluster, codeOf } from "./cluster.ts";

/** An open group, resource or node. */
export interface ClusterObject<Kind extends "groups" | "resources" | "nodes"> {
  readonly cluster: Cluster;
  readonly kind: Kind;
  /** It stays the same when the object is renamed. */
  readonly id: string;
  readonly name: string;
}

/** HGROUP. */
export type ClusterGroup = ClusterObject<"groups">;
/** HRESOURCE. */
export type ClusterResource = ClusterObject<"resources">;
/** HNODE. */
export type ClusterNode = ClusterObject<"nodes">;

/** OpenClusterGroup, by name or id. Rejects with GROUP_NOT_FOUND (5013), INVALID_HANDLE (6). */
export function openClusterGroup(cluster: Cluster, name: string): Promise<ClusterGroup> {
  return open(cluster, "groups", name);
}

/** OpenClusterResource, by name or id. Rejects with RESOURCE_NOT_FOUND (5007), INVALID_HANDLE (6). */
export function openClusterResource(cluster: Cluster, name: string): Promise<ClusterResource> {
  return open(cluster, "resources", name);
}

/** OpenClusterNode, by name or id. Rejects with CLUSTER_NODE_NOT_FOUND (5042), INVALID_HANDLE (6). */
export function openClusterNode(cluster: Cluster, name: string): Promise<ClusterNode> {
  return open(cluster, "nodes", name);
}

async function open<Kind extends "groups" | "resources" | "nodes">(
  cluster: Cluster,
  kind: Kind,
  wanted: string,
): Promise<ClusterObject<Kind>> {
  const { id, name } = await ask(cluster).get<{ readonly id: string; readonly name: string }>(apiPath(kind, wanted));
  return { cluster, kind, id, name };
}

function read<T>({ cluster, kind, id }: ClusterObject<"groups" | "resources" | "nodes">): Promise<T> {
  return ask(cluster).get<T>(apiPath(kind, id));
}

function post(
  object: ClusterObject<"groups" | "resources" | "nodes">,
  verb: string,
  body: object = {},
): Promise<number> {
  return codeOf(async () => ask(object.cluster).post(apiPath(object.kind, object.id, verb), body));
}

/** GetClusterGroupState: a number of `groupState` and the owner's name. Rejects as `openClusterGroup`. */
export async function getClusterGroupState(
  group: ClusterGroup,
): Promise<{ readonly state: number; readonly node: string | undefined }> {
  const { state, owner } = await read<GroupView>(group);
  return { state: groupState[state as keyof typeof groupState] ?? groupState.unknown, node: owner ?? undefined };
}

/** GetClusterResourceState: a number of `resourceState`, the node's and the group's name. Rejects as `openClusterResource`. */
export async function getClusterResourceState(
  resource: ClusterResource,
): Promise<{ readonly state: number; readonly node: string | undefined; readonly group: string | undefined }> {
  const { state, node, group } = await read<ResourceView>(resource);
  return {
    state: resourceState[state as keyof typeof resourceState] ?? resourceState.unknown,
    node: node ?? undefined,
    group: group ?? undefined,
  };
}

/** GetClusterNodeState: a number of `nodeState`. Rejects as `openClusterNode`. */
export async function getClusterNodeState(node: ClusterNode): Promise<number> {
  const { state } = await read<NodeView>(node);
  return nodeState[state as keyof typeof nodeState] ?? nodeState.unknown;
}

/** Done, or asked for and going on: 997 IO_PENDING until the state is there. */
async function pending(code: number, isThere: () => Promise<boolean>): Promise<number> {
  return code === 0 && !(await isThere()) ? errorTable.IO_PENDING.win32 : code;
}

/** OnlineClusterGroup: 0, 997 IO_PENDING, or a Win32 error. */
export async function onlineClusterGroup(group: ClusterGroup): Promise<number> {
  return pending(
    await post(group, "online"),
    async () => (await getClusterGroupState(group)).state === groupState.online,
  );
}

/** OfflineClusterGroup: 0, 997 IO_PENDING, or a Win32 error. */
export async function offlineClusterGroup(group: ClusterGroup): Promise<number> {
  return pending(
    await post(group, "offline"),
    async () => (await getClusterGroupState(group)).state === groupState.offline,
  );
}

/** MoveClusterGroup: to a node by name, or to the best other one. 997 IO_PENDING, or a Win32 error (5005, 5050, 5070, 5071, 5908 …). */
export async function moveClusterGroup(group: ClusterGroup, node?: string): Promise<number> {
  return pending(await post(group, "move", node === undefined ? {} : { node }), () => Promise.resolve(false));
}

/** OnlineClusterResource: 0, 997 IO_PENDING, or a Win32 error. */
export async function onlineClusterResource(resource: ClusterResource): Promise<number> {
  return pending(
    await post(resource, "online"),
    async () => (await getClusterResourceState(resource)).state === resourceState.online,
  );
}

/** OfflineClusterResource: 0, 997 IO_PENDING, or a Win32 error. */
export async function offlineClusterResource(resource: ClusterResource): Promise<number> {
  return pending(
    await post(resource, "offline"),
    async () => (await getClusterResourceState(resource)).state === resourceState.offline,
  );
}

/** FailClusterResource: 0, 5004 RESOURCE_NOT_ONLINE, or another Win32 error. */
export function failClusterResource(resource: ClusterResource): Promise<number> {
  return post(resource, "fail");
}

/** PauseClusterNode: 0 or a Win32 error. */
export function pauseClusterNode(node: ClusterNode): Promise<number> {
  return post(node, "pause");
}

/** ResumeClusterNode: 0, 5058 CLUSTER_NODE_NOT_PAUSED, or another Win32 error. */
export function resumeClusterNode(node: ClusterNode): Promise<number> {
  return post(node, "resume");
}

/** EvictClusterNode: 0, 5009 CANT_EVICT_ACTIVE_NODE, or another Win32 error. */
export function evictClusterNode(node: ClusterNode): Promise<number> {
  return post(node, "evict");
}

/** What a control code answered. */
export interface ControlResult {
  /** 0; 1 INVALID_FUNCTION; 2, 87, 183, 234 MORE_DATA (ask again with room for `required` bytes); 0x80090003, 0x80090016 … */
  readonly code: number;
  readonly output: Uint8Array;
  /** Bytes that the whole output takes. */
  readonly required: number;
}

/**
 * ClusterResourceControl, for the codes of checkpoints (`controlCode`) and of disks (`storageCode`).
 * `input` is UTF-16 with a NUL; `outSize` is the room for the output in bytes, as much as needed unless given.
 * Runs on the node that owns the resource. Never rejects.
 */
export async function clusterResourceControl(
  resource: ClusterResource,
  code: number,
  input?: Uint8Array,
  outSize?: number,
): Promise<ControlResult> {
  let view: ControlView | undefined;
  const failed = await codeOf(async () => {
    const body = {
      code,
      ...(input === undefined ? {} : { input: toBase64(input) }),
      ...(outSize === undefined ? {} : { outSize }),
    };
    view = await ask(resource.cluster).post<ControlView>(apiPath("resources", resource.id, "control"), body);
  });
  if (view === undefined) return { code: failed, output: new Uint8Array(), required: 0 };
  return { code: view.win32, output: fromBase64(view.output), required: view.required };
}
