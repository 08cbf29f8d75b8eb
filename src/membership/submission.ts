/** Updates of this node: to its own leader object or, as a member, to the leader; a retry with the same request id applies once. */
import { Failure, fail } from "../base/errors.ts";
import type { Outside } from "../base/outside.ts";
import type { Replica } from "../database/replica.ts";
import type { SubmitResult, Update } from "../database/update.ts";
import { formatTag, type Tag } from "../quorum/tag.ts";
import type { Leader } from "./leader.ts";
import type { Member } from "./member.ts";
import type { Timing } from "./timing.ts";

/** What submitting works with. */
export interface SubmissionParts {
  readonly outside: Outside;
  readonly timing: Timing;
  readonly replica: Replica;
  readonly verifyEvidence?: (update: Update) => Promise<void>;
}

/** What this node is at the moment. */
export interface Roles {
  readonly leader: Leader | undefined;
  readonly member: Member | undefined;
  /** Nothing is tried again. */
  readonly isOver: boolean;
}

/** No answer of a leader: an earlier attempt may have been ordered all the same, so only a retry can tell. */
const retried: readonly string[] = [
  "CLUSTER_NODE_UNREACHABLE",
  "CLUSTER_GUM_NOT_LOCKER",
  "CLUSTER_NODE_NOT_READY",
  "OUTCOME_UNKNOWN",
];

/** Of one life. */
export class Submission {
  readonly #parts: SubmissionParts;
  readonly #roles: () => Roles;

  constructor(parts: SubmissionParts, roles: () => Roles) {
    this.#parts = parts;
    this.#roles = roles;
  }

  /** As `Database.submit`. */
  async submit(update: Update, giveUpMs: number): Promise<SubmitResult> {
    const { outside, timing, replica } = this.#parts;
    const giveUp = outside.clock.boot() + giveUpMs;
    for (;;) {
      const result = await this.#submitOnce(update);
      if (result.outcome === "applied") {
        // So that the caller reads its own change here; the change itself is done.
        await Promise.race([replica.waitFor(result.tag), outside.timers.sleep(timing.call)]);
      }
      if (result.outcome !== "unknown" || outside.clock.boot() >= giveUp || this.#roles().isOver) return result;
      await outside.timers.sleep(timing.poll / 2);
    }
  }

  /** As `Database.waitFor`. */
  async waitFor(tag: Tag, giveUpMs: number): Promise<void> {
    const { outside, replica } = this.#parts;
    const stop = new AbortController();
    const late = outside.timers.sleep(giveUpMs, stop.signal).then(() => "late" as const);
    const first = await Promise.race([replica.waitFor(tag), late]);
    stop.abort();
    if (first !== "late") return;
    throw fail("TIMEOUT", {
      happened: `This node has the cluster database at ${formatTag(replica.tag())} and did not reach ${formatTag(tag)} in ${giveUpMs} ms.`,
      unchanged: "Nothing was changed.",
      next: "Ask the leader's node, or try again.",
    });
  }

  /** On the leader: the files that an update names are looked at before it is ordered. */
  async order(leader: Leader, update: Update): Promise<SubmitResult> {
    await this.#parts.verifyEvidence?.(update);
    return leader.submit(update);
  }

  async #submitOnce(update: Update): Promise<SubmitResult> {
    try {
      const { leader, member } = this.#roles();
      if (leader !== undefined) return await this.order(leader, update);
      if (member !== undefined) return await member.submit(update);
    } catch (error) {
      if (!(error instanceof Failure) || !retried.includes(error.name)) throw error;
    }
    return { outcome: "unknown" };
  }
}
