import type { Outside } from "../base/outside.ts";
import type { Disks } from "./disks.ts";
import { imageMounts, openImageDisks } from "./image-disks.ts";
import { openLinuxDisks } from "./linux-disks.ts";

/** The disks of this machine; with `images`, the disk images in that folder stand for them (demonstrations, tests). */
export async function openDisks(outside: Outside, images: string | undefined): Promise<Disks> {
  return images === undefined ? openLinuxDisks(outside) : openImageDisks(outside, images, await imageMounts(outside));
}
