/** What is special about adding and reverting a directory checkpoint. */
import { fail } from "../base/errors.ts";
import type { Log } from "../base/log.ts";
import type { AddOptions, Checkpoint } from "./checkpoint.ts";
import type { Live, Source } from "./content.ts";
import type { Directories } from "./directory.ts";
import type { Entry } from "./directory-entry.ts";
import { checkFilter } from "./directory-filter.ts";
import { type CheckpointKind, filterOf } from "./names.ts";
import { finishAll } from "./restore-directories.ts";

/** INVALID_PARAMETER for a filter that can't be, or that is not a directory's. */
export function sourceToAdd(kind: CheckpointKind, path: string, { filter }: AddOptions): Source {
  if (kind === "directory") return { kind, path, filter: checkFilter(filter ?? {}) };
  if (filter === undefined) return { kind, path };
  throw fail("INVALID_PARAMETER", {
    happened: "Only a directory checkpoint takes patterns and a size.",
    unchanged: "Nothing was changed.",
    next: "Leave them out.",
  });
}

const mostNamed = 10;

/** A sentence for each reason for which something is not taken. */
export function notesOf(live: Live): readonly string[] {
  if (live.kind !== "directory") return [];
  const reasons = [...new Set(live.left.map(({ why }) => why))];
  return reasons.map((why) => {
    const paths = live.left.filter((one) => one.why === why).map(({ path }) => path);
    const more = paths.length > mostNamed ? ` and ${paths.length - mostNamed} more` : "";
    return `Not taken (${why}): ${paths.slice(0, mostNamed).join(", ")}${more}.`;
  });
}

/** Puts an older version in place while the resource is online; the files of a program change under it. */
export async function putReverted(
  directories: Directories,
  log: Log,
  resource: string,
  checkpoint: Checkpoint,
  entry: Entry,
): Promise<void> {
  const { path, number } = checkpoint;
  const filter = filterOf(checkpoint);
  await directories.check(path);
  const live = await directories.scanAll(path, filter);
  const placement = directories.placement(entry, live, { resource, path, number, filter });
  await placement.put();
  await finishAll(log, [placement]);
}
