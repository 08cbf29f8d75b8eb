/** Physical Disk resources as the database has them, and where their disk is on this machine. */
import { resourceKey } from "../../database/schema.ts";
import type { ClusterState, ResourceState } from "../../database/state.ts";
import { type Disk, type DiskId, diskIdOf, type Disks, findDisks } from "../../disks/disks.ts";
import type { Partition } from "../../disks/partition.ts";
import { findValue, type Key } from "../../tree/key.ts";
import { foldName } from "../../tree/path.ts";
import { dwordOf, textOf } from "../../tree/value.ts";

/** What the private properties of such a resource say. */
export interface DiskResource {
  readonly resource: ResourceState;
  /** undefined: they name no disk. */
  readonly disk: DiskId | undefined;
  readonly mountPoint: string | undefined;
  /** First byte of its partition; undefined: of the first one. */
  readonly offset: number | undefined;
}

/** By name. */
export function diskResources(tree: Key, state: ClusterState): readonly DiskResource[] {
  return [...state.resources.values()]
    .filter(({ type }) => foldName(type) === foldName("Physical Disk"))
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .map((resource) => diskResource(tree, resource));
}

/** Of a resource of that type. */
export function diskResource(tree: Key, resource: ResourceState): DiskResource {
  const path = `${resource.path}\\${resourceKey.parameters}`;
  const number = (name: string): number | undefined => dwordOf(findValue(tree, path, name));
  const text = (name: string): string | undefined => textOf(findValue(tree, path, name)) || undefined;
  const offset = text("PartitionOffset");
  return {
    resource,
    disk: diskIdOf(number("DiskIdType") ?? 5000, number("DiskSignature") ?? 0, text("DiskIdGuid") ?? ""),
    mountPoint: text("MountPoint")?.replace(/(.)\/+$/, "$1"),
    offset: offset === undefined ? undefined : Number(offset),
  };
}

/** The partition that a resource mounts. */
export function partitionOf({ offset }: DiskResource, disk: Disk): Partition | undefined {
  return disk.partitions.find((one) => offset === undefined || one.offset === offset);
}

/** Why the disk of a resource is not mounted at its mount point on this machine, as a sentence's end; undefined when it is. */
export async function notMounted(disks: Disks, of: DiskResource): Promise<string | undefined> {
  const { disk: id, mountPoint } = of;
  if (id === undefined || mountPoint === undefined) return "its private properties name no disk or no MountPoint";
  const [disk, second] = findDisks(await disks.list(), id);
  if (disk === undefined) return "no disk of this machine carries its signature or GUID";
  if (second !== undefined) return `${disk.name} and ${second.name} carry the same id`;
  const partition = partitionOf(of, disk);
  if (partition === undefined) return `${disk.name} has no such partition`;
  const source = await disks.sourceOf(disk, partition);
  return (await disks.isAt(source, mountPoint)) ? undefined : `${disk.name} is not mounted at ${mountPoint}`;
}
