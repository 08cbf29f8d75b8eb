/** The disks that a machine sees, whose they are, and which of them could take another one's place. */
import { failureOf } from "../../base/failure-of.ts";
import type { Files } from "../../base/outside.ts";
import { resourceStateName } from "../../database/schema.ts";
import { readState } from "../../database/state.ts";
import { type Disk, diskIdText, type Disks } from "../../disks/disks.ts";
import { fileSystemAt } from "../../disks/file-system.ts";
import { mountAbove, readMounts } from "../../disks/mount-table.ts";
import type { Partition } from "../../disks/partition.ts";
import type { Key } from "../../tree/key.ts";
import { type DiskResource, diskResources } from "./disk-resource.ts";

/** One partition. */
export interface PartitionFact {
  readonly number: number;
  /** First byte, and bytes. */
  readonly offset: number;
  readonly size: number;
  /** "ext", "xfs" …; null when it is none that is known. */
  readonly fileSystem: string | null;
  /** Who has it, as a sentence's end; null when nobody has. */
  readonly inUse: string | null;
}

/** One disk as a node sees it. */
export interface DiskFact {
  readonly name: string;
  readonly path: string;
  readonly size: number;
  /** "signature 0x…", "GUID …"; null when it carries none. */
  readonly id: string | null;
  /** What is wrong with its partition table; "" when nothing is. */
  readonly trouble: string;
  readonly partitions: readonly PartitionFact[];
  /** The quorum folder is on it. */
  readonly holdsQuorum: boolean;
  readonly resource: {
    readonly id: string;
    readonly name: string;
    readonly state: string;
    readonly group: string | null;
    /** Name of the node that owns it now. */
    readonly owner: string | null;
  } | null;
  /** Whether it could take another disk's place now; otherwise `why` says why not. */
  readonly isCandidate: boolean;
  readonly why: string;
}

/** Looks at every disk. `place` is the quorum folder. Never fails for one disk: what can't be read is said. */
export async function listDisks(
  from: { readonly files: Files; readonly disks: Disks },
  tree: Key,
  place: string,
): Promise<readonly DiskFact[]> {
  const all = await from.disks.list();
  const resources = diskResources(tree, readState(tree));
  const facts: DiskFact[] = [];
  for (const disk of all) {
    const partitions = await Promise.all(disk.partitions.map((one) => partitionFact(from, disk, one)));
    const holdsQuorum = await isUnder(from, disk, place);
    const { id } = disk;
    const same = id === undefined ? [] : all.filter((one) => one.id !== undefined && sameId(one, disk));
    const resource = resources.find(
      (one) => one.disk !== undefined && id !== undefined && diskIdText(one.disk) === diskIdText(id),
    );
    const why = whyNot({ disk, partitions, holdsQuorum, resource, copies: same.length - 1 }, tree);
    facts.push({
      name: disk.name,
      path: disk.path,
      size: disk.size,
      id: id === undefined ? null : diskIdText(id),
      trouble: disk.trouble,
      partitions,
      holdsQuorum,
      resource: resource === undefined ? null : resourceFact(tree, resource),
      isCandidate: why === undefined,
      why:
        why ??
        (resource === undefined
          ? "free: make a resource for it"
          : "its resource is offline, and nothing depends on it"),
    });
  }
  return facts;
}

function sameId(a: Disk, b: Disk): boolean {
  return a.id !== undefined && b.id !== undefined && diskIdText(a.id) === diskIdText(b.id);
}

async function partitionFact(
  { files, disks }: { readonly files: Files; readonly disks: Disks },
  disk: Disk,
  partition: Partition,
): Promise<PartitionFact> {
  const { number, offset, size } = partition;
  const inUse = await disks
    .sourceOf(disk, partition)
    .then((source) => disks.inUse(source))
    .catch((error: unknown) => failureOf(error).happened);
  return { number, offset, size, fileSystem: await fileSystemOf(files, disk.path, offset), inUse: inUse ?? null };
}

async function fileSystemOf(files: Files, path: string, offset: number): Promise<string | null> {
  try {
    const handle = await files.open(path, "read");
    try {
      return (await fileSystemAt((at, length) => handle.read(at, length), offset)) ?? null;
    } finally {
      await handle.close();
    }
  } catch {
    return null;
  }
}

/** Whether a folder lies on a mounted partition of the disk. */
async function isUnder(
  { files, disks }: { readonly files: Files; readonly disks: Disks },
  disk: Disk,
  place: string,
): Promise<boolean> {
  const point = mountAbove(await readMounts(files).catch(() => []), place)?.point;
  if (point === undefined) return false;
  for (const partition of disk.partitions) {
    const source = await disks.sourceOf(disk, partition).catch(() => undefined);
    if (source !== undefined && (await disks.isAt(source, point))) return true;
  }
  return false;
}

function resourceFact(tree: Key, { resource }: DiskResource): NonNullable<DiskFact["resource"]> {
  const { groups, nodes } = readState(tree);
  const group = groups.get(resource.group ?? "");
  return {
    id: resource.id,
    name: resource.name,
    state: resourceStateName(resource.state),
    group: group?.name ?? null,
    owner: (group?.owner === undefined ? undefined : nodes.get(group.owner)?.name) ?? null,
  };
}

interface Judged {
  readonly disk: Disk;
  readonly partitions: readonly PartitionFact[];
  readonly holdsQuorum: boolean;
  readonly resource: DiskResource | undefined;
  /** Other disks with its id. */
  readonly copies: number;
}

function whyNot({ disk, partitions, holdsQuorum, resource, copies }: Judged, tree: Key): string | undefined {
  if (disk.id === undefined) return disk.trouble || "it carries no signature or GUID";
  if (copies > 0) return "another disk carries the same id";
  if (holdsQuorum) return "the quorum is on it";
  if (partitions.length === 0) return "it has no partition";
  if (resource !== undefined) {
    const { name, state, id } = resource.resource;
    const dependents = [...readState(tree).resources.values()].filter(({ dependsOn }) => dependsOn.includes(id));
    if (dependents.length > 0)
      return `"${name}" uses it, and is needed by ${dependents.map((one) => `"${one.name}"`).join(", ")}`;
    if (!["offline", "failed"].includes(resourceStateName(state))) return `"${name}" is ${resourceStateName(state)}`;
  }
  if (partitions.every(({ fileSystem }) => fileSystem === null))
    return "no partition has a file system that is known here";
  const used = partitions.find(({ inUse }) => inUse !== null);
  return used === undefined ? undefined : `partition ${used.number} is not free: ${used.inUse ?? ""}`;
}
