/** Directory checkpoints before online: what is there is compared with the version, and replaced as a whole. */
import { failureOf } from "../base/failure-of.ts";
import type { Failure } from "../base/errors.ts";
import type { Log } from "../base/log.ts";
import type { Checkpoint } from "./checkpoint.ts";
import type { Contents, Live } from "./content.ts";
import { type Entry, entryDigest } from "./directory-entry.ts";
import type { DirectoryPlacement } from "./directory-place.ts";
import type { Scan } from "./directory-scan.ts";
import { filterOf } from "./names.ts";

/** One directory checkpoint and what is in its place. */
export interface DirectoryItem {
  readonly checkpoint: Checkpoint;
  readonly entry: Entry;
  /** undefined: nothing, or it is the same. */
  readonly live: Scan | undefined;
  readonly isSame: boolean;
  /** Why it can't be put in place on this node. */
  readonly failure: Failure | undefined;
}

/** Reads what is in place; what can't be read, or not be replaced, says why. */
export async function compareDirectories(
  contents: Contents,
  stored: readonly { readonly checkpoint: Checkpoint; readonly content: Live }[],
): Promise<DirectoryItem[]> {
  const items: DirectoryItem[] = [];
  for (const { checkpoint, content } of stored) {
    if (content.kind !== "directory") continue;
    const { entry } = content;
    try {
      await contents.directories.check(checkpoint.path);
      // Compared some seconds ago, as a rule: then a failover need not read it all.
      const known = await contents.directories
        .digestIfKnown(checkpoint.path, filterOf(checkpoint))
        .catch(() => undefined);
      if (known !== undefined && known === digestOf(checkpoint, entry)) {
        items.push({ checkpoint, entry, live: undefined, isSame: true, failure: undefined });
        continue;
      }
      const live = await contents.directories.scanAll(checkpoint.path, filterOf(checkpoint));
      const isSame = live !== undefined && entryDigest(live.entry) === digestOf(checkpoint, entry);
      items.push({ checkpoint, entry, live, isSame, failure: undefined });
    } catch (error) {
      items.push({ checkpoint, entry, live: undefined, isSame: false, failure: failureOf(error) });
    }
  }
  return items;
}

function digestOf({ contentDigest }: Checkpoint, entry: Entry): string {
  return contentDigest === "" ? entryDigest(entry) : contentDigest;
}

/** Not yet put. */
export function placementOf(
  contents: Contents,
  resource: string,
  { checkpoint, entry, live }: DirectoryItem,
): DirectoryPlacement {
  const { path, number } = checkpoint;
  return contents.directories.placement(entry, live, { resource, path, number, filter: filterOf(checkpoint) });
}

/** The old ones go. What can't be removed is left for the next start: what is in place is the new. */
export async function finishAll(log: Log, placements: readonly DirectoryPlacement[]): Promise<void> {
  for (const placement of placements) {
    await placement.finish().catch((error: unknown) => {
      log.warn("what a directory checkpoint replaced could not be removed; it is at the next start", { error });
    });
  }
}
