/** The block devices of this machine: /sys/block, their first sectors, mount(8) and umount(8). */
import { fail } from "../base/errors.ts";
import { type Files, type Outside, OutsideError } from "../base/outside.ts";
import type { Disk, Disks } from "./disks.ts";
import { runGated, runProgram } from "./gated.ts";
import { kernelPartitions, numberIn } from "./kernel-partitions.ts";
import { mountAt, readMounts } from "./mount-table.ts";
import { readDisk } from "./read-disk.ts";

/** /sys counts in this, whatever the disk's sector is. */
const unit = 512;

/** Needs root. `source` is the partition's device, "/dev/sdb1". */
export function openLinuxDisks(outside: Outside): Disks {
  const { files } = outside;
  return {
    sentence: "The block devices of this machine.",
    list: () => listDisks(files),
    async sourceOf(disk, partition) {
      const known = await kernelPartitions(files, `/sys/block/${disk.name}`).catch(() => []);
      const found = known.find(({ offset, size }) => offset === partition.offset && size === partition.size);
      if (found !== undefined) return deviceOf(found.name);
      throw fail("CLUSTER_DISK_NOT_CONNECTED", {
        happened: `The kernel has no device for partition ${partition.number} of ${disk.path}.`,
        unchanged: "Nothing was mounted.",
        next: `Let it read the table again: partx --update ${disk.path}.`,
      });
    },
    mount: (source, point, started, signal) =>
      runGated(outside, ["mount", "--internal-only", "--", source, point], started, signal),
    async unmount(point) {
      if (mountAt(await readMounts(files), point) === undefined) return;
      await runProgram(outside, ["umount", "--internal-only", "--", point]);
    },
    mountedAt: async (point) => mountAt(await readMounts(files), point)?.source,
    isAt: async (source, point) => mountAt(await readMounts(files), point)?.source === source,
    inUse: (source) => deviceInUse(files, source),
    answers: (source) => answers(files, source),
  };
}

async function listDisks(files: Files): Promise<readonly Disk[]> {
  const disks: Disk[] = [];
  for (const name of await files.list("/sys/block")) {
    const folder = `/sys/block/${name}`;
    try {
      const size = (await numberIn(files, `${folder}/size`)) * unit;
      if (size === 0) continue;
      const sector = await numberIn(files, `${folder}/queue/logical_block_size`);
      disks.push(await readDisk(files, { name, path: deviceOf(name), size, sector }));
    } catch (error) {
      // It was taken away meanwhile.
      if (!(error instanceof OutsideError) || error.code !== "ENOENT") throw error;
    }
  }
  return disks;
}

/** The kernel writes "/" in names as "!". */
function deviceOf(name: string): string {
  return `/dev/${name.replaceAll("!", "/")}`;
}

/** Whether the kernel lets nobody have the device alone, in whatever mount namespace it is mounted; gone devices are in nobody's hands. */
export async function deviceInUse(files: Files, device: string): Promise<string | undefined> {
  try {
    await (await files.open(device, "read-alone")).close();
    return undefined;
  } catch (error) {
    if (!(error instanceof OutsideError)) throw error;
    if (error.code === "EBUSY") return `the kernel keeps ${device} in use`;
    if (["ENOENT", "ENXIO", "ENODEV", "ENOMEDIUM"].includes(error.code)) return undefined;
    throw error;
  }
}

/** Whether the first bytes come; false for whatever keeps them away. */
export async function answers(files: Files, path: string): Promise<boolean> {
  try {
    const handle = await files.open(path, "read");
    try {
      return (await handle.read(0, unit)).length === unit;
    } finally {
      await handle.close();
    }
  } catch {
    return false;
  }
}
