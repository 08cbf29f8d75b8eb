/** What the kernel knows of a disk's partitions (/sys, Documentation/ABI/stable/sysfs-block): no right to read the disk is needed. */
import type { Files } from "../base/outside.ts";

/** A partition that the kernel made a device of; in bytes. */
export interface KernelPartition {
  /** "sdb1". */
  readonly name: string;
  readonly offset: number;
  readonly size: number;
}

/** The unit of /sys, whatever the disk's sector is. */
const unit = 512;

/** Of the disk with this folder below /sys; ascending by offset. */
export async function kernelPartitions(files: Files, disk: string): Promise<readonly KernelPartition[]> {
  const found: KernelPartition[] = [];
  for (const name of await files.list(disk)) {
    const folder = `${disk}/${name}`;
    if ((await files.stat(folder))?.kind !== "folder") continue;
    if ((await files.stat(`${folder}/partition`)) === undefined) continue;
    const size = (await files.stat(`${folder}/size`)) === undefined ? 0 : await numberIn(files, `${folder}/size`);
    found.push({ name, offset: (await numberIn(files, `${folder}/start`)) * unit, size: size * unit });
  }
  return found.sort((a, b) => a.offset - b.offset);
}

/** The folder below /sys of the disk that a device (`major:minor`) is, or is a partition of. */
export async function diskFolder(files: Files, device: string): Promise<string> {
  const own = `/sys/dev/block/${device}`;
  // A partition's folder lies in its disk's; the kernel resolves the link before the two dots.
  return (await files.list(own)).includes("partition") ? `${own}/..` : own;
}

/** @throws when the file does not hold a decimal number */
export async function numberIn(files: Files, path: string): Promise<number> {
  const text = /^(\d+)\s*$/.exec(new TextDecoder().decode(await files.read(path)))?.[1];
  if (text === undefined) throw new Error(`${path} is no number`);
  return Number(text);
}
