/**
 * The partitions of the block device under the quorum folder. RestoreClusterDatabase refuses a quorum disk whose number of
 * partitions or offsets differ from the backup's (facts §2.2); signature and drive letter do not count.
 */
import type { Files } from "../base/outside.ts";
import { failureOf } from "../base/failure-of.ts";
import { diskFolder, kernelPartitions } from "../disks/kernel-partitions.ts";
import { mountAbove, readMounts } from "../disks/mount-table.ts";

/** Offsets in bytes, ascending; or why nobody could look. */
export type DeviceLayout =
  | { readonly checked: true; readonly device: string; readonly partitions: readonly number[] }
  | { readonly checked: false; readonly why: string };

/** Looks at the device below a folder, as the kernel knows it. Never fails: what can't be found out is not checked. */
export async function deviceLayout(files: Files, path: string): Promise<DeviceLayout> {
  if (!path.startsWith("/")) return { checked: false, why: "the quorum is on no device of this node" };
  try {
    const mount = mountAbove(await readMounts(files), path);
    if (mount === undefined) return { checked: false, why: `no mount holds ${path}` };
    const { device, type } = mount;
    if (device.startsWith("0:")) return { checked: false, why: `${path} is on ${type}, not on a block device` };
    const partitions = await kernelPartitions(files, await diskFolder(files, device));
    return { checked: true, device, partitions: partitions.map(({ offset }) => offset) };
  } catch (error) {
    return { checked: false, why: `the device below ${path} could not be looked at: ${failureOf(error).happened}` };
  }
}
