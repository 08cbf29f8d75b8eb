/**
 * `restore.lock` in a quorum folder: whoever puts another generation in force there holds it. It holds the id of the plan that was begun
 * last, by which the folder is known again: a mount point without its disk does not have it.
 */
import { createFileDurably, makeFolderDurably } from "../../base/durable.ts";
import { fail } from "../../base/errors.ts";
import type { Files } from "../../base/outside.ts";
import { readIfThere } from "../../base/read-if-there.ts";
import { noCluster } from "../rules.ts";
import { hasCode } from "./place.ts";

/** Held until `release`, or until the process ends. */
export interface PlaceLock {
  /** Writes a plan's id into it, durably. */
  claim(plan: string): Promise<void>;
  release(): Promise<void>;
}

/** With "make" the folder is made when it is not there; otherwise QUORUM_DISK_NOT_FOUND. BUSY while somebody else holds it. */
export async function lockPlace(files: Files, place: string, how: "make" | "existing"): Promise<PlaceLock> {
  const path = `${place}/restore.lock`;
  if (how === "existing" && (await files.stat(place)) === undefined) throw noCluster(place);
  if ((await files.stat(path)) === undefined) {
    if (how === "make") await makeFolderDurably(files, place);
    // The file stays for ever: taking it away would let two hold a lock of the same name.
    await createFileDurably(files, path, new Uint8Array(), 0o600).catch((error: unknown) => {
      if (!hasCode(error, "EEXIST")) throw error;
    });
  }
  const handle = await files.open(path, "update");
  if (!(await handle.lock())) {
    await handle.close();
    throw fail("BUSY", {
      happened: `Another node restores into the quorum ${place}, or moves it.`,
      unchanged: "Nothing was changed.",
      next: "Wait for it to end, then plan again.",
    });
  }
  return {
    claim: async (plan) => {
      await handle.truncate(0);
      await handle.write(new TextEncoder().encode(`${plan}\n`), 0);
      await handle.sync();
    },
    release: () => handle.close(),
  };
}

/** The plan that was begun last in this folder; undefined when there is none, or it is not the folder. */
export async function claimedPlan(files: Files, place: string): Promise<string | undefined> {
  const bytes = await readIfThere(files, `${place}/restore.lock`);
  return bytes === undefined ? undefined : /^([0-9a-f-]{36})\n/.exec(new TextDecoder().decode(bytes))?.[1];
}
