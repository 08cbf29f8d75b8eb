/** Notices that the data folder went away under a running service, whose registry, keys and copy of the database it then keeps nowhere. */
import { fail, type Failure } from "../base/errors.ts";
import type { Outside } from "../base/outside.ts";

/** How often the folder is looked at, in milliseconds. */
const pause = 2000;

/** Ends with `signal`; resolves with what happened when the node's record is gone or is another file than at the beginning. */
export async function watchDataFolder(
  { files, timers }: Pick<Outside, "files" | "timers">,
  data: string,
  signal: AbortSignal,
): Promise<Failure | undefined> {
  const inodeNow = async (): Promise<bigint | undefined> => (await files.stat(data))?.inode;
  const first = await inodeNow();
  while (!signal.aborted) {
    await timers.sleep(pause, signal);
    if (signal.aborted) return undefined;
    const record = await files.stat(`${data}/node.json`).catch(() => null);
    // A look that failed tells nothing.
    if (record === null || (record !== undefined && (await inodeNow()) === first)) continue;
    return fail("CLUSTER_NOT_INSTALLED", {
      happened: `The data folder ${data} was taken away or replaced under the running service.`,
      unchanged:
        "The cluster's database and the checkpoints are in the quorum; this node's registry and keys were in that folder.",
      next:
        "Put the folder back from a copy and start the service; or evict this node on another one, and join again with an " +
        "empty folder.",
    });
  }
  return undefined;
}
