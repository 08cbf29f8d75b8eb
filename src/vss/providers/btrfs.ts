/** Read-only snapshots of btrfs subvolumes. */
import type { SnapshotPlace, Support, VssProvider } from "../provider.ts";
import { needCommand, runCommand, type CommandOutside } from "./command.ts";
import { volumeProvider, type VolumeManager } from "./volume-provider.ts";

/** The btrfs provider. */
export const btrfsProviderId = "5d3a8f0c-6c1e-4d0b-9a51-2f6f7f3c0a03";

/** Every root of a subvolume has this inode number (linux/btrfs_tree.h: BTRFS_FIRST_FREE_OBJECTID). */
const subvolumeInode = 256n;
/** In the root of the subvolume: a snapshot must be in the file system that it is of, and a snapshot leaves other snapshots out. */
const folderName = ".clubar-shadow-copies";

/** A snapshot is of the whole subvolume that the folder is in; subvolumes below it are empty folders in it. Needs `btrfs` and root. */
export function createBtrfsProvider(outside: CommandOutside): VssProvider {
  const { files } = outside;
  const support = async (volume: string): Promise<Support> => {
    const type = await files.fileSystem(volume);
    if (type !== "btrfs") return { supported: false, reason: `${volume} is on ${type}` };
    const root = await subvolumeOf(outside, volume);
    if (root === undefined) return { supported: false, reason: `${volume} is in no subvolume that can be found` };
    if (volume.startsWith(`${root}/${folderName}`))
      return { supported: false, reason: `${volume} lies among the shadow copies` };
    const { ok, error } = await runCommand(outside, "btrfs", ["subvolume", "show", root]);
    return ok ? { supported: true } : { supported: false, reason: error };
  };
  const pathOf = ({ note, snapshotId }: SnapshotPlace): string => `${note}/${folderName}/${snapshotId}`;
  const manager: VolumeManager = {
    providerId: btrfsProviderId,
    name: "clubar btrfs",
    isVolumeSupported: support,
    note: async (volume) => (await subvolumeOf(outside, volume)) ?? volume,
    flush: async ({ note }) => {
      await needCommand(outside, "btrfs", ["filesystem", "sync", note]);
    },
    make: async (place) => {
      await files.makeFolder(`${place.note}/${folderName}`);
      await needCommand(outside, "btrfs", ["subvolume", "snapshot", "-r", place.note, pathOf(place)]);
    },
    finish: async ({ note }) => {
      await needCommand(outside, "btrfs", ["filesystem", "sync", note]);
    },
    find: async (place) => {
      const inside = place.volume.slice(place.note === "/" ? 0 : place.note.length);
      const path = `${pathOf(place)}${inside}`;
      return (await files.stat(path))?.kind === "folder" ? path : undefined;
    },
    remove: async (place) => {
      const path = pathOf(place);
      if ((await files.stat(path)) === undefined) return;
      await needCommand(outside, "btrfs", ["subvolume", "delete", "--commit-after", path]);
    },
  };
  return volumeProvider(manager);
}

async function subvolumeOf({ files }: CommandOutside, volume: string): Promise<string | undefined> {
  for (let at = volume; ; at = at.slice(0, at.lastIndexOf("/")) || "/") {
    const stat = await files.stat(at);
    if (stat?.inode === subvolumeInode && (await files.fileSystem(at)) === "btrfs") return at;
    if (at === "/") return undefined;
  }
}
