import { fail } from "../../base/errors.ts";
import { Mutex } from "../../base/mutex.ts";
import { type Disk, type DiskId, diskIdOf, diskIdText, diskText, findDisks } from "../../disks/disks.ts";
import type { Partition } from "../../disks/partition.ts";
import { bootId } from "../application-record.ts";
import { type MountRecord, readMountRecord, releaseMount, writeMountRecord } from "../mount-record.ts";
import type { ParameterRow, Parameters } from "../parameters.ts";
import { defaultTimes, type ResourceContext, type ResourceType } from "../resource-type.ts";

/** What WSFC documents and nothing here reads. */
const unused: readonly Pick<ParameterRow, "name" | "kind">[] = [
  { name: "DiskUniqueIds", kind: "bytes" },
  { name: "DiskVolumeInfo", kind: "bytes" },
  { name: "DiskRunChkDsk", kind: "number" },
  { name: "DiskArbInterval", kind: "number" },
  { name: "DiskPath", kind: "text" },
  { name: "DiskReload", kind: "flag" },
];

/**
 * A disk that is found by the signature or GUID written on it, whatever its device is called on a node, and mounted. A mount point stands
 * for WSFC's drive letter. A mount outlives the host that made it, so the type does not die with its host.
 */
export const physicalDisk: ResourceType = {
  name: "Physical Disk",
  diesWithHost: false,
  times: defaultTimes,
  parameters: [
    {
      name: "DiskIdType",
      kind: "number",
      required: false,
      default: 5000,
      meaning: "0: the disk is known by DiskSignature; 1: by DiskIdGuid; 5000: by the one that is given.",
    },
    {
      name: "DiskSignature",
      kind: "number",
      required: false,
      default: 0,
      meaning: "The signature in the disk's MBR.",
    },
    { name: "DiskIdGuid", kind: "text", required: false, meaning: "The GUID in the disk's GPT." },
    {
      name: "MountPoint",
      kind: "text",
      required: true,
      meaning: "Where it is mounted, an absolute path; in place of a drive letter.",
    },
    {
      name: "PartitionOffset",
      kind: "text",
      required: false,
      meaning: "Which partition is mounted: its first byte, in decimal; by default the first partition.",
    },
    {
      name: "PartitionOffsets",
      kind: "texts",
      required: false,
      meaning: "The first bytes of all its partitions; a disk with others is refused. By default it is not checked.",
    },
    ...unused.map(({ name, kind }) => ({
      name,
      kind,
      required: false,
      meaning: "Kept for WSFC's tools; no meaning here.",
    })),
  ],

  online: (context, signal) => alone(context, () => mountIt(context, signal)),
  offline: (context) => alone(context, () => release(context)),
  async terminate(context) {
    over.add(context.resource);
    await alone(context, () => release(context));
  },
  looksAlive: isMounted,
  async isAlive(context) {
    const source = (await mountOf(context))?.source;
    if (source === undefined || !(await isMounted(context))) return false;
    await context.outside.files.list(pointOf(context));
    return context.disks.answers(source);
  },
};

/** Lives of resources that have been terminated: a mount that was under way does not begin any more. */
const over = new WeakSet<ResourceContext["resource"]>();
const mutexes = new WeakMap<ResourceContext["resource"], Mutex>();

/** The quorum's disk, which the machine mounted before anything of the cluster ran: it is never unmounted here. */
const heldByMachine = new WeakMap<ResourceContext["resource"], MountedAt>();

type MountedAt = Pick<MountRecord, "source" | "point">;

/** A mount and what undoes it never overlap. */
function alone<T>(context: ResourceContext, work: () => Promise<T>): Promise<T> {
  const mutex = mutexes.get(context.resource) ?? new Mutex();
  mutexes.set(context.resource, mutex);
  return mutex.run(work);
}

function release({ outside, disks, folder }: ResourceContext): Promise<void> {
  return releaseMount(outside, disks, folder);
}

async function mountOf({ outside, folder, resource }: ResourceContext): Promise<MountedAt | undefined> {
  return (await readMountRecord(outside.files, folder)) ?? heldByMachine.get(resource);
}

async function isMounted(context: ResourceContext): Promise<boolean> {
  const mount = await mountOf(context);
  return mount !== undefined && (await context.disks.isAt(mount.source, mount.point));
}

/** A quorum must be there before any resource is online. */
async function holdsQuorum({ quorum, disks }: ResourceContext, source: string, point: string): Promise<boolean> {
  return quorum !== undefined && `${quorum}/`.startsWith(`${point}/`) && (await disks.isAt(source, point));
}

async function mountIt(context: ResourceContext, signal: AbortSignal): Promise<void> {
  const { outside, disks, folder, resource } = context;
  const point = pointOf(context);
  const disk = await findOne(context, namedDisk(resource.name, resource.parameters));
  const partition = partitionOf(context, disk);
  const source = await disks.sourceOf(disk, partition);
  if (await holdsQuorum(context, source, point)) {
    heldByMachine.set(resource, { source, point });
    context.log.info("mounted by the machine", { resource: resource.name, disk: diskText(disk), point });
    return;
  }
  await refuseUsed(context, source, point);
  await outside.files.makeFolder(point);
  const record = { resource: resource.name, boot: await bootId(outside.files), source, point };
  const mayBegin = (): void => {
    if (signal.aborted || over.has(context.resource))
      throw fail("CANCELLED", { happened: "The mount was broken off." });
  };
  mayBegin();
  await writeMountRecord(outside.files, folder, record);
  await disks.mount(
    source,
    point,
    async (process) => {
      await writeMountRecord(outside.files, folder, { ...record, process });
      mayBegin();
    },
    signal,
  );
  context.log.info("mounted", { resource: resource.name, disk: diskText(disk), source, point });
}

function pointOf({ resource }: ResourceContext): string {
  const point = resource.parameters.text("MountPoint");
  if (point !== undefined && /^\/.*[^/]$/.test(point)) return point;
  throw wrong(
    resource.name,
    "MountPoint is no absolute path below the root.",
    "clubar resource param NAME MountPoint=/srv/data",
  );
}

/** What a resource's private properties say of its disk. @throws INVALID_PARAMETER when they name none */
function namedDisk(name: string, parameters: Parameters): DiskId {
  const guid = parameters.text("DiskIdGuid") ?? "";
  const id = diskIdOf(parameters.number("DiskIdType"), parameters.number("DiskSignature"), guid);
  if (id !== undefined) return id;
  const next =
    "Give DiskSignature (of an MBR disk) or DiskIdGuid (of a GPT disk); lsblk -o NAME,PTTYPE,PTUUID shows them.";
  throw wrong(name, "its private properties name no disk.", next);
}

/** The one disk that carries the id. The sentence is event 1034's (wsfc-facts §1.3), with what was seen instead. */
async function findOne({ disks, resource }: ResourceContext, id: DiskId): Promise<Disk> {
  const all = await disks.list();
  const found = findDisks(all, id);
  const [disk, second] = found;
  if (disk !== undefined && second === undefined) return disk;
  if (disk !== undefined) {
    throw fail("CLUSTER_DISK_NOT_CONNECTED", {
      happened:
        `${found.length} disks carry the ${diskIdText(id)} of "${resource.name}": ` +
        `${found.map((one) => one.name).join(", ")}.`,
      unchanged: "None of them was mounted: one is a copy of the other.",
      next: "Take the copy away or give it another signature.",
    });
  }
  const seen = all.map(diskText).join(", ");
  throw fail("CLUSTER_DISK_NOT_CONNECTED", {
    happened:
      `Event 1034: the disk of cluster disk resource "${resource.name}" could not be found. ` +
      `Expected: ${diskIdText(id)}; seen: ${seen === "" ? "no disk at all" : seen}.`,
    unchanged: "Nothing was mounted.",
    next:
      "Connect the disk; or, when it was replaced, make a resource for the new one and " +
      `run: clubar recover disk "${resource.name}" --with NEW.`,
  });
}

function partitionOf({ resource }: ResourceContext, disk: Disk): Partition {
  const { parameters, name } = resource;
  const expected = parameters.texts("PartitionOffsets").join(", ");
  const offsets = disk.partitions.map(({ offset }) => String(offset)).join(", ");
  if (expected !== "" && expected !== offsets) {
    throw wrong(
      name,
      `the partitions of ${disk.name} begin at ${offsets || "no place"}, not at ${expected}.`,
      "Partition the disk as it was, or set PartitionOffsets to what it is.",
    );
  }
  const wanted = parameters.text("PartitionOffset");
  const partition = disk.partitions.find(({ offset }) => wanted === undefined || String(offset) === wanted);
  if (partition !== undefined) return partition;
  const which = wanted === undefined ? "no partition" : `no partition at ${wanted}`;
  throw wrong(name, `${disk.name} has ${which}.`, "Partition and format it, or correct PartitionOffset.");
}

async function refuseUsed({ disks, resource }: ResourceContext, source: string, point: string): Promise<void> {
  const there = await disks.mountedAt(point);
  if (there !== undefined) {
    throw wrong(resource.name, `${there} is mounted at ${point}.`, `When nobody uses it: umount ${point}.`);
  }
  const who = await disks.inUse(source);
  if (who !== undefined) {
    throw wrong(
      resource.name,
      `${source} is not free: ${who}.`,
      "Unmount it where it is mounted (findmnt), also in containers.",
    );
  }
}

function wrong(resource: string, why: string, next: string): Error {
  return fail("INVALID_PARAMETER", { happened: `"${resource}": ${why}`, unchanged: "Nothing was mounted.", next });
}
