/** What is in the quorum folder now, for the plan and again right before the switch. */
import { sha256OfChunks } from "../base/digest.ts";
import { Failure } from "../base/errors.ts";
import { failureOf } from "../base/failure-of.ts";
import type { Files, Outside } from "../base/outside.ts";
import { replay } from "../membership/copy-image.ts";
import { generationInForce, generationNames, openQuorum } from "../quorum/open.ts";
import type { ClusterIdentity, Quorum } from "../quorum/quorum.ts";
import type { Tag } from "../quorum/tag.ts";
import { contentDigest } from "../tree/content.ts";
import type { Key } from "../tree/key.ts";
import { configurationOf } from "./restored-tree.ts";

/** A quorum folder as it was found. */
export type Present =
  | { readonly state: "none" }
  | { readonly state: "unreadable"; readonly why: string }
  | {
      readonly state: "readable";
      readonly quorum: Quorum;
      readonly identity: ClusterIdentity;
      readonly tag: Tag;
      readonly tree: Key;
      /** Of the configuration: states and owners may change while a restore goes on. */
      readonly contentDigest: string;
    };

type DiskOutside = Pick<Outside, "files" | "random">;

/**
 * Reads the newest state; `data` is the node's folder, without which sealed versions can't be read.
 * ACCESS_DENIED and INVALID_PARAMETER (a shared file system) are no damage and reject.
 */
export async function readPresent(
  outside: DiskOutside,
  place: string,
  insist: boolean,
  data?: string,
): Promise<Present> {
  try {
    const quorum = await openQuorum(outside, place, { insist, data });
    const identity = await quorum.identity();
    if (identity === undefined) {
      const names = await generationNames(outside.files, place);
      if (names.length === 0) return { state: "none" };
      return { state: "unreadable", why: `${place} has generation folders, but none of them is in force` };
    }
    const { tree, tag } = replay(await quorum.load());
    return {
      state: "readable",
      quorum,
      identity,
      tag,
      tree,
      contentDigest: contentDigest(configurationOf(tree), sha256OfChunks),
    };
  } catch (error) {
    const failure = failureOf(error);
    if (failure.name === "ACCESS_DENIED" || failure.name === "INVALID_PARAMETER") throw failure;
    return { state: "unreadable", why: failure.happened };
  }
}

/** The highest generation that a folder was ever begun for; 0 when there is none. */
export async function highestGeneration(files: Files, place: string): Promise<number> {
  const numbers = (await generationNames(files, place)).map((name) => Number.parseInt(name, 10));
  return Math.max(0, ...numbers.filter(Number.isSafeInteger));
}

/** The name of the generation in force; undefined when there is none, "damaged" when the file that names it is. */
export async function inForce(files: Files, place: string): Promise<string | undefined> {
  try {
    return await generationInForce(files, place);
  } catch (error) {
    if (error instanceof Failure && error.name === "CLUSTERLOG_CORRUPT") return "damaged";
    throw error;
  }
}
