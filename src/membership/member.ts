/** A node that follows a leader: joins it, keeps its copy of the database up to date, and passes updates on. */
import { Failure, fail } from "../base/errors.ts";
import type { Log } from "../base/log.ts";
import type { Replica } from "../database/replica.ts";
import { encodeUpdate } from "../database/update-codec.ts";
import type { SubmitResult, Update } from "../database/update.ts";
import type { Claim, ClusterIdentity, Quorum } from "../quorum/quorum.ts";
import { compareTags, formatTag, type Tag } from "../quorum/tag.ts";
import { replay } from "./copy-image.ts";
import type { CopyAnswer, FetchRequest, JoinAnswer, JoinRequest, SubmitRequest } from "./wire.ts";

/** The leader as a member reaches it; `rpc` behind it, or the simulator. */
export interface LeaderCalls {
  join(request: JoinRequest): Promise<JoinAnswer>;
  fetch(request: FetchRequest): Promise<CopyAnswer>;
  submit(request: SubmitRequest): Promise<SubmitResult>;
  /** Resolves when the connection is gone. */
  readonly closed: Promise<void>;
  close(): void;
}

/** What a member needs of its node. */
export interface MemberParts {
  readonly log: Log;
  readonly replica: Replica;
  readonly quorum: Pick<Quorum, "load">;
  readonly self: Pick<JoinRequest, "node" | "incarnation" | "endpoint" | "loose" | "watchdog">;
  /** Saves this node's copy aside before a copy of a newer generation replaces it. */
  readonly saveDiverged: () => Promise<void>;
}

/** Refusals that no retry in this life can change. */
const finalRefusals: readonly string[] = [
  "CLUSTER_POISONED",
  "CLUSTER_NODE_NOT_MEMBER",
  "CLUSTER_DATABASE_SEQMISMATCH",
  "CLUSTER_INSTANCE_ID_MISMATCH",
];

/** Whether a leader refused this life for good. */
export function isFinalRefusal(error: unknown): error is Failure {
  return error instanceof Failure && finalRefusals.includes(error.name);
}

/** One connection to one leader, from the join to its end. */
export class Member {
  readonly epoch: number;
  readonly #parts: MemberParts;
  readonly #leader: LeaderCalls;
  #over = false;

  private constructor(parts: MemberParts, leader: LeaderCalls, epoch: number) {
    this.#parts = parts;
    this.#leader = leader;
    this.epoch = epoch;
  }

  /**
   * Joins the leader of `claim`. `onAdmitted` is called when it took this life in, before the copy is taken, which may last longer than a
   * permit. Rejects with the leader's refusal, or CLUSTER_NODE_UNREACHABLE.
   */
  static async join(
    parts: MemberParts,
    leader: LeaderCalls,
    claim: Claim,
    admitted: number,
    onAdmitted: () => void,
  ): Promise<Member> {
    const { replica, self } = parts;
    const answer = await leader.join({ ...self, tag: replica.tag(), lineage: replica.lineage(), admitted });
    if (answer.epoch !== claim.epoch) {
      throw fail("CLUSTER_GUM_NOT_LOCKER", {
        happened: `The node that held epoch ${claim.epoch} answered for epoch ${answer.epoch}.`,
      });
    }
    onAdmitted();
    const member = new Member(parts, leader, answer.epoch);
    await member.#take(answer.copy);
    parts.log.info("joined", { epoch: answer.epoch, leader: claim.node, tag: formatTag(replica.tag()) });
    return member;
  }

  /** Takes what the leader orders until the connection or the membership ends; resolves with a sentence why. */
  async follow(): Promise<string> {
    const { replica, self } = this.#parts;
    while (!this.#over) {
      try {
        const { node, incarnation } = self;
        await this.#take(await this.#leader.fetch({ node, incarnation, tag: replica.tag() }));
      } catch (error) {
        return error instanceof Failure ? error.message : `the leader's answer could not be used: ${String(error)}`;
      }
    }
    return "this node stopped following";
  }

  submit(update: Update): Promise<SubmitResult> {
    const { evidence } = update;
    return this.#leader.submit({ update: encodeUpdate(update), ...(evidence === undefined ? {} : { evidence }) });
  }

  stop(): void {
    this.#over = true;
    this.#leader.close();
  }

  async #take(copy: CopyAnswer): Promise<void> {
    const { replica } = this.#parts;
    if (this.#over) return;
    if (copy.kind === "load") {
      await this.#load(copy.tag, copy.identity);
      return;
    }
    for (const record of copy.records) replica.apply(record);
    replica.retag(copy.tag);
  }

  /**
   * Takes the database from the quorum itself. Records beyond the leader's tag may never be acknowledged and are left out; a
   * newer snapshot stands for acknowledged updates only.
   */
  async #load(upTo: Tag, identity: ClusterIdentity): Promise<void> {
    const { replica, quorum, log, saveDiverged } = this.#parts;
    const loaded = await quorum.load();
    const records = loaded.records.filter((record) => compareTags(record.tag, upTo) <= 0);
    const state = replay({ ...loaded, records });
    if (loaded.identity.lineage !== identity.lineage || compareTags(state.tag, upTo) < 0) {
      throw fail("CLUSTER_GUM_NOT_LOCKER", {
        happened: `The quorum is at ${formatTag(state.tag)}, the leader said ${formatTag(upTo)}.`,
        next: "The node joins again by itself.",
      });
    }
    const old = replica.tag();
    if (old.sequence > 0 && old.generation < identity.generation) {
      await saveDiverged();
      log.warn("older generation replaced", { had: formatTag(old), generation: identity.generation });
    }
    if (!this.#over) replica.reset(state.tree, state.tag, identity.lineage);
  }
}
