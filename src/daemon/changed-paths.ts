/** Which keys of the registry a change touched. */
import { diff } from "../tree/diff.ts";
import type { Key } from "../tree/key.ts";
import { foldName, splitPath } from "../tree/path.ts";

/** Changed keys up to which checkpoints are waited for one by one. */
const pathsMax = 64;

/**
 * Keys that differ, below HKLM; undefined when there are too many to look at one by one.
 * The cluster database shown under `Cluster` goes its own way and changes at any time: no checkpoint can lie in it.
 */
export function changedPaths(before: Key, after: Key): readonly string[] | undefined {
  const paths = new Set<string>();
  for (const { path } of diff(before, after)) {
    if (foldName(splitPath(path)[0] ?? "") === "CLUSTER") continue;
    paths.add(path);
    if (paths.size > pathsMax) return undefined;
  }
  return [...paths];
}
