/** Which file system a partition holds, by its magic number (each one's on-disk format; util-linux' libblkid knows the same). */
import type { ReadAt } from "./partition.ts";

interface Magic {
  readonly name: string;
  /** Byte of the partition at which it stands. */
  readonly at: number;
  readonly bytes: readonly number[];
}

const text = (characters: string): readonly number[] => Array.from(new TextEncoder().encode(characters));

const magics: readonly Magic[] = [
  { name: "xfs", at: 0, bytes: text("XFSB") },
  { name: "ntfs", at: 3, bytes: text("NTFS    ") },
  { name: "exfat", at: 3, bytes: text("EXFAT   ") },
  { name: "vfat", at: 82, bytes: text("FAT32   ") },
  { name: "vfat", at: 54, bytes: text("FAT1") },
  { name: "lvm", at: 512, bytes: text("LABELONE") },
  { name: "luks", at: 0, bytes: text("LUKS") },
  { name: "ext", at: 1080, bytes: [0x53, 0xef] },
  { name: "f2fs", at: 1024, bytes: [0x10, 0x20, 0xf5, 0xf2] },
  { name: "swap", at: 4086, bytes: text("SWAPSPACE2") },
  { name: "btrfs", at: 65600, bytes: text("_BHRfS_M") },
];

/** "ext" is ext2, ext3 or ext4; undefined when it is none of those that are known here. @param from first byte of the partition */
export async function fileSystemAt(read: ReadAt, from: number): Promise<string | undefined> {
  for (const { name, at, bytes } of magics) {
    const found = await read(from + at, bytes.length);
    if (found.length === bytes.length && bytes.every((byte, index) => byte === found[index])) return name;
  }
  return undefined;
}
