/** What putting the newest versions in place changes in a registry. Pure. */
import { applyEdits, type Edit } from "../tree/edit.ts";
import { findKey, type Key } from "../tree/key.ts";
import { foldName, splitPath } from "../tree/path.ts";
import type { Checkpoint } from "./checkpoint.ts";
import { isAtOrBelow, samePath } from "./names.ts";

/** A checkpoint and the key tree that its newest version holds. */
export interface RegistryItem {
  readonly checkpoint: Checkpoint;
  readonly tree: Key;
}

/** One subtree that differs. */
export interface Placement {
  readonly path: string;
  readonly put: Edit;
  /** Brings back what is there now. */
  readonly undo: Edit;
}

/** What has to be written so that every checkpoint is in place. */
export interface RegistryPlan {
  /** By hive: one transaction each. */
  readonly hives: readonly (readonly Placement[])[];
  /** Checkpoints that are in place already, and those that are not. */
  readonly equal: readonly Checkpoint[];
  readonly placed: readonly Checkpoint[];
}

/**
 * Of checkpoints that overlap the newer one wins where they differ: it was captured later and saw what the other one holds.
 * `equal` tells whether a live key and a wanted one are the same content.
 */
export function planRegistry(
  root: Key,
  items: readonly RegistryItem[],
  equal: (live: Key, wanted: Key) => boolean,
): RegistryPlan {
  const inOrder = items.toSorted((a, b) => a.checkpoint.number - b.checkpoint.number);
  const puts = inOrder.map(({ checkpoint, tree }): Edit => ({ kind: "put-tree", path: checkpoint.path, tree }));
  const target = applyEdits(root, puts, 0n);
  const hives = new Map<string, Placement[]>();
  for (const { path } of topmost(inOrder)) {
    const live = findKey(root, path);
    const wanted = findKey(target, path);
    if (wanted === undefined || (live !== undefined && equal(live, wanted))) continue;
    const hive = foldName(splitPath(path)[0] ?? "");
    const undo: Edit = live === undefined ? { kind: "delete-key", path } : { kind: "put-tree", path, tree: live };
    hives.set(hive, [...(hives.get(hive) ?? []), { path, put: { kind: "put-tree", path, tree: wanted }, undo }]);
  }
  const different = [...hives.values()].flat();
  const isPlaced = (one: Checkpoint): boolean => different.some(({ path }) => isAtOrBelow(one.path, path));
  const all = inOrder.map(({ checkpoint }) => checkpoint);
  return { hives: [...hives.values()], equal: all.filter((one) => !isPlaced(one)), placed: all.filter(isPlaced) };
}

function topmost(items: readonly RegistryItem[]): Checkpoint[] {
  const paths = items.map(({ checkpoint }) => checkpoint);
  return paths.filter(
    (one) => !paths.some((other) => isAtOrBelow(one.path, other.path) && !samePath("registry", one.path, other.path)),
  );
}
