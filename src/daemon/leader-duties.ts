/** What the leader looks after besides membership and groups. */
import { cleanVersions, type JanitorParts, surveyVersions } from "../checkpoint/janitor.ts";
import { RollingAudit } from "../checkpoint/rolling-audit.ts";
import { verifyEvidence } from "../checkpoint/verify.ts";
import { completeDatabase } from "../database/commands/complete.ts";
import type { Leader } from "../membership/leader.ts";
import type { MembershipParts } from "../membership/membership.ts";
import type { Quorum, VersionName } from "../quorum/quorum.ts";
import { fail } from "../base/errors.ts";
import { newGuid } from "../base/guid.ts";
import type { Outside } from "../base/outside.ts";
import { childrenOf, findKey, findValue, type Key, valueOf } from "../tree/key.ts";
import { dwordOf, textOf } from "../tree/value.ts";

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

/** Where holds stand: below it, `<id>` is a key for each backup under way, with the tag it holds. */
export const holdsPath = "Runtime\\Holds";
/** The value of a hold that names the life (service incarnation) of the node that takes the backup. */
export const holdTaker = "Incarnation";

/** What the leader's housekeeping works with. */
export type HousekeepingParts = Omit<JanitorParts, "deleteVersion"> & { readonly outside: Outside };

/** Removes files of checkpoint versions that the database no longer names, audits those that it names; one object for each service. */
export class Housekeeping {
  readonly #parts: HousekeepingParts;
  #audit: RollingAudit | undefined;
  #of: Leader | undefined;
  #atEpochStart: readonly VersionName[] = [];

  constructor(parts: HousekeepingParts) {
    this.#parts = parts;
  }

  /** One round, when this node leads. */
  async tidy(leader: Leader | undefined): Promise<void> {
    if (leader === undefined) return;
    if (this.#of !== leader) {
      await this.#complete();
      this.#atEpochStart = await surveyVersions(this.#parts.versions);
      this.#of = leader;
      this.#audit = new RollingAudit(this.#parts);
    }
    await this.#audit?.step();
    await this.#endForgottenHolds();
    await cleanVersions(
      { ...this.#parts, deleteVersion: (version) => leader.deleteVersion(version) },
      this.#atEpochStart,
    );
  }

  /** Once as a leader: the database may be that of an older clubar, or of a set that one wrote. */
  async #complete(): Promise<void> {
    const { database, outside, log } = this.#parts;
    const change = completeDatabase(database.tree());
    if (change === undefined) return;
    const { outcome } = await database.submit({ ...change, requestId: newGuid(outside.random) });
    log.info("the database was completed", { because: change.because, outcome });
    if (outcome === "applied") return;
    throw fail("OUTCOME_UNKNOWN", { happened: change.because, next: "It is tried again." });
  }

  /** Only a leader takes backups, so a hold of another life than this leader's has lost its taker (docs/safety.md §3.4). */
  async #endForgottenHolds(): Promise<void> {
    const { database, outside } = this.#parts;
    const holds = findKey(database.tree(), holdsPath);
    const dead = [...(holds === undefined ? [] : childrenOf(holds))].filter(
      (hold) => textOf(valueOf(hold, holdTaker)) !== database.self.incarnation,
    );
    if (dead.length === 0) return;
    await database.submit({
      requestId: newGuid(outside.random),
      because: "Holds of backups whose taker is gone end.",
      conditions: [],
      edits: dead.map((hold) => ({ kind: "delete-key", path: `${holdsPath}\\${hold.name}` })),
    });
  }
}
