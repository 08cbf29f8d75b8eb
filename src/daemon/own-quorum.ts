/** Whether the quorum is this node's cluster's and not older than this node's copy: on anything else nothing is formed. */
import { type ErrorName, fail } from "../base/errors.ts";
import type { Replica } from "../database/replica.ts";
import type { ClusterIdentity } from "../quorum/quorum.ts";
import { formatTag } from "../quorum/tag.ts";
import { examineQuorum, type QuorumCondition } from "../recovery/doctor-quorum.ts";
import type { ServiceParts } from "./service-parts.ts";

const next = "Nothing forms on it by itself: `clubar doctor` says what is wrong and what to do.";
const names: Partial<Record<QuorumCondition, ErrorName>> = {
  foreign: "CLUSTER_INSTANCE_ID_MISMATCH",
  "current damaged": "CLUSTERLOG_CORRUPT",
  "log damaged": "CLUSTERLOG_CORRUPT",
  unreadable: "ACCESS_DENIED",
  "no folder": "DIRECTORY",
};

/** Rejects with what is there instead: QUORUM_DISK_NOT_FOUND, CLUSTER_INSTANCE_ID_MISMATCH, CLUSTERLOG_CORRUPT … */
export async function ownIdentity({ outside, quorum, config }: ServiceParts): Promise<ClusterIdentity> {
  const { instance, insist } = config;
  const identity = await quorum.identity().catch(() => undefined);
  if (identity?.instance === instance) return identity;
  const { condition, sentence } = await examineQuorum(outside, quorum.place, { instance, insist });
  throw fail(names[condition] ?? "QUORUM_DISK_NOT_FOUND", {
    happened: sentence,
    unchanged: "Nothing was changed.",
    next,
  });
}

/** CLUSTER_DATABASE_SEQMISMATCH when the quorum went back: this node has seen a newer generation, or another history of the same. */
export function refuseOlderQuorum(place: string, identity: ClusterIdentity, replica: Replica): void {
  const tag = replica.tag();
  const lineage = replica.lineage();
  const other = tag.generation === identity.generation && lineage !== "" && lineage !== identity.lineage;
  if (tag.generation <= identity.generation && !other) return;
  throw fail("CLUSTER_DATABASE_SEQMISMATCH", {
    happened:
      `The quorum ${place} is at generation ${identity.generation} (${identity.lineage}), ` +
      `and this node's copy is at ${formatTag(tag)} (${lineage}): the quorum is an older one or of another history.`,
    unchanged: "Neither was changed; they are never merged.",
    next,
  });
}
