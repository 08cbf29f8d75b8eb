/**
 * The node that owns the quorum: orders updates, lets nodes join, and says when a node's applications have certainly
 * ended (docs/safety.md §2.4). Everything it decides about a node goes into the database.
 */
import { fail } from "../base/errors.ts";
import { newGuid } from "../base/guid.ts";
import type { Log } from "../base/log.ts";
import { Mutex } from "../base/mutex.ts";
import type { Outside } from "../base/outside.ts";
import type { Replica } from "../database/replica.ts";
import type { SubmitResult, Update } from "../database/update.ts";
import type { ClusterIdentity, Leadership, Proof, Quorum, VersionName } from "../quorum/quorum.ts";
import { compareTags, formatTag } from "../quorum/tag.ts";
import type { Key } from "../tree/key.ts";
import { Arrivals } from "./arrivals.ts";
import { checkJoin } from "./check-join.ts";
import { imageInSlices, imageOf, replay } from "./copy-image.ts";
import { History } from "./history.ts";
import type { HostLink } from "./host-link.ts";
import { EvidenceSearch, type LifeEvidence } from "./life-evidence.ts";
import { type DownBecause, downUpdate, type NodeRecord, nodeRecord, allNodeRecords, upUpdate } from "./node-records.ts";
import { LongPermits } from "./long-permit.ts";
import { fetchWait, type Timing } from "./timing.ts";
import { UpdateOrder } from "./update-order.ts";
import type { CopyAnswer, FetchRequest, JoinAnswer, JoinRequest } from "./wire.ts";

/** What a leader needs of its node. */
export interface LeaderParts {
  readonly outside: Outside;
  readonly quorum: Quorum;
  readonly host: HostLink;
  readonly timing: Timing;
  readonly log: Log;
  readonly replica: Replica;
  readonly self: Pick<JoinRequest, "node" | "incarnation" | "endpoint" | "loose" | "watchdog">;
  /** Bytes of log after which a snapshot is taken. */
  readonly logSizeMax: () => number;
  /** Saves this node's copy aside before one of another history replaces it. */
  readonly saveDiverged: () => Promise<void>;
  /** What tells of a life that it ended when its host can't; absent: nothing does. */
  readonly evidence?: LifeEvidence;
}

/** No node may be taken over before this boot time unless it reports or proves. */
export interface OldPermits {
  readonly lastMovement: number;
}

/** One epoch of leading. After `lost` resolved nothing of it changes anything any more. */
export class Leader {
  readonly epoch: number;
  readonly identity: ClusterIdentity;
  /** Resolves with a sentence when this node no longer leads. */
  readonly lost: Promise<string>;
  readonly #parts: LeaderParts;
  readonly #leadership: Leadership;
  readonly #order: UpdateOrder;
  readonly #history: History;
  readonly #waitUntil = new Map<string, number>();
  /** Boot time at which the last join of a node was answered. */
  readonly #joinedAt = new Map<string, number>();
  readonly #long: LongPermits;
  readonly #unconfirmedUntil: number;
  /** One decision about members at a time: a join and an expiry of one node must not cross. */
  readonly #members = new Mutex();
  readonly #arrivals = new Arrivals();
  /** Nodes that wait for updates just now: they live. */
  readonly #fetching = new Set<string>();
  readonly #search: EvidenceSearch | undefined;
  #lose: (why: string) => void = () => undefined;
  #over = false;

  private constructor(parts: LeaderParts, start: LeaderStart) {
    this.#parts = parts;
    this.#leadership = start.leadership;
    this.epoch = start.leadership.epoch;
    this.identity = start.identity;
    this.#history = start.history;
    this.#long = new LongPermits(parts.host, parts.timing, parts.outside.clock.boot());
    this.#unconfirmedUntil = start.oldPermits.lastMovement + this.#long.wait(start.tree);
    this.lost = new Promise((resolve) => {
      this.#lose = resolve;
    });
    const { evidence, log, logSizeMax } = parts;
    if (evidence !== undefined) this.#search = new EvidenceSearch(evidence, log, (life) => this.#ended(life));
    const { clock, timers } = parts.outside;
    this.#order = new UpdateOrder(
      { leadership: start.leadership, tree: start.tree, tag: start.history.tag() },
      { clock, logSizeMax, imageOf: (tree, tag) => imageInSlices(tree, tag, clock.wall(), () => timers.sleep(1)) },
      {
        committed: (record, tree) => {
          this.#history.add(record);
          parts.replica.apply(record, tree);
          this.#arrivals.wake();
        },
        lost: (why) => this.#stepDown(why),
      },
    );
  }

  /** Takes the quorum over and starts to lead. Rejects when the claim is already superseded or the quorum can't be read. */
  static async start(parts: LeaderParts, leadership: Leadership, oldPermits: OldPermits): Promise<Leader> {
    // Before the work of taking over: while the counter moves nobody challenges, and without an admission nobody gets a permit.
    await parts.host.lead(leadership.epoch);
    let tree: Key | undefined;
    let history: History | undefined;
    const loaded = await leadership.takeOver((found) => {
      const state = replay(found);
      const tag = { ...state.tag, epoch: leadership.epoch };
      tree = state.tree;
      history = new History(found.records, tag);
      return imageOf(state.tree, tag, parts.outside.clock.wall());
    });
    if (tree === undefined || history === undefined)
      throw fail("INTERNAL_ERROR", { happened: "The quorum took over without a rebuild." });
    const { replica } = parts;
    const had = replica.tag();
    const isPart = replica.lineage() === loaded.identity.lineage && compareTags(had, history.tag()) <= 0;
    if (had.sequence > 0 && (!isPart || had.sequence > history.tag().sequence)) {
      await parts.saveDiverged();
      parts.log.warn("own copy replaced by the quorum's", { had: formatTag(had), tag: formatTag(history.tag()) });
    }
    replica.reset(tree, history.tag(), loaded.identity.lineage);
    const leader = new Leader(parts, { leadership, identity: loaded.identity, tree, history, oldPermits });
    parts.log.info("leading", { epoch: leadership.epoch, tag: formatTag(history.tag()) });
    return leader;
  }

  /** Orders an update; "unknown" when this node stopped leading meanwhile. */
  submit(update: Update): Promise<SubmitResult> {
    return this.#order.submit(update);
  }

  /** A node asks to be a member in this life. */
  join(request: JoinRequest): Promise<JoinAnswer> {
    return this.#members.run(() => this.#join(request));
  }

  async #join(request: JoinRequest): Promise<JoinAnswer> {
    this.#checkLeading();
    const { replica, outside } = this.#parts;
    checkJoin(request, replica.tree(), this.identity, outside.clock.boot() < this.#unconfirmedUntil);
    const { node, incarnation, endpoint } = request;
    await this.#refuseProven(node, incarnation);
    await this.#parts.host.admit(node, incarnation);
    const known = nodeRecord(this.#parts.replica.tree(), node);
    const same =
      known?.up === true &&
      known.incarnation === incarnation &&
      known.epoch === this.epoch &&
      known.endpoint === endpoint;
    if (!same) await this.#must(upUpdate(this.#newId(), request, this.epoch, this.#parts.replica.tree()));
    this.#waitUntil.delete(node);
    this.#joinedAt.set(node, this.#parts.outside.clock.boot());
    this.#parts.log.info("node joined", { node, incarnation, epoch: this.epoch });
    return { epoch: this.epoch, identity: this.identity, copy: this.#copyFor(request.tag, request.lineage) };
  }

  /** What follows a member's copy; waits for something to come. `onGone` says when nobody asks any more, and returns how to unsay it. */
  async fetch(request: FetchRequest, onGone?: (handler: () => void) => () => void): Promise<CopyAnswer> {
    this.#checkLeading();
    const record = nodeRecord(this.#parts.replica.tree(), request.node);
    if (record?.incarnation !== request.incarnation || !record.up || record.epoch !== this.epoch) {
      throw fail("CLUSTER_NODE_NOT_MEMBER", {
        happened: `Node ${request.node} is not a member in this life under epoch ${this.epoch}.`,
      });
    }
    if (compareTags(request.tag, this.#parts.replica.tag()) >= 0) {
      this.#fetching.add(request.node);
      const forget = (): void => void this.#fetching.delete(request.node);
      const stay = onGone?.(forget);
      await this.#arrivals.wait(this.#parts.outside.timers, fetchWait(this.#parts.timing));
      for (const end of [stay, forget]) end?.();
      this.#checkLeading();
    }
    return this.#copyFor(request.tag, this.identity.lineage);
  }

  /** A host went silent: no more permits for it, and the wait of §2.4 begins at its last answer. */
  silent(node: string, incarnation: string): Promise<void> {
    return this.#members.run(() => this.#silent(node, incarnation));
  }

  async #silent(node: string, incarnation: string): Promise<void> {
    const record = nodeRecord(this.#parts.replica.tree(), node);
    if (record?.incarnation !== incarnation || !record.up || this.#waitUntil.has(node)) return;
    // Its host asks from the answer to its join on, which may have been long in coming. What stays silent is told again.
    if (this.#parts.outside.clock.boot() < (this.#joinedAt.get(node) ?? 0) + this.#parts.timing.permit) return;
    const answered = await this.#parts.host.expire(node, incarnation);
    const from = answered ?? this.#parts.outside.clock.boot();
    this.#waitUntil.set(node, from + this.#long.wait(this.#parts.replica.tree()));
    this.#parts.log.warn("node silent", { node, incarnation });
  }

  /** A person says that the node is off. */
  confirmDown(node: string): Promise<void> {
    return this.#members.run(() => this.#confirmDown(node));
  }

  async #confirmDown(node: string): Promise<void> {
    const record = nodeRecord(this.#parts.replica.tree(), node);
    if (record === undefined || !record.up) return;
    await this.#parts.host.expire(node, record.incarnation);
    await this.#markDown(record, "confirmed", `A person confirmed that node ${node} is down.`);
  }

  /** The node stopped everything in order and leaves. */
  leave(node: string, incarnation: string): Promise<void> {
    return this.#members.run(() => this.#leave(node, incarnation));
  }

  async #leave(node: string, incarnation: string): Promise<void> {
    const record = nodeRecord(this.#parts.replica.tree(), node);
    if (record === undefined || !record.up || record.incarnation !== incarnation) return;
    await this.#parts.host.expire(node, incarnation);
    await this.#markDown(record, "left", `Node ${node} stopped in order.`);
  }

  /** Removes the file of a checkpoint version (docs/safety.md §3.3). */
  deleteVersion(version: VersionName): Promise<void> {
    this.#checkLeading();
    return this.#leadership.deleteVersion(version);
  }

  /** The kernel shows that nothing of this life runs any more. */
  #ended(life: NodeRecord): Promise<void> {
    return this.#members.run(async () => {
      const record = nodeRecord(this.#parts.replica.tree(), life.node);
      if (this.#over || record?.up !== true || record.incarnation !== life.incarnation) return;
      await this.#parts.host.expire(record.node, record.incarnation);
      await this.#markDown(record, "gone", `The host of node ${record.node} and all that it ran have ended.`);
    });
  }

  /** One look at proofs and waits; called every poll and when a proof is announced. */
  review(): Promise<void> {
    this.#lookForEnded();
    return this.#members.run(() => this.#review());
  }

  async #review(): Promise<void> {
    if (this.#over) return;
    const { outside, replica, quorum } = this.#parts;
    await this.#long.review(
      () => outside.clock.boot(),
      replica.tree(),
      async (update) => {
        await this.submit({ requestId: this.#newId(), ...update });
      },
    );
    const proofs = await quorum.proofs.list();
    for (const record of allNodeRecords(this.#parts.replica.tree())) {
      if (this.#over) return;
      await this.#reviewNode(record, proofs);
    }
    await this.#clearProofs(proofs);
  }

  /** Stops leading. With `resign` the others see at once that the quorum is free. */
  async stop(resign: boolean): Promise<void> {
    this.#order.stop("this node stops leading");
    if (resign) await this.#leadership.resign();
  }

  async #reviewNode(record: NodeRecord, proofs: readonly Proof[]): Promise<void> {
    if (record.state === "down") return;
    const { node, incarnation } = record;
    if (proofs.some((proof) => proof.node === node && proof.incarnation === incarnation)) {
      await this.#parts.host.expire(node, incarnation);
      await this.#markDown(record, "proof", `The host of node ${node} proved that it stopped everything.`);
      return;
    }
    // A node without a record (after a restore) may run something until the permits of the old generation are over.
    const now = this.#parts.outside.clock.boot();
    const until = record.epoch === this.epoch ? this.#waitUntil.get(node) : this.#unconfirmedUntil;
    if (until === undefined || now < until) return;
    await this.#markDown(
      record,
      "waited",
      `Node ${node} had no permit for the full time, so whatever dies with its host has ended.`,
    );
  }

  #lookForEnded(): void {
    const { replica, self } = this.#parts;
    if (this.#search === undefined || this.#over) return;
    for (const record of allNodeRecords(replica.tree())) {
      if (record.incarnation !== self.incarnation && !this.#fetching.has(record.node)) this.#search.look(record);
    }
  }

  async #markDown(record: NodeRecord, why: DownBecause, sentence: string): Promise<void> {
    this.#waitUntil.delete(record.node);
    await this.submit(downUpdate(this.#newId(), record, why, sentence));
    this.#parts.log.warn("node down", { node: record.node, because: why });
  }

  /** Proofs of lives that the database no longer counts as up have done their work. */
  async #clearProofs(proofs: readonly Proof[]): Promise<void> {
    for (const proof of proofs) {
      if (this.#over) return;
      const record = nodeRecord(this.#parts.replica.tree(), proof.node);
      if (record?.up === true && record.incarnation === proof.incarnation) continue;
      await this.#leadership.deleteProof(proof);
    }
  }

  /** A join that was long on its way must not put an ended life in the place of the one that followed it. */
  async #refuseProven(node: string, incarnation: string): Promise<void> {
    const proofs = await this.#parts.quorum.proofs.list();
    if (!proofs.some((proof) => proof.node === node && proof.incarnation === incarnation)) return;
    throw fail("CLUSTER_POISONED", {
      happened: `This life of node ${node} has proved that it stopped everything; it must start a new one.`,
    });
  }

  #copyFor(tag: JoinRequest["tag"], lineage: string): CopyAnswer {
    const records = lineage === this.identity.lineage ? this.#history.after(tag) : undefined;
    if (records !== undefined) return { kind: "records", records, tag: this.#history.tag() };
    return { kind: "load", tag: this.#history.tag(), identity: this.identity };
  }

  async #must(update: Update): Promise<void> {
    const result = await this.submit(update);
    if (result.outcome === "applied") return;
    throw fail("OUTCOME_UNKNOWN", {
      happened: `The leader could not record: ${update.because}`,
      next: "The node tries again by itself.",
    });
  }

  #checkLeading(): void {
    if (this.#over)
      throw fail("CLUSTER_GUM_NOT_LOCKER", {
        happened: "This node no longer leads the cluster.",
        next: "Ask the new leader.",
      });
  }

  #stepDown(why: string): void {
    this.#over = true;
    this.#parts.host.stopLeading();
    this.#parts.log.warn("no longer leading", { epoch: this.epoch, why });
    this.#arrivals.wake();
    this.#lose(why);
  }

  #newId(): string {
    return newGuid(this.#parts.outside.random);
  }
}

interface LeaderStart {
  readonly leadership: Leadership;
  readonly identity: ClusterIdentity;
  readonly tree: Key;
  readonly history: History;
  readonly oldPermits: OldPermits;
}
