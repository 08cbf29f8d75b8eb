/**
 * A program's container has mounts of its own, for its /proc. They follow the machine's only where those are shared
 * (mount_namespaces(7), "Shared subtrees"). systemd shares all at boot; elsewhere `/` is private, and a container would keep a file system
 * that is unmounted on the machine, and not see one that is mounted there later.
 */
import { failureOf } from "../base/failure-of.ts";
import type { Outside } from "../base/outside.ts";
import { runProgram } from "../disks/gated.ts";
import type { Containment } from "./containment.ts";
import { readText } from "./process-table.ts";

type Contained = Pick<Containment, "unshare">;

/** Whether what is mounted and unmounted on the machine is so in every container from now on. */
export async function mountsFollow({ files }: Pick<Outside, "files">, { unshare }: Contained): Promise<boolean> {
  return unshare?.includes("--mount") !== true || (await isRootShared(files));
}

/**
 * Shares the machine's mounts, as systemd does at boot, where the containers of this process need it and it may; before any container is
 * made. `mayShare`: whoever started it has nothing against it. Never rejects. The sentence is for `status`; undefined: nothing was to be
 * done.
 */
export async function shareMounts(
  outside: Outside,
  contained: Contained,
  mayShare: boolean,
): Promise<{ readonly isShared: boolean; readonly sentence: string } | undefined> {
  if (await mountsFollow(outside, contained)) return undefined;
  let why = "CLUBAR_SHARE_MOUNTS is no";
  if (mayShare) {
    try {
      await runProgram(outside, ["mount", "--make-rshared", "/"]);
      if (await mountsFollow(outside, contained))
        return { isShared: true, sentence: "/ was no shared mount here; this host made it one, as systemd does." };
      why = "it stayed private";
    } catch (error) {
      why = failureOf(error).happened.replace(/\.$/, "");
    }
  }
  const sentence =
    `/ is no shared mount here (${why}), so an application keeps what was mounted when it began: ` +
    "`mount --make-rshared /` before the service.";
  return { isShared: false, sentence };
}

/** proc(5), optional fields of mountinfo: "shared:N". True where it can't be told. */
export async function isRootShared(files: Outside["files"]): Promise<boolean> {
  const lines = (await readText(files, "/proc/self/mountinfo").catch(() => "")).split("\n");
  const root = lines.findLast((line) => line.split(" ")[4] === "/");
  return root === undefined || / shared:\d+ /.test(root);
}
