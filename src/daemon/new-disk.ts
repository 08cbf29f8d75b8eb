/** Whether the disk that is to hold the quorum is where it must be. */
import { failureOf } from "../base/failure-of.ts";
import { findResource } from "../database/commands/find.ts";
import type { Blocker } from "../base/blocked.ts";
import { diskResource, notMounted } from "../recovery/disks/disk-resource.ts";
import type { ServiceNode } from "./service-node.ts";

/** A quorum must be there before any resource is, so its disk is mounted by the machine, at the mount point of its resource. */
export async function newDiskTrouble(service: ServiceNode, resource: string): Promise<readonly Blocker[]> {
  const { disks } = service.parts;
  const tree = service.database.tree();
  const of = diskResource(tree, findResource(service.clusterState(), resource));
  if (disks === undefined) return [];
  const why = await notMounted(disks, of).catch((error: unknown) => failureOf(error).happened);
  if (why === undefined) return [];
  return [
    {
      name: "CLUSTER_DISK_NOT_CONNECTED",
      sentence: `The disk of "${of.resource.name}" is not ready to hold the quorum: ${why}.`,
      next:
        `Mount it at ${of.mountPoint ?? "the MountPoint of its resource"} on every node, and in /etc/fstab: ` +
        "a quorum must be there before any resource is.",
    },
  ];
}
