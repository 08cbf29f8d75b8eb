/** What the leader looks after besides membership and groups. */
import { cleanVersions } from "../checkpoint/janitor.ts";
import { verifyEvidence } from "../checkpoint/verify.ts";
import type { Membership, MembershipParts } from "../membership/membership.ts";
import type { Quorum } from "../quorum/quorum.ts";
import { findValue, type Key } from "../tree/key.ts";
import { dwordOf } from "../tree/value.ts";
import type { LivingDatabase } from "./living-database.ts";

/** WSFC's recommendation for MaxQuorumLogSize in bytes (facts §1.3). */
const logSizeDefault = 4096 * 1024;

/** `Quorum\MaxQuorumLogSize` in bytes, at least 64 KiB. */
export function maxLogSize(tree: Key): number {
  return Math.max(64 * 1024, dwordOf(findValue(tree, "Quorum", "MaxQuorumLogSize")) ?? logSizeDefault);
}

/** The leader re-reads the files that an update newly names, before it orders the update (docs/safety.md §3.2). */
export function verifyEvidenceOf(quorum: Quorum): NonNullable<MembershipParts["verifyEvidence"]> {
  return (update) => verifyEvidence(quorum.versions, update);
}

/** Files of checkpoint versions that the database no longer names. */
export async function housekeeping(membership: Membership, quorum: Quorum, database: LivingDatabase): Promise<void> {
  const leader = membership.leader();
  if (leader === undefined) return;
  await cleanVersions({ versions: quorum.versions, tree: () => database.tree(), leader });
}
