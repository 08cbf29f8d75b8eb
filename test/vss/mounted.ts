/** File systems in image files, mounted for a test: what providers need that the machine's own file system has not. */
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const environment = { ...process.env, PATH: `${process.env["PATH"] ?? ""}:/usr/sbin:/sbin` };

export interface Mounted {
  readonly folder: string;
  unmount(): void;
}

/** Makes and mounts one; a text says why that is not possible here. */
export function mountImage(type: "btrfs" | "xfs"): Mounted | string {
  if (process.getuid?.() !== 0) return `mounting ${type} needs root`;
  const base = mkdtempSync(join(tmpdir(), "clubar-mount-"));
  const [image, folder] = [join(base, "image"), join(base, "folder")];
  mkdirSync(folder);
  writeFileSync(image, "");
  // The smallest that mkfs.xfs makes; a sparse file, so that it takes next to nothing.
  truncateSync(image, 320 << 20);
  const why = run(`mkfs.${type}`, ["-q", image]) ?? run("mount", ["-o", "loop", image, folder]);
  if (why !== undefined) {
    rmSync(base, { recursive: true, force: true });
    return why;
  }
  return {
    folder,
    unmount: () => {
      const failed = run("umount", [folder]);
      if (failed !== undefined) throw new Error(failed);
      rmSync(base, { recursive: true, force: true });
    },
  };
}

/** undefined when it worked. */
export function run(command: string, args: readonly string[]): string | undefined {
  const { status, error, stderr } = spawnSync(command, args, { env: environment, encoding: "utf8" });
  if (error !== undefined) return `${command} is not there`;
  return status === 0 ? undefined : `${command} failed: ${stderr.trim().split("\n", 1)[0]}`;
}

/** Why there can be no logical volumes here; undefined when there can. */
export function whyNoLvm(): string | undefined {
  if (process.getuid?.() !== 0) return "logical volumes need root";
  return run("lvm", ["version"]) ?? run("dmsetup", ["version"]);
}
