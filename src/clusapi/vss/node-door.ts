/** A node as a VSS backup of it needs it: through its service's socket when that runs, else through its files and locks. */
import type { BackupAnswer, FrozenNode, ThawedNode } from "../../api/api.ts";
import { fail } from "../../base/errors.ts";
import { failureOf } from "../../base/failure-of.ts";
import type { Outside } from "../../base/outside.ts";
import { openRegistry } from "../../registry/registry.ts";
import type { Freeze, NodeDoor } from "../../vss/cluster/node-door.ts";
import {
  ask,
  clientOf,
  getClusterInformation,
  getNodeClusterState,
  nodeClusterState,
  openCluster,
} from "../cluster.ts";
import { nodeFolders } from "../node-folders.ts";
import { readNodeRecord } from "../node-record.ts";

/**
 * Detects the node (GetNodeClusterState) and, when its service runs, asks for its cluster. CLUSTER_NOT_INSTALLED when the folder holds
 * no node.
 */
export async function openNodeDoor(outside: Outside, data: string): Promise<NodeDoor> {
  const record = await readNodeRecord(outside.files, data);
  const state = await getNodeClusterState(data);
  if (record === undefined || state === nodeClusterState.notConfigured) {
    throw fail("CLUSTER_NOT_INSTALLED", {
      happened: `${data} holds no node of a cluster.`,
      unchanged: "No set was made.",
      next: "Name the node's data folder with --data.",
    });
  }
  const { node: id, name, instance } = record;
  const runs = state === nodeClusterState.running;
  // By the machine's name: the backup of the cluster goes on when this node's service stops.
  const opened = runs ? await openCluster(name, { data }) : undefined;
  const cluster = opened === undefined ? record.cluster : (await getClusterInformation(opened)).clusterName;
  return {
    data,
    nodeClusterState: state,
    identity: { id, name, cluster: { name: cluster, instance } },
    freeze: (limitMs) => (runs ? freezeService(data, limitMs) : freezeFiles(outside, data)),
    backupCluster: async (path) => {
      const client = opened === undefined ? clientOf(data) : ask(opened);
      const { tag, notChecked } = await client.post<BackupAnswer>("/backup", { path });
      return { tag, notChecked };
    },
  };
}

/** The data folder of the node that somebody named. CLUSTER_NODE_NOT_FOUND, CLUSTER_NODE_UNREACHABLE. */
export async function folderOfNode(outside: Outside, data: string, name: string): Promise<string> {
  const own = await readNodeRecord(outside.files, data);
  if (own !== undefined && (own.name.toLowerCase() === name.toLowerCase() || own.node === name)) return data;
  const nodes = await nodeFolders(outside.files, data);
  const found = nodes.find((node) => node.name.toLowerCase() === name.toLowerCase() || node.id === name);
  if (found?.data !== undefined) return found.data;
  const known = nodes.map((node) => node.name).join(", ");
  throw fail(found === undefined ? "CLUSTER_NODE_NOT_FOUND" : "CLUSTER_NODE_UNREACHABLE", {
    happened:
      found === undefined
        ? `The cluster has no node "${name}"; it has ${known === "" ? "none that is known here" : known}.`
        : `It is not known where node ${found.name} answers.`,
    unchanged: "No set was made.",
    next: "Name one of the nodes with --node.",
  });
}

async function freezeService(data: string, limitMs: number): Promise<Freeze> {
  const client = clientOf(data);
  const { id } = await client.post<FrozenNode>("/vss/freeze", { limitMs });
  return {
    thaw: async () => {
      try {
        return await client.post<ThawedNode>("/vss/thaw", { id });
      } catch (error) {
        return { kept: false, why: `The node's service ended meanwhile: ${failureOf(error).happened}` };
      }
    },
  };
}

/** No service: folds what a crash left, then keeps one from starting by its lock. */
async function freezeFiles(outside: Outside, data: string): Promise<Freeze> {
  const folder = `${data}/registry`;
  await (await openRegistry(outside, folder)).close();
  const lock = await outside.files.open(`${folder}/.lock`, "append");
  if (await lock.lock()) {
    return {
      thaw: async () => {
        await lock.close();
        return { kept: true, why: "" };
      },
    };
  }
  await lock.close();
  throw fail("BUSY", {
    happened: `The service of ${data} starts just now.`,
    unchanged: "No set was made.",
    next: "Take the backup again.",
  });
}
