/**
 * The partitions of the block device under the quorum folder. RestoreClusterDatabase refuses a quorum disk whose number of
 * partitions or offsets differ from the backup's (facts §2.2); signature and drive letter do not count.
 */
import type { Files } from "../base/outside.ts";
import { failureOf } from "../base/failure-of.ts";

/** Offsets in bytes, ascending; or why nobody could look. */
export type DeviceLayout =
  | { readonly checked: true; readonly device: string; readonly partitions: readonly number[] }
  | { readonly checked: false; readonly why: string };

/** Looks at the device below a folder through /proc and /sys. Never fails: what can't be found out is not checked. */
export async function deviceLayout(files: Files, path: string): Promise<DeviceLayout> {
  try {
    const mount = mountOf(text(await files.read("/proc/self/mountinfo")), path);
    if (mount === undefined) return { checked: false, why: `no mount holds ${path}` };
    if (mount.device.startsWith("0:")) {
      return { checked: false, why: `${path} is on ${mount.type}, not on a block device` };
    }
    return await layoutOf(files, mount.device);
  } catch (error) {
    return { checked: false, why: `the device below ${path} could not be looked at: ${failureOf(error).happened}` };
  }
}

async function layoutOf(files: Files, device: string): Promise<DeviceLayout> {
  const own = `/sys/dev/block/${device}`;
  const names = await files.list(own);
  // A partition's folder lies in its disk's; the kernel resolves the link before the two dots.
  const disk = names.includes("partition") ? `${own}/..` : own;
  const partitions: number[] = [];
  for (const name of await files.list(disk)) {
    const start = await startOf(files, `${disk}/${name}`);
    if (start !== undefined) partitions.push(start);
  }
  return { checked: true, device, partitions: partitions.sort((a, b) => a - b) };
}

const sector = 512;

async function startOf(files: Files, folder: string): Promise<number | undefined> {
  if ((await files.stat(folder))?.kind !== "folder") return undefined;
  if ((await files.stat(`${folder}/partition`)) === undefined) return undefined;
  const start = /^(\d+)\s*$/.exec(text(await files.read(`${folder}/start`)))?.[1];
  if (start === undefined) throw new Error(`${folder}/start is no number`);
  return Number(start) * sector;
}

/** The mount whose point is the longest one above `path`; of two at one point the later covers the earlier. */
export function mountOf(
  mountinfo: string,
  path: string,
): { readonly device: string; readonly type: string } | undefined {
  let best: { readonly device: string; readonly type: string } | undefined;
  let longest = -1;
  for (const line of mountinfo.split("\n")) {
    const [fields = "", tail = ""] = line.split(" - ");
    const [, , device, , escaped] = fields.split(" ");
    if (device === undefined || escaped === undefined) continue;
    const point = escaped.replace(/\\([0-7]{3})/g, (_, octal: string) =>
      String.fromCharCode(Number.parseInt(octal, 8)),
    );
    const isAbove = point === "/" || path === point || path.startsWith(`${point}/`);
    if (!isAbove || point.length < longest) continue;
    longest = point.length;
    best = { device, type: tail.split(" ")[0] ?? "" };
  }
  return best;
}

function text(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}
