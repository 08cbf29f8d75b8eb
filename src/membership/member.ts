/** A node that follows a leader: joins it, keeps its copy of the database up to date, and passes updates on. */
import { Failure, fail } from "../base/errors.ts";
import type { Log } from "../base/log.ts";
import type { Replica } from "../database/replica.ts";
import { encodeUpdate } from "../database/update-codec.ts";
import type { SubmitResult, Update } from "../database/update.ts";
import type { Claim, ClusterIdentity } from "../quorum/quorum.ts";
import { formatTag } from "../quorum/tag.ts";
import { treeOf } from "./copy-image.ts";
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
  readonly self: { readonly node: string; readonly incarnation: string; readonly endpoint: string };
  /** Saves this node's copy aside before a copy of a newer generation replaces it. */
  readonly saveDiverged: () => Promise<void>;
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

  /** Joins the leader of `claim`. Rejects with the leader's refusal, or CLUSTER_NODE_UNREACHABLE. */
  static async join(parts: MemberParts, leader: LeaderCalls, claim: Claim, admitted: number): Promise<Member> {
    const { replica, self } = parts;
    const answer = await leader.join({ ...self, tag: replica.tag(), lineage: replica.lineage(), admitted });
    if (answer.epoch !== claim.epoch) {
      throw fail("CLUSTER_GUM_NOT_LOCKER", {
        happened: `The node that held epoch ${claim.epoch} answered for epoch ${answer.epoch}.`,
      });
    }
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
    if (copy.kind === "image") {
      await this.#replace(copy.image.tag.generation, copy.identity, () =>
        replica.reset(treeOf(copy.image), copy.image.tag, copy.identity.lineage),
      );
      return;
    }
    for (const record of copy.records) replica.apply(record);
    replica.retag(copy.tag);
  }

  async #replace(generation: number, identity: ClusterIdentity, reset: () => void): Promise<void> {
    const { replica, log, saveDiverged } = this.#parts;
    const old = replica.tag();
    if (old.sequence > 0 && old.generation < generation) {
      await saveDiverged();
      log.warn("older generation replaced", { had: formatTag(old), generation, lineage: identity.lineage });
    }
    reset();
  }
}
