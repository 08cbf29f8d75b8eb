/**
 * What file systems an agent's `stop` takes away, and whether they are gone then. An agent looks at the machine's mounts only: a copy in
 * another mount namespace, or an unmount that is lazy, keeps the device in use, and another node could mount it besides.
 */
import { fail } from "../../base/errors.ts";
import { OutsideError } from "../../base/outside.ts";
import { deviceInUse } from "../../disks/linux-disks.ts";
import { readMounts } from "../../disks/mount-table.ts";
import { bootId } from "../application-record.ts";
import { readText } from "../process-table.ts";
import type { ResourceContext } from "../resource-type.ts";

/** For the next host of the node, and for this kernel's life, so unsynced: devices of another boot are others. */
async function fileOf({ folder, outside }: ResourceContext): Promise<string> {
  return `${folder}/ocf-devices.${await bootId(outside.files)}`;
}

/** Before `stop`: notes the devices whose file systems are mounted at or below a path that a parameter names. */
export async function noteDevices(context: ResourceContext): Promise<void> {
  const { files } = context.outside;
  const devices = await devicesBelow(context);
  if (devices.length === 0) return;
  const path = await fileOf(context);
  const before = await notedIn(context, path);
  const added = [...new Set(devices)].filter((device) => !before.includes(device));
  if (added.length === 0) return;
  const file = await files.open(path, "append");
  try {
    await file.write(new TextEncoder().encode(added.map((device) => `${device}\n`).join("")));
  } finally {
    await file.close();
  }
}

/**
 * After `stop`: forgets them.
 * @throws BUSY when one that the machine does not show as mounted any more is in use all the same
 */
export async function forgetDevices(context: ResourceContext): Promise<void> {
  const { files } = context.outside;
  const path = await fileOf(context);
  const devices = await notedIn(context, path);
  if (devices.length === 0) return;
  const shown = new Set((await readMounts(files)).map(({ source }) => source));
  for (const device of devices) {
    if (shown.has(device) || !(await isHeld(context, device))) continue;
    throw fail("BUSY", {
      happened:
        `${context.resource.name}: its agent has stopped, but ${device} is still in use: ` +
        "another mount namespace has it, or it was unmounted lazily.",
      unchanged: "Nobody else gets the file system.",
      next: `Find who has it (grep -l ${device} /proc/[0-9]*/mountinfo) and end that.`,
    });
  }
  await files.unlink(path);
}

async function notedIn({ outside }: ResourceContext, path: string): Promise<readonly string[]> {
  return (await readText(outside.files, path)).split("\n").filter((line) => line !== "");
}

async function devicesBelow({ outside, resource }: ResourceContext): Promise<readonly string[]> {
  const { files } = outside;
  const named = [...resource.parameters.asTexts()].map(([, text]) => text).filter((text) => /^\/+[^/]/.test(text));
  if (named.length === 0) return [];
  const paths = await Promise.all(named.map((path) => files.realPath(path).catch(() => path)));
  const mounts = await readMounts(files);
  return mounts
    .filter(({ source }) => source.startsWith("/dev/"))
    .filter(({ point }) => paths.some((path) => `${point}/`.startsWith(`${path}/`)))
    .map(({ source }) => source);
}

const mayNot: readonly string[] = ["EACCES", "EPERM"];

/** Who may not ask the kernel could not have mounted it either. */
async function isHeld({ outside }: ResourceContext, device: string): Promise<boolean> {
  try {
    return (await deviceInUse(outside.files, device)) !== undefined;
  } catch (error) {
    if (error instanceof OutsideError && mayNot.includes(error.code)) return false;
    throw error;
  }
}
