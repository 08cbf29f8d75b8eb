/** /proc/self/mountinfo (proc(5)): what is mounted where in this process's mount namespace. */
import type { Files } from "../base/outside.ts";

/** One mount. */
export interface Mount {
  /** `major:minor`. */
  readonly device: string;
  readonly point: string;
  /** Of the file system. */
  readonly type: string;
  /** "/dev/sdb1". */
  readonly source: string;
}

/** In the order of the table: of two at one point the later covers the earlier. */
export async function readMounts(files: Files): Promise<readonly Mount[]> {
  return mountsOf(new TextDecoder().decode(await files.read("/proc/self/mountinfo")));
}

/** Lines that are none are left out. */
export function mountsOf(mountinfo: string): readonly Mount[] {
  return mountinfo.split("\n").flatMap((line) => {
    const [fields = "", tail = ""] = line.split(" - ");
    const [, , device, , point] = fields.split(" ");
    const [type = "", source = ""] = tail.split(" ");
    if (device === undefined || point === undefined) return [];
    return [{ device, point: unescaped(point), type, source: unescaped(source) }];
  });
}

/** The mount whose point is the longest one above `path`; of two at one point the later covers the earlier. */
export function mountAbove(mounts: readonly Mount[], path: string): Mount | undefined {
  let best: Mount | undefined;
  for (const mount of mounts) {
    const { point } = mount;
    const isAbove = point === "/" || path === point || path.startsWith(`${point}/`);
    if (isAbove && point.length >= (best?.point.length ?? 0)) best = mount;
  }
  return best;
}

/** The topmost mount at exactly this place. */
export function mountAt(mounts: readonly Mount[], point: string): Mount | undefined {
  return mounts.findLast((mount) => mount.point === point);
}

function unescaped(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));
}
