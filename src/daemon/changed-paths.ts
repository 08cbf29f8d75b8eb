/** Which keys of the registry a change touched. */
import { diff } from "../tree/diff.ts";
import type { Key } from "../tree/key.ts";

/** Changed keys up to which checkpoints are waited for one by one. */
const pathsMax = 64;

/** Keys that differ, below HKLM; undefined when there are too many to look at one by one. */
export function changedPaths(before: Key, after: Key): readonly string[] | undefined {
  const paths = new Set<string>();
  for (const { path } of diff(before, after)) {
    paths.add(path);
    if (paths.size > pathsMax) return undefined;
  }
  return [...paths];
}
