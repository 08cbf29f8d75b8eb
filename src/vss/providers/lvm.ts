/** Snapshots of LVM's logical volumes. */
import { fail } from "../../base/errors.ts";
import type { SnapshotPlace, Support, VssProvider } from "../provider.ts";
import { needCommand, runCommand, type CommandOutside } from "./command.ts";
import { mountOf } from "./mounts.ts";
import { volumeProvider, type VolumeManager } from "./volume-provider.ts";

/** The LVM provider. */
export const lvmProviderId = "5d3a8f0c-6c1e-4d0b-9a51-2f6f7f3c0a04";

/** What `SnapshotPlace.note` holds: `group`, `volume`, folder in the file system, its type; none of them holds a line end. */
interface LogicalVolume {
  readonly group: string;
  readonly name: string;
  /** The folder within the file system, "" or "/a/b". */
  readonly inside: string;
  readonly type: string;
}

/**
 * A snapshot is of the whole logical volume that the folder is on; it is mounted read-only below `folder`. Room for what
 * changes afterwards is a tenth of the volume, at least 16 MiB: one that runs full is lost. Needs LVM's programs and root.
 */
export function createLvmProvider(outside: CommandOutside, folder: string): VssProvider {
  const { files } = outside;
  const mountPoint = ({ snapshotId }: SnapshotPlace): string => `${folder}/${snapshotId}`;
  const device = (place: SnapshotPlace): string => `/dev/${parse(place.note).group}/${nameOf(place)}`;
  const manager: VolumeManager = {
    providerId: lvmProviderId,
    name: "clubar LVM",
    isVolumeSupported: (volume) => support(outside, volume),
    note: async (volume) => {
      const found = await find(outside, volume);
      if (typeof found === "string")
        throw fail("VSS_E_VOLUME_NOT_SUPPORTED_BY_PROVIDER", { happened: `${volume}: ${found}.` });
      return [found.group, found.name, found.inside, found.type].join("\n");
    },
    flush: async ({ volume }) => {
      await needCommand(outside, "sync", ["--file-system", volume]);
    },
    make: async (place) => {
      const { group, name } = parse(place.note);
      const size = await roomFor(outside, group, name);
      const args = [
        "--snapshot",
        "--permission",
        "r",
        "--size",
        `${size}b`,
        "--name",
        nameOf(place),
        `${group}/${name}`,
      ];
      await needCommand(outside, "lvcreate", ["--yes", ...args]);
    },
    finish: async (place) => {
      await files.makeFolder(mountPoint(place));
      // xfs refuses a second file system of the same UUID; a journal can't be replayed on a read-only device.
      const options =
        { xfs: "ro,nouuid,norecovery", ext4: "ro,noload", ext3: "ro,noload" }[parse(place.note).type] ?? "ro";
      await needCommand(outside, "mount", ["-o", options, device(place), mountPoint(place)]);
    },
    find: async (place) => {
      const path = `${mountPoint(place)}${parse(place.note).inside}`;
      const mounted = (await mountOf(files, path))?.at === mountPoint(place);
      return mounted && (await files.stat(path))?.kind === "folder" ? path : undefined;
    },
    remove: async (place) => {
      if ((await mountOf(files, mountPoint(place)))?.at === mountPoint(place))
        await needCommand(outside, "umount", [mountPoint(place)]);
      if ((await files.stat(mountPoint(place))) !== undefined) await files.removeFolder(mountPoint(place));
      const { group } = parse(place.note);
      const { lines, ok } = await runCommand(outside, "lvs", ["--noheadings", "-o", "lv_name", group]);
      const there = lines.some((line) => line.trim() === nameOf(place));
      if (there || !ok) await needCommand(outside, "lvremove", ["--yes", `${group}/${nameOf(place)}`]);
    },
  };
  return volumeProvider(manager);
}

function nameOf({ snapshotId }: SnapshotPlace): string {
  return `clubar-${snapshotId}`;
}

function parse(note: string): LogicalVolume {
  const [group = "", name = "", inside = "", type = ""] = note.split("\n");
  return { group, name, inside, type };
}

async function support(outside: CommandOutside, volume: string): Promise<Support> {
  const found = await find(outside, volume);
  if (typeof found === "string") return { supported: false, reason: found };
  const needed = await roomFor(outside, found.group, found.name);
  const [free = "0"] = await needCommand(outside, "vgs", [...plainNumbers, "-o", "vg_free", found.group]);
  if (Number(free) >= needed) return { supported: true };
  return { supported: false, reason: `group ${found.group} has ${free.trim()} bytes free and ${needed} are needed` };
}

const plainNumbers = ["--noheadings", "--units", "b", "--nosuffix"];

/** The logical volume of a folder, or why there is none. */
async function find(outside: CommandOutside, volume: string): Promise<LogicalVolume | string> {
  const mount = await mountOf(outside.files, volume);
  if (mount === undefined) return "the mounts can't be read";
  if (!mount.device.startsWith("/dev/")) return `${volume} is on ${mount.type}`;
  const { ok, lines, error } = await runCommand(outside, "lvs", [
    "--noheadings",
    "--separator",
    "\t",
    "-o",
    "vg_name,lv_name",
    mount.device,
  ]);
  if (!ok) return `${mount.device} is no logical volume (${error})`;
  const [group, name] = lines[0]?.trim().split("\t") ?? [];
  if (group === undefined || name === undefined) return `${mount.device} is no logical volume`;
  const below = volume.slice(mount.at === "/" ? 0 : mount.at.length);
  const inside = `${mount.root === "/" ? "" : mount.root}${below === "/" ? "" : below}`;
  return inside.includes("\n") ? "its path holds a line end" : { group, name, inside, type: mount.type };
}

/** In bytes, whole MiB. */
async function roomFor(outside: CommandOutside, group: string, name: string): Promise<number> {
  const [size = "0"] = await needCommand(outside, "lvs", [...plainNumbers, "-o", "lv_size", `${group}/${name}`]);
  const mebibyte = 1 << 20;
  return Math.max(16, Math.ceil(Number(size) / 10 / mebibyte)) * mebibyte;
}
