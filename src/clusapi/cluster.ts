/** A cluster's handle and what is asked of the whole cluster. */
import {
  ApiClient,
  type ClusterView,
  type NodeView,
  type GroupView,
  type ResourceView,
  type ResourceTypeView,
} from "../api/api.ts";
import { errorTable, type Failure, fail } from "../base/errors.ts";
import { failureOf } from "../base/failure-of.ts";
import { dataFolder } from "../base/outside-node-folder.ts";
import { openOutside } from "../base/outside-node.ts";
import { foldersByName, transportOf } from "./by-name.ts";
import { readNodeRecord } from "./node-record.ts";

/** An open cluster (HCLUSTER). */
export interface Cluster {
  readonly name: string;
  /** The data folder of the node that answers. */
  readonly data: string;
  readonly client: ApiClient;
  open: boolean;
}

/** Where the node is, and how new its copy of the database must be. */
export interface OpenOptions {
  /** The node's data folder; by default as the command takes it. */
  readonly data?: string;
  /** A tag; every call waits until the node has the database at it. */
  readonly atLeast?: string;
}

/**
 * OpenCluster: opens the cluster of this machine's node. A name, of the cluster or of one of its nodes, gives a connection that goes on
 * when the service stops of the node it began with; without one it is to this machine's node alone. Rejects with a Failure:
 * SERVICE_NOT_ACTIVE (1062) when no service runs, SERVER_UNAVAILABLE (1722) when the node is of another cluster, ACCESS_DENIED (5).
 */
export async function openCluster(name?: string, options: OpenOptions = {}): Promise<Cluster> {
  const data = dataFolder(options.data);
  const folders = name === undefined ? [data] : await foldersByName(openOutside().files, data, name);
  const client = clientOf(data, options.atLeast, folders);
  const view = await client.get<ClusterView>("/cluster");
  if (name !== undefined && !(await isNameIn(client, view, name))) {
    throw fail("SERVER_UNAVAILABLE", {
      happened: `No cluster "${name}" can be reached from here; this node belongs to "${view.name}".`,
    });
  }
  return { name: view.name, data, client, open: true };
}

async function isNameIn(client: ApiClient, { name: cluster }: ClusterView, name: string): Promise<boolean> {
  const is = (one: string): boolean => one.toLowerCase() === name.toLowerCase();
  return is(cluster) || (await client.get<readonly NodeView[]>("/nodes")).some((node) => is(node.name));
}

/** CloseCluster. false when it was closed before. */
export function closeCluster(cluster: Cluster): boolean {
  const { open } = cluster;
  cluster.open = false;
  return open;
}

/** What GetClusterInformation tells, and what clubar adds. */
export interface ClusterInformation {
  readonly clusterName: string;
  /** ClusterInstanceID. */
  readonly instance: string;
  readonly generation: number;
  /** Of this node's copy of the database. */
  readonly tag: string;
}

/** GetClusterInformation. Rejects with INVALID_HANDLE (6) and what `openCluster` rejects with. */
export async function getClusterInformation(cluster: Cluster): Promise<ClusterInformation> {
  const { name, instance, generation, tag } = await ask(cluster).get<ClusterView>("/cluster");
  return { clusterName: name, instance, generation, tag };
}

/** What GetNodeClusterState answers (clusapi.h, NODE_CLUSTER_STATE). */
export const nodeClusterState = { notInstalled: 0, notConfigured: 1, notRunning: 3, running: 19 } as const;

/**
 * GetNodeClusterState: 0 the data folder holds no node, 1 its node names no cluster, 3 its service does not answer, 19 it answers. Rejects
 * with INVALID_DATA or VERSION_NOT_SUPPORTED when the node's record can't be read.
 */
export async function getNodeClusterState(data?: string): Promise<number> {
  const folder = dataFolder(data);
  const record = await readNodeRecord(openOutside().files, folder);
  if (record === undefined) return nodeClusterState.notInstalled;
  if ((record.cluster ?? "") === "") return nodeClusterState.notConfigured;
  try {
    await clientOf(folder).get("/status/self");
    return nodeClusterState.running;
  } catch (error) {
    const { name } = failureOf(error);
    if (name === "SERVICE_NOT_ACTIVE" || name === "CLUSTER_NODE_UNREACHABLE") return nodeClusterState.notRunning;
    if (name === "CLUSTER_NODE_NOT_READY") return nodeClusterState.running;
    throw error;
  }
}

/** Kinds of objects for `clusterOpenEnum` (clusapi.h, CLUSTER_ENUM). */
export const clusterEnumType = { node: 1, resourceType: 2, resource: 4, group: 8 } as const;

/** An open enumeration (HCLUSENUM): what there was when it was opened. */
export interface ClusterEnum {
  readonly items: readonly { readonly type: number; readonly name: string }[];
}

/** ClusterOpenEnum: kinds are added up. Rejects with INVALID_PARAMETER (87) for none or unknown ones. */
export async function clusterOpenEnum(cluster: Cluster, types: number): Promise<ClusterEnum> {
  const client = ask(cluster);
  if (types <= 0 || (types & ~15) !== 0)
    throw fail("INVALID_PARAMETER", { happened: `${types} names no kinds of objects.` });
  const paths = [
    [clusterEnumType.node, "/nodes"],
    [clusterEnumType.resourceType, "/resource-types"],
    [clusterEnumType.resource, "/resources"],
    [clusterEnumType.group, "/groups"],
  ] as const;
  const items: { readonly type: number; readonly name: string }[] = [];
  for (const [type, path] of paths.filter(([kind]) => (types & kind) !== 0)) {
    const found = await client.get<(NodeView | ResourceTypeView | ResourceView | GroupView)[]>(path);
    items.push(...found.map(({ name }) => ({ type, name })));
  }
  return { items };
}

/** ClusterGetEnumCount. */
export function clusterGetEnumCount(list: ClusterEnum): number {
  return list.items.length;
}

/** ClusterEnum: `code` 0 with an item, or 259 NO_MORE_ITEMS. */
export function clusterEnum(
  list: ClusterEnum,
  index: number,
): { readonly code: number; readonly type?: number; readonly name?: string } {
  const item = list.items[index];
  return item === undefined ? { code: errorTable.NO_MORE_ITEMS.win32 } : { code: 0, ...item };
}

/** The client of an open cluster; INVALID_HANDLE (6) when it is closed. */
export function ask(cluster: Cluster): ApiClient {
  if (!cluster.open)
    throw fail("INVALID_HANDLE", { happened: "The cluster's handle is closed.", unchanged: "Nothing was changed." });
  return cluster.client;
}

/** A client of the node with this data folder; `folders`, when given, are asked in turn. */
export function clientOf(data: string, atLeast?: string, folders: readonly string[] = [data]): ApiClient {
  const transport = transportOf(folders);
  return new ApiClient({ transport, place: data, ...(atLeast === undefined ? {} : { atLeast }) });
}

/** 0 when it was done, otherwise the Win32 code; what is no failure of the table is 1359 INTERNAL_ERROR. */
export async function codeOf(work: () => Promise<unknown>): Promise<number> {
  try {
    await work();
    return 0;
  } catch (error) {
    const failure: Failure = failureOf(error);
    return failure.win32;
  }
}
