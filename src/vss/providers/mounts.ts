/** Which device a folder is on, from /proc/self/mountinfo (proc_pid_mountinfo(5)). */
import type { Files } from "../../base/outside.ts";

/** A mount: where, of what, and which folder of the file system is shown there. */
export interface Mount {
  readonly at: string;
  readonly device: string;
  readonly type: string;
  /** "/" unless it is a bind mount. */
  readonly root: string;
}

/** The mount that a path is in; undefined where there is no such list. */
export async function mountOf(files: Files, path: string): Promise<Mount | undefined> {
  let text: string;
  try {
    text = new TextDecoder().decode(await files.read("/proc/self/mountinfo"));
  } catch {
    return undefined;
  }
  return parseMounts(text)
    .filter(({ at }) => at === "/" || path === at || path.startsWith(`${at}/`))
    .toSorted((a, b) => b.at.length - a.at.length)[0];
}

/** Newest mounts first, so that one that hides another is found. */
export function parseMounts(text: string): readonly Mount[] {
  const mounts = text.split("\n").flatMap((line): Mount[] => {
    const [before, after] = line.split(" - ");
    const [, , , root, at] = before?.split(" ") ?? [];
    const [type, device] = after?.split(" ") ?? [];
    if (root === undefined || at === undefined || type === undefined || device === undefined) return [];
    return [{ at: plain(at), device: plain(device), type, root: plain(root) }];
  });
  return mounts.toReversed();
}

/** Spaces, tabs, line ends and backslashes are octal. */
function plain(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));
}
