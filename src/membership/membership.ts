/**
 * One life of a node in its cluster: follows the leader, or leads. Form, join and challenge are one loop over what the
 * quorum says; nothing about who leads is remembered elsewhere.
 */
import { type Failure, fail } from "../base/errors.ts";
import { failureOf } from "../base/failure-of.ts";
import type { Log } from "../base/log.ts";
import type { Outside } from "../base/outside.ts";
import type { Database } from "../database/database.ts";
import type { ChangeHandler, Replica } from "../database/replica.ts";
import { decodeUpdate } from "../database/update-codec.ts";
import type { SubmitResult, Update } from "../database/update.ts";
import type { Claim, ClusterIdentity, Quorum } from "../quorum/quorum.ts";
import type { Tag } from "../quorum/tag.ts";
import type { Key } from "../tree/key.ts";
import type { HostLink } from "./host-link.ts";
import type { LifeEvidence } from "./life-evidence.ts";
import { Leader } from "./leader.ts";
import { isFinalRefusal, type LeaderCalls, Member } from "./member.ts";
import { joinItself } from "./other-folder.ts";
import { Submission } from "./submission.ts";
import type { Timing } from "./timing.ts";
import { type Watched, Watcher } from "./watcher.ts";
import type { CopyAnswer, JoinAnswer, JoinRequest, SubmitRequest } from "./wire.ts";

/** What a life in the cluster needs of its node. */
export interface MembershipParts {
  readonly outside: Outside;
  readonly quorum: Quorum;
  readonly host: HostLink;
  readonly timing: Timing;
  readonly log: Log;
  readonly replica: Replica;
  readonly self: Pick<JoinRequest, "node" | "incarnation" | "endpoint" | "loose" | "watchdog">;
  /** The generation in force when this life began. Its host can't confirm in a later one. */
  readonly generation: number;
  readonly dial: (endpoint: string) => Promise<LeaderCalls>;
  readonly logSizeMax: () => number;
  readonly saveDiverged: () => Promise<void>;
  readonly evidence?: LifeEvidence;
  /**
   * Where the cluster is: resolves with what is in force in another quorum, to which this life has been taken along; undefined when it is
   * where it was. Rejects while that can't be told.
   */
  readonly followMove?: () => Promise<ClusterIdentity | undefined>;
  /** Called on the leader before it orders an update; rejects when a checkpoint file that the update names is not what it says. */
  readonly verifyEvidence?: (update: Update) => Promise<void>;
}

/** The longest pause between two claims, in polls. */
const longestPolls = 600;

type Challenge = Extract<Watched, { kind: "challenge" }>;

/** The present life as a member or leader; `run` is its whole course. */
export class Membership implements Database {
  readonly self: MembershipParts["self"];
  readonly #parts: MembershipParts;
  #watcher: Watcher;
  readonly #submission: Submission;
  readonly #stop = new AbortController();
  readonly #roleHandlers = new Set<() => void>();
  #leader: Leader | undefined;
  #member: Member | undefined;
  #claim: Claim | undefined;
  #attaching = false;
  #joining: LeaderCalls | undefined;
  #admitted: number;
  /** In which this node last took a copy. */
  #followedEpoch = 0;
  #over: string | undefined;
  #overCause: Failure | undefined;
  #trouble: Failure | undefined;
  /** How often in a row the quorum was found damaged. */
  #damaged = 0;
  #kick: () => void = () => undefined;

  constructor(parts: MembershipParts) {
    this.#parts = parts;
    this.self = parts.self;
    this.#admitted = parts.generation;
    this.#watcher = new Watcher(parts.outside, parts.quorum, parts.timing);
    this.#submission = new Submission(parts, () => ({
      leader: this.#leader,
      member: this.#member,
      isOver: this.#over !== undefined,
    }));
    parts.host.onSilence((node, incarnation) => void this.#leader?.silent(node, incarnation).catch(() => undefined));
    parts.host.onSuperseded((epoch) => {
      if (this.#leader?.epoch === epoch) void this.#leader.stop(false).catch(() => undefined);
    });
    parts.host.onRefused(() => this.#rejoin());
    void parts.host.ended.then(() => this.#end("the host of this node has gone"));
  }

  /** Lives until `stop`, loss of the host, or a final refusal; resolves with a sentence why it ended. */
  async run(): Promise<{ readonly why: string; readonly refusal: Failure | undefined }> {
    while (this.#over === undefined) {
      try {
        await this.#turn();
      } catch (error) {
        this.#parts.log.warn("membership tries again", { error });
        this.#trouble = failureOf(error);
        await this.#pause(this.#polls() * this.#parts.timing.poll);
      }
    }
    this.#member?.stop();
    await this.#leader?.stop(true).catch(() => undefined);
    this.#setRoles(undefined, undefined);
    return { why: this.#over, refusal: this.#overCause };
  }

  /** Ends this life without any farewell; a clean stop has left the cluster before. */
  stop(why: string): void {
    this.#end(why);
  }

  tree(): Key {
    return this.#parts.replica.tree();
  }

  tag(): Tag {
    return this.#parts.replica.tag();
  }

  isLeader(): boolean {
    return this.#leader !== undefined;
  }

  /** The leader object while this node leads. */
  leader(): Leader | undefined {
    return this.#leader;
  }

  /** What kept this node from leading or following last; undefined when it does either. */
  trouble(): Failure | undefined {
    return this.isMember() ? undefined : this.#trouble;
  }

  /** Whose claim this node follows or holds. */
  claim(): Claim | undefined {
    return this.#claim;
  }

  /** Whether this node is a member under a leader now. */
  isMember(): boolean {
    return this.#leader !== undefined || this.#member !== undefined;
  }

  onChange(handler: ChangeHandler): () => void {
    return this.#parts.replica.onChange(handler);
  }

  /** Called when this node begins or ceases to lead or to follow. */
  onRole(handler: () => void): () => void {
    this.#roleHandlers.add(handler);
    return () => this.#roleHandlers.delete(handler);
  }

  submit(update: Update, giveUpMs = 10_000): Promise<SubmitResult> {
    return this.#submission.submit(update, giveUpMs);
  }

  waitFor(tag: Tag, giveUpMs = 10_000): Promise<void> {
    return this.#submission.waitFor(tag, giveUpMs);
  }

  /** A node's join, fetch and submit, when this node leads. */
  join(request: JoinRequest): Promise<JoinAnswer> {
    return this.#leading().join(request);
  }

  fetch(...asked: Parameters<Leader["fetch"]>): Promise<CopyAnswer> {
    return this.#leading().fetch(...asked);
  }

  async submitFor(request: SubmitRequest): Promise<SubmitResult> {
    const { update, evidence } = request;
    return this.#submission.order(this.#leading(), {
      ...decodeUpdate(update),
      ...(evidence === undefined ? {} : { evidence }),
    });
  }

  /** A proof was announced: look at once. */
  proofAnnounced(): void {
    void this.#leader?.review().catch(() => undefined);
  }

  async #turn(): Promise<void> {
    const { quorum, outside } = this.#parts;
    await this.#followMove();
    const claim = await quorum.leader();
    const now = outside.clock.boot();
    let challenge: Challenge | undefined;
    if (claim === undefined) challenge = { kind: "challenge", because: "nobody has ever led", lastMovement: now };
    else if (claim.incarnation === this.self.incarnation) {
      // Its own lost leadership: others may go first.
      await this.#pause();
      challenge = { kind: "challenge", because: `this node gave up epoch ${claim.epoch}`, lastMovement: now };
    } else challenge = await this.#followUntil(claim);
    if (challenge === undefined || this.#over !== undefined) return;
    await this.#challenge(claim, challenge);
  }

  /** Only here: nothing of the quorum before is under way. */
  async #followMove(): Promise<void> {
    if (this.#attaching) return;
    const identity = await this.#parts.followMove?.();
    if (identity === undefined) return;
    const { outside, quorum, timing, replica, log } = this.#parts;
    const { generation, lineage } = identity;
    this.#claim = undefined;
    this.#followedEpoch = 0;
    this.#watcher = new Watcher(outside, quorum, timing);
    this.#admitted = generation;
    // A move takes nothing back: what this copy holds is the beginning of what the new generation holds.
    replica.reset(replica.tree(), { generation, epoch: 0, sequence: replica.tag().sequence }, lineage);
    log.info("this life goes on in another quorum", { place: quorum.place, generation });
  }

  async #challenge(claim: Claim | undefined, challenge: Challenge): Promise<void> {
    const { quorum, host, self, log } = this.#parts;
    log.info("challenging", { after: claim?.epoch ?? 0, because: challenge.because });
    const who = {
      node: self.node,
      incarnation: self.incarnation,
      endpoint: self.endpoint,
      hostEndpoint: host.endpoint,
    };
    // A claim writes into the quorum: over one that was found damaged only when it can be read again.
    if (this.#damaged > 0) await quorum.load();
    const leadership = await quorum.claim(claim?.epoch ?? 0, who);
    if (leadership === undefined) return;
    try {
      const lastMovement = claim === undefined ? challenge.lastMovement : await this.#watcher.readCounter(claim.epoch);
      const leader = await Leader.start(this.#parts, leadership, { lastMovement });
      this.#claim = { ...who, epoch: leadership.epoch };
      this.#setRoles(leader, undefined);
      await this.#leadUntilLost(leader);
    } finally {
      this.#setRoles(undefined, undefined);
      host.stopLeading();
      await leadership.resign().catch(() => undefined);
    }
  }

  async #leadUntilLost(leader: Leader): Promise<void> {
    const { host, timing, outside, replica, self } = this.#parts;
    let lost = false;
    void leader.lost.then(() => {
      lost = true;
      this.#kick();
    });
    host.follow(leader.epoch, host.endpoint);
    this.#attaching = true;
    try {
      const join = { ...self, tag: replica.tag(), lineage: replica.lineage(), admitted: this.#admitted };
      await joinItself(leader, join, this.#parts, () => lost || this.#over !== undefined);
    } catch (error) {
      this.#endIfFinal(error);
      throw error;
    } finally {
      this.#attaching = false;
    }
    this.#admitted = replica.tag().generation;
    // Admitted only now: it asks again at once, for the host's next question may come too late.
    host.follow(leader.epoch, host.endpoint);
    while (!lost && this.#over === undefined) {
      await leader.review().catch((error: unknown) => this.#parts.log.warn("review failed", { error }));
      if (lost || this.#over !== undefined) break;
      // Not `leader.lost` itself: a promise that stays open for months would gather every round's reaction; it kicks.
      await Promise.race([outside.timers.sleep(timing.poll), this.#kicked()]);
    }
  }

  async #followUntil(claim: Claim): Promise<Challenge | undefined> {
    this.#claim = claim;
    // An earlier leader that stands still would hold up the join to this one for longer than a permit lasts.
    this.#joining?.close();
    try {
      for (let idly = false; this.#over === undefined; ) {
        const seen = await this.#watcher.look(claim, idly && this.#member !== undefined);
        if (seen !== undefined) return seen.kind === "challenge" ? seen : undefined;
        if (this.#member === undefined && !this.#attaching) void this.#attach(claim);
        idly = await this.#pause(this.#watcher.rest());
      }
      return undefined;
    } finally {
      this.#member?.stop();
      this.#setRoles(this.#leader, undefined);
    }
  }

  async #attach(claim: Claim): Promise<void> {
    const { dial, host, log, replica } = this.#parts;
    this.#attaching = true;
    let calls: LeaderCalls | undefined;
    let admitted = false;
    const follow = (): void => {
      if ((admitted = this.#claim === claim)) host.follow(claim.epoch, claim.hostEndpoint);
    };
    try {
      calls = await dial(claim.endpoint);
      if (this.#claim !== claim || this.#over !== undefined) return calls.close();
      this.#joining = calls;
      const member = await Member.join(this.#parts, calls, claim, this.#admitted, follow);
      this.#admitted = replica.tag().generation;
      this.#followedEpoch = claim.epoch;
      if (this.#claim !== claim || this.#over !== undefined) return member.stop();
      this.#setRoles(undefined, member);
      void member.follow().then((why) => this.#detached(member, why));
    } catch (error) {
      calls?.close();
      // A node that can't take its first copy is not up.
      if (admitted && this.#followedEpoch !== claim.epoch) host.stopFollowing();
      if (!this.#endIfFinal(error)) log.info("could not join yet", { leader: claim.node, epoch: claim.epoch, error });
    } finally {
      this.#joining = undefined;
      this.#attaching = false;
    }
  }

  #detached(member: Member, why: string): void {
    member.stop();
    if (this.#member !== member) return;
    this.#parts.log.info("lost the leader", { epoch: member.epoch, why });
    this.#setRoles(this.#leader, undefined);
    this.#kick();
  }

  /** The leader's host does not know this host: joining again admits it. */
  #rejoin(): void {
    if (this.#attaching) return;
    const { replica, self, log } = this.#parts;
    if (this.#leader !== undefined) {
      this.#attaching = true;
      const done = (): void => {
        this.#attaching = false;
      };
      void this.#leader
        .join({ ...self, tag: replica.tag(), lineage: replica.lineage(), admitted: this.#admitted })
        .then(done, (error: unknown) => {
          done();
          log.warn("could not join itself again", { error });
        });
    } else if (this.#member !== undefined) this.#detached(this.#member, "the leader's host refused a permit");
  }

  #leading(): Leader {
    if (this.#leader !== undefined) return this.#leader;
    throw fail("CLUSTER_GUM_NOT_LOCKER", {
      happened: "This node does not lead the cluster.",
      next: "Ask the node that the quorum names.",
    });
  }

  #setRoles(leader: Leader | undefined, member: Member | undefined): void {
    const changed = leader !== this.#leader || member !== this.#member;
    this.#leader = leader;
    this.#member = member;
    if (this.isMember()) this.#trouble = undefined;
    if (changed) for (const handler of this.#roleHandlers) handler();
  }

  #endIfFinal(error: unknown): boolean {
    if (!isFinalRefusal(error)) return false;
    this.#end(error.message, error);
    return true;
  }

  #end(why: string, cause?: Failure): void {
    this.#over ??= why;
    this.#overCause ??= cause;
    this.#stop.abort();
    this.#kick();
  }

  /** Resolves with false when it was kicked. */
  async #pause(ms = this.#parts.timing.poll): Promise<boolean> {
    const slept = this.#parts.outside.timers.sleep(ms, this.#stop.signal);
    return Promise.race([slept.then(() => true), this.#kicked().then(() => false)]);
  }

  /** Every claim leaves files: over a damaged quorum, which only a person mends, they come ever more slowly. */
  #polls(): number {
    this.#damaged = this.#trouble?.name === "CLUSTERLOG_CORRUPT" ? this.#damaged + 1 : 0;
    return Math.min(2 ** this.#damaged, longestPolls);
  }

  #kicked(): Promise<void> {
    return new Promise((resolve) => {
      this.#kick = resolve;
    });
  }
}
