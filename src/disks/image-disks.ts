/**
 * Disk images in a folder (`*.img`) in place of block devices, for demonstrations and tests: the same tables, read by the same reader.
 * As root, where the kernel has loop devices, their partitions are really mounted; elsewhere a mount is simulated by a symbolic link to
 * a folder beside the image.
 */
import type { Files, Outside } from "../base/outside.ts";
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
    sourceOf: (disk, { offset, size }) => Promise.resolve(sourceText({ image: disk.path, offset, size })),
    answers: (source) => answers(files, sourceOf(source).image),
    ...mounts,
  };
}

function loopMounts(outside: Outside): Pick<Disks, "mount" | "unmount" | "mountedAt" | "inUse"> {
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
    async mountedAt(point) {
      const mount = mountAt(await readMounts(files), point);
      if (mount === undefined) return undefined;
      const name = /^\/dev\/(loop\d+)$/.exec(mount.source)?.[1];
      return name === undefined ? mount.source : ((await loopSource(files, name)) ?? mount.source);
    },
    async inUse(source) {
      for (const name of await files.list("/sys/block")) {
        if (/^loop\d+$/.test(name) && (await loopSource(files, name)) === source) return `/dev/${name} keeps it in use`;
      }
      return undefined;
    },
  };
}

/** What a loop device stands for; undefined when for nothing. A deleted image keeps its name. */
async function loopSource(files: Files, name: string): Promise<string | undefined> {
  const read = async (file: string): Promise<string> =>
    new TextDecoder().decode(await files.read(`/sys/block/${name}/loop/${file}`)).replace(/\n$/, "");
  try {
    const image = (await read("backing_file")).replace(/ \(deleted\)$/, "");
    return sourceText({ image, offset: Number(await read("offset")), size: Number(await read("sizelimit")) });
  } catch {
    return undefined;
  }
}
