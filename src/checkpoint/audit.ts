/** Are the checkpoint files there and whole, and do they hold what is live? Changes nothing. */
import { failureOf } from "../base/failure-of.ts";
import type { AuditLine, Checkpoint, CheckpointParts } from "./checkpoint.ts";
import type { Contents } from "./content.ts";
import { titleOf } from "./names.ts";
import type { ResourceRecords } from "./records.ts";
import { inspectStored } from "./stored.ts";

/** What an audit of one resource looks at. */
export interface AuditScene {
  readonly parts: CheckpointParts;
  readonly contents: Contents;
  readonly records: ResourceRecords;
  /** Whether the resource is online on this node. */
  readonly online: boolean;
}

/** Reads the stored version and compares it with what is live. Never throws: what could not be looked at is "not checked". */
export async function auditCheckpoint(scene: AuditScene, checkpoint: Checkpoint): Promise<AuditLine> {
  const { parts, records } = scene;
  const { state, why } = await inspectStored(parts.versions, records, checkpoint);
  if (why !== undefined) {
    const result = state === "whole" || state === "not read" ? "not checked" : state === "withdrawn" ? "lost" : state;
    return { checkpoint, result, sentence: `${why.happened} ${why.next}` };
  }
  return compareLive(scene, checkpoint);
}

async function compareLive(
  { parts, contents, records, online }: AuditScene,
  checkpoint: Checkpoint,
): Promise<AuditLine> {
  const { kind, path, number } = checkpoint;
  const what = `Version ${number} of ${titleOf(kind, path)} is whole`;
  const owner = records.group?.owner;
  if (owner !== parts.database.self.node) {
    const whose = owner === undefined ? "no node owns the resource" : `node ${owner} owns the resource`;
    return {
      checkpoint,
      result: "not checked",
      sentence: `${what}; the live settings were not compared with it: ${whose}.`,
    };
  }
  try {
    const digest = await contents.liveDigest(checkpoint);
    if (digest === undefined)
      return {
        checkpoint,
        result: "drift",
        sentence: `${what}; on this node, the owner, it is gone. ${consequence(online)}`,
      };
    if (digest === checkpoint.contentDigest)
      return { checkpoint, result: "ok", sentence: `${what} and holds what is live on this node.` };
    return {
      checkpoint,
      result: "drift",
      sentence: `${what}; what is live on this node, the owner, is different. ${consequence(online)}`,
    };
  } catch (error) {
    return {
      checkpoint,
      result: "not checked",
      sentence: `${what}; the live settings could not be read: ${failureOf(error).happened}`,
    };
  }
}

function consequence(online: boolean): string {
  return online
    ? "The difference is not captured yet."
    : "At the next online the version is put in place and the difference is kept aside; to keep it instead: clubar recover checkpoints.";
}
