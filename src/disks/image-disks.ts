/**
 * Disk images in a folder (`*.img`) in place of block devices, for demonstrations and tests: the same tables, read by the same reader.
 * As root, where the kernel has loop devices, their partitions are really mounted; elsewhere a mount is simulated by a symbolic link to
 * a folder beside the image.
 */
import { fail } from "../base/errors.ts";
import { type Files, type Outside, OutsideError } from "../base/outside.ts";
import type { Disks } from "./disks.ts";
import { runGated, runProgram } from "./gated.ts";
import { sourceOf, sourceText } from "./image-source.ts";
import { answers } from "./linux-disks.ts";
import { mountAt, readMounts } from "./mount-table.ts";
import { readDisk } from "./read-disk.ts";
import { openSimulatedMounts } from "./simulated-mounts.ts";

/** How partitions of images are mounted. */
export type ImageMounts = "loop" | "simulated";

/** "loop" where root can have loop devices. */
export async function imageMounts({ files }: Outside): Promise<ImageMounts> {
  return files.mayChangeOwners() && (await files.stat("/dev/loop-control")) !== undefined ? "loop" : "simulated";
}

/** The images of a folder. A source is `<image>@<offset>+<size>`. */
export function openImageDisks(outside: Outside, folder: string, how: ImageMounts): Disks {
  const { files } = outside;
  const mounts = how === "loop" ? loopMounts(outside) : openSimulatedMounts(outside);
  return {
    sentence:
      how === "loop"
        ? `Disk images in ${folder}, mounted by loop devices.`
        : `Disk images in ${folder}; mounts are simulated by symbolic links.`,
    async list() {
      const names = (await files.list(folder).catch(() => [])).filter((name) => name.endsWith(".img"));
      const stats = await Promise.all(names.map((name) => files.stat(`${folder}/${name}`)));
      const there = names.flatMap((name, at) => {
        const stat = stats[at];
        return stat?.kind === "file" ? [{ name, path: `${folder}/${name}`, size: stat.size }] : [];
      });
      return Promise.all(there.map((image) => readDisk(files, image)));
    },
    async sourceOf({ path }, { offset, size }) {
      const inode = (await files.stat(path))?.inode;
      if (inode !== undefined) return sourceText({ image: path, offset, size, inode });
      throw fail("CLUSTER_DISK_NOT_CONNECTED", {
        happened: `${path} was taken away.`,
        unchanged: "Nothing was mounted.",
      });
    },
    answers: (source) => answers(files, sourceOf(source).image),
    ...mounts,
  };
}

function loopMounts(outside: Outside): Pick<Disks, "mount" | "unmount" | "mountedAt" | "isAt" | "inUse"> {
  const { files } = outside;
  return {
    mount(source, point, started, signal) {
      const { image, offset, size } = sourceOf(source);
      const options = `loop,offset=${offset},sizelimit=${size}`;
      return runGated(outside, ["mount", "--internal-only", "-o", options, "--", image, point], started, signal);
    },
    async unmount(point) {
      if (mountAt(await readMounts(files), point) === undefined) return;
      await runProgram(outside, ["umount", "--internal-only", "--", point]);
    },
    mountedAt: async (point) => mountAt(await readMounts(files), point)?.source,
    async isAt(source, point) {
      const device = /^\/dev\/(loop\d+)$/.exec(mountAt(await readMounts(files), point)?.source ?? "")?.[1];
      return device !== undefined && mayStandFor(files, device, source);
    },
    async inUse(source) {
      for (const name of await files.list("/sys/block")) {
        if (/^loop\d+$/.test(name) && (await mayStandFor(files, name, source))) return `/dev/${name} keeps it in use`;
      }
      return undefined;
    },
  };
}

/** Whether a loop device stands for that partition. An image that was renamed is known by its inode; one that was deleted may be any. */
async function mayStandFor(files: Files, device: string, source: string): Promise<boolean> {
  const { offset, size, inode } = sourceOf(source);
  const read = async (file: string): Promise<string> =>
    new TextDecoder().decode(await files.read(`/sys/block/${device}/loop/${file}`)).replace(/\n$/, "");
  if ((await files.stat(`/sys/block/${device}/loop`)) === undefined) return false;
  try {
    if (Number(await read("offset")) !== offset || Number(await read("sizelimit")) !== size) return false;
    const image = await files.stat(await read("backing_file"));
    return image === undefined || image.inode === inode;
  } catch (error) {
    // It was given back meanwhile.
    if (error instanceof OutsideError && error.code === "ENOENT") return false;
    throw error;
  }
}
