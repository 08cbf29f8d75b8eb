/** The disks that all simulated nodes see, and Physical Disk on them: a mount is a process that the kernel ties to its host. */
import { fail } from "../../base/errors.ts";
import { type Disk, diskIdOf, type Disks, findDisks } from "../../disks/disks.ts";
import type { ResourceContext, ResourceType } from "../../monitor/resource-type.ts";
import { physicalDisk } from "../../monitor/types/physical-disk.ts";

const megabyte = 1_048_576;

/** The word from which on a container is a simulated application, and a simulated mount too. */
const mountProgram = "app";

/** Disks that can be pulled out; "disk1" carries the signature 1. Nothing is mounted by them: that the simulated type does. */
export class SimDisks implements Disks {
  readonly sentence = "Simulated.";
  readonly #all: readonly Disk[];
  readonly #gone = new Set<string>();

  constructor(count: number) {
    this.#all = Array.from({ length: count }, (_, i) => ({
      name: `disk${i + 1}`,
      path: `/dev/disk${i + 1}`,
      size: 100 * megabyte,
      id: { kind: "signature", signature: i + 1 },
      partitions: [{ number: 1, offset: megabyte, size: megabyte }],
      trouble: "",
    }));
  }

  /** No node sees it any more. */
  pull(name: string): void {
    this.#gone.add(name);
  }

  list(): Promise<readonly Disk[]> {
    return Promise.resolve(this.#all.filter(({ name }) => !this.#gone.has(name)));
  }

  sourceOf({ name }: Disk): Promise<string> {
    return Promise.resolve(name);
  }

  answers(source: string): Promise<boolean> {
    return Promise.resolve(!this.#gone.has(source));
  }

  mount(): Promise<void> {
    return Promise.reject(notMounted());
  }

  unmount(): Promise<void> {
    return Promise.reject(notMounted());
  }

  mountedAt(): Promise<undefined> {
    return Promise.resolve(undefined);
  }

  isAt(): Promise<boolean> {
    return Promise.resolve(false);
  }

  inUse(): Promise<undefined> {
    return Promise.resolve(undefined);
  }
}

function notMounted(): Error {
  return fail("CALL_NOT_IMPLEMENTED", { happened: "No simulated disk is mounted.", unchanged: "Nothing was changed." });
}

/** The disk's own process on a node stands for the mount, under the disk's name, whatever the resource is called. */
export const simulatedPhysicalDisk: ResourceType = {
  ...physicalDisk,
  diesWithHost: true,

  async online(context) {
    const disk = await diskOf(context);
    if (disk === undefined) {
      throw fail("CLUSTER_DISK_NOT_CONNECTED", {
        happened: `No node sees the disk of "${context.resource.name}".`,
        unchanged: "Nothing was mounted.",
      });
    }
    if (context.resource.parameters.text("MountPoint") === undefined) {
      throw fail("INVALID_PARAMETER", {
        happened: `"${context.resource.name}" has no mount point.`,
        unchanged: "Nothing was mounted.",
      });
    }
    const { environment, folder } = context;
    await context.start({ program: [mountProgram, disk.name], environment, folder, watched: true });
  },

  offline: async (context) => context.application()?.stop(1000),
  terminate: async () => undefined,
  looksAlive: isThere,
  isAlive: isThere,
};

async function isThere(context: ResourceContext): Promise<boolean> {
  return context.application() !== undefined && (await diskOf(context)) !== undefined;
}

async function diskOf({ disks, resource }: ResourceContext): Promise<Disk | undefined> {
  const { parameters } = resource;
  const signature = parameters.number("DiskSignature");
  const id = diskIdOf(parameters.number("DiskIdType"), signature, "");
  return id === undefined ? undefined : findDisks(await disks.list(), id)[0];
}
