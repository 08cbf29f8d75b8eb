/** What a failed backup leaves: the old set or the new one, never a part. */
import type { Files } from "../base/outside.ts";
import { closeWorkspace, readSwap, type SwapLayout, type Workspace } from "./swap.ts";

/** What a backup that fails before its set counts has not changed. */
export const untouched = "No set was made; one that was there is as it was.";

/** Removes what was written, unless the new set counts already, and a folder that `isNew`. Returns what became of the old set. */
export async function cleanUp(
  files: Files,
  path: string,
  workspace: Workspace | undefined,
  { isNew, layout }: { readonly isNew: boolean; readonly layout?: SwapLayout },
): Promise<string> {
  if (workspace !== undefined) {
    // When even that can't be read, nothing may be removed.
    const decided = await readSwap(files, path, layout).then(
      (swap) => swap?.id === workspace.id,
      () => true,
    );
    if (decided) {
      await workspace.lock.close().catch(() => undefined);
      return "The new set is complete and counts; the next backup there puts the rest of its files in place.";
    }
    await closeWorkspace(files, workspace).catch(() => undefined);
  }
  if (isNew) await files.removeFolder(path).catch(() => undefined);
  return untouched;
}
