/**
 * What may be left out when a resource comes online (CheckpointFailureAction): with a lost file the node that has the newest settings
 * goes on with those; 2 goes on anywhere with what is there, as WSFC does (events 1024 and 1121, facts §3.3).
 */
import type { Failure } from "../base/errors.ts";
import { failureOf } from "../base/failure-of.ts";
import { checkpointFailureAction } from "../database/checkpoint-state.ts";
import type { Checkpoint, FileState, Skipped } from "./checkpoint.ts";
import type { Contents } from "./content.ts";
import { titleOf } from "./names.ts";
import type { ResourceRecords } from "./records.ts";

/** A version that could not be read before online. */
export interface Unread {
  readonly checkpoint: Checkpoint;
  readonly state: FileState;
  readonly failure: Failure;
}

/** Which of the unread versions are left out; undefined when the resource must not come online. */
export async function skipUnread(
  contents: Contents,
  records: ResourceRecords,
  self: string,
  unread: readonly Unread[],
): Promise<readonly Skipped[] | undefined> {
  if (records.failureAction === checkpointFailureAction.stayOffline) return undefined;
  if (records.failureAction === checkpointFailureAction.onlineAnyway) {
    return unread.map(({ checkpoint, failure }) => skippedFor(checkpoint, failure));
  }
  if (records.lastOwner !== self || unread.some(({ state }) => state === "not read")) return undefined;
  const skipped: Skipped[] = [];
  for (const { checkpoint, failure } of unread) {
    if (!(await isLive(contents, checkpoint))) return undefined;
    skipped.push(skippedFor(checkpoint, failure));
  }
  return skipped;
}

/** One that is left as it is. */
export function skippedFor(checkpoint: Checkpoint, failure: Failure): Skipped {
  return { checkpoint, event: checkpoint.kind === "crypto" ? 1121 : 1024, why: failure.happened };
}

/** What people are told of a resource that comes online without some of its checkpoints. */
export function noticeOf(skipped: readonly Skipped[]): string {
  return skipped
    .map(
      ({ checkpoint: { kind, path }, event, why }) =>
        `Event ${event}: ${titleOf(kind, path)} was not put in place and is as it was on this node; the resource may not function ` +
        `correctly. ${why}`,
    )
    .join(" ");
}

/** Whether this node has anything at all under the path; a key that may not be exported is something. */
async function isLive(contents: Contents, checkpoint: Checkpoint): Promise<boolean> {
  try {
    return (await contents.liveOrNone(checkpoint)) !== undefined;
  } catch (error) {
    return failureOf(error).name === "NTE_BAD_KEY";
  }
}
