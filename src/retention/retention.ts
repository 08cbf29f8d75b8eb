/** Clearing away what clubar keeps beside what is in force, by one rule (docs/manual/retention.md). The interface of this folder. */
import { removeTree } from "../backup/backup.ts";
import { folderOf } from "../base/durable.ts";
import { fail, type Failure } from "../base/errors.ts";
import { failureOf } from "../base/failure-of.ts";
import type { Files } from "../base/outside.ts";
import { lockNodeRestore, restoreThatWaits, takeLocks } from "../restore/restore.ts";
import { findValue, type Key } from "../tree/key.ts";
import { dwordOf } from "../tree/value.ts";
import { type KeptPlaces, lookAtKept, removing } from "./look.ts";
import { type Judged, judgeKept, type RetentionRule } from "./rule.ts";

export type { KeptPlaces } from "./look.ts";
export type { Judged } from "./rule.ts";

/** What would go and what stays. */
export interface PrunePlan {
  readonly rule: RetentionRule;
  readonly things: readonly Judged[];
}

/** How it ended. */
export interface PruneResult {
  readonly removed: readonly Judged[];
  /** What could not be removed, and why. */
  readonly failed: readonly { readonly path: string; readonly why: string }[];
}

/** The cluster's properties RetentionCount and RetentionDays; a person may say otherwise for once. */
export function ruleOf(tree: Key, asked: Partial<RetentionRule>): RetentionRule {
  return {
    keep: asked.keep ?? dwordOf(findValue(tree, "", "RetentionCount")) ?? 5,
    days: asked.days ?? dwordOf(findValue(tree, "", "RetentionDays")) ?? 30,
  };
}

/**
 * The dry run. INVALID_STATE while a restore waits or is unfinished, and when the database in force can't be read: then what is kept may be
 * all that is left.
 */
export async function planPrune(places: KeptPlaces, asked: Partial<RetentionRule> = {}): Promise<PrunePlan> {
  const waiting = await restoreThatWaits(places.outside.files, places.data);
  if (waiting !== undefined) throw refused(waiting.sentence, waiting.next);
  const { kept, tree, why } = await lookAtKept(places);
  if (tree === undefined) {
    throw refused(
      `The cluster database in the quorum can't be read (${why}), so nobody can say what is still needed.`,
      "Look with `clubar doctor`; clear up when the cluster is whole.",
    );
  }
  const rule = ruleOf(tree, asked);
  return { rule, things: judgeKept(kept, rule, places.outside.clock.wall()) };
}

/** Removes what the plan says and a new look at it still says. May be cut off anywhere: the next one goes on. BUSY while a restore runs. */
export async function prune(places: KeptPlaces, agreed: PrunePlan): Promise<PruneResult> {
  const { outside, data, quorum } = places;
  const node = await lockNodeRestore(outside.files, data);
  try {
    const locks = await takeLocks(outside.files, data, quorum);
    try {
      return await pruneLocked(places, agreed);
    } finally {
      await locks.release();
    }
  } finally {
    await node.close();
  }
}

async function pruneLocked(places: KeptPlaces, agreed: PrunePlan): Promise<PruneResult> {
  const { files } = places.outside;
  const agreedPaths = new Set(agreed.things.filter(({ stays }) => stays === undefined).map(({ path }) => path));
  const { things } = await planPrune(places, agreed.rule);
  const removed: Judged[] = [];
  const failed: { path: string; why: string }[] = [];
  for (const one of things) {
    if (one.stays !== undefined || !agreedPaths.has(one.path)) continue;
    try {
      await remove(files, one);
      removed.push(one);
    } catch (error) {
      failed.push({ path: one.path, why: failureOf(error).happened });
    }
  }
  return { removed, failed };
}

/** At every moment the thing is whole, or nobody takes it for one. */
async function remove(files: Files, { kind, path }: Judged): Promise<void> {
  const parent = folderOf(path);
  if (kind === "loser" || kind === "aside") {
    await files.unlink(path);
    await files.syncFolder(parent);
    await files.unlink(`${path}.json`);
    return files.syncFolder(parent);
  }
  if (kind === "diverged") {
    await files.unlink(path);
    return files.syncFolder(parent);
  }
  if (kind === "generation") {
    // Without it a folder counts as never finished.
    await files.unlink(`${path}/quorum.json`);
    await files.syncFolder(path);
    return removeTree(files, path);
  }
  if (kind === "leftover")
    return (await files.stat(path))?.kind === "folder" ? removeTree(files, path) : files.unlink(path);
  const going = `${parent}/${removing}${path.slice(parent.length + 1)}`;
  await files.rename(path, going);
  await files.syncFolder(parent);
  await removeTree(files, going);
}

function refused(happened: string, next: string): Failure {
  return fail("INVALID_STATE", { happened, unchanged: "Nothing was removed.", next });
}
