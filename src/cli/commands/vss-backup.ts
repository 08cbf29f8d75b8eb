import { folderOfNode, openNodeDoor } from "../../clusapi/vss/node-door.ts";
import { backupNode } from "../../vss/cluster/backup.ts";
import type { WrittenSet } from "../../vss/cluster/write-set.ts";
import type { Cli } from "../cli.ts";
import { bytesText, counted } from "../render/text.ts";

/** `clubar vss backup PATH [--node NAME]`. */
export async function backupVss(cli: Cli, given: string, node: string | undefined): Promise<void> {
  const outside = cli.outside();
  const path = cli.path(given);
  const own = cli.settings.data;
  const data = node === undefined ? own : await folderOfNode(outside, own, node);
  const door = await openNodeDoor(outside, data);
  const { name, cluster } = door.identity;
  const what = `Backing up node ${name} of cluster ${cluster.name} to ${path}`;
  const written = await cli.busy(what, backupNode({ outside, door, path }));
  cli.show(view(written), () => doneText(written));
}

function view({ path, manifest, bytes, replaced }: WrittenSet): object {
  const { node, cluster, clusDb, clusterTag, nodeClusterState, notChecked, files } = manifest;
  return {
    path,
    node: node.name,
    cluster: cluster.name,
    nodeClusterState,
    clusDbTag: clusDb?.tag ?? null,
    clusterTag: clusterTag ?? null,
    files: files.length + 2,
    bytes,
    replaced,
    notChecked,
  };
}

function doneText({ path, manifest, bytes, replaced }: WrittenSet): string {
  const { node, cluster, clusDb, clusterTag, notChecked, files } = manifest;
  const part =
    clusterTag === undefined
      ? "It has no part for the cluster."
      : `The cluster's database and all checkpoints are in it at tag ${clusterTag}.`;
  return [
    `Node ${node.name} of cluster ${cluster.name} has been backed up to ${path}.`,
    `ClusDb at tag ${clusDb?.tag ?? "–"}; ${counted(files.length + 2, "file")}, ${bytesText(bytes)}, read back and verified.`,
    part,
    "It holds private keys: keep it where only you can read it.",
    ...(replaced ? ["The set that was there was replaced."] : []),
    ...notChecked.map((one) => `NOT CHECKED: ${one}`),
    "",
  ].join("\n");
}
