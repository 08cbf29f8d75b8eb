/**
 * One life of a node: a host of its own, membership under one incarnation, and the loops of leader and owner. It ends when
 * it is told to, when its host has gone, or when the cluster refuses it for good.
 */
import type { Failure } from "../base/errors.ts";
import { withBeat } from "../base/beat.ts";
import type { Log } from "../base/log.ts";
import type { Outside } from "../base/outside.ts";
import type { Checkpoints } from "../checkpoint/checkpoint.ts";
import { Fencing, type FencingParts } from "../failover/fencing-loop.ts";
import { LeaderLoop } from "../failover/leader-loop.ts";
import { OwnerLoop, type ResourceCheckpoints } from "../failover/owner-loop.ts";
import { Membership, type MembershipParts } from "../membership/membership.ts";
import type { LifeEvidence } from "../membership/life-evidence.ts";
import { allNodeRecords } from "../membership/node-records.ts";
import type { Timing } from "../membership/timing.ts";
import { lifeHasEnded } from "../monitor/ended-life.ts";
import type { ClusterIdentity, Quorum } from "../quorum/quorum.ts";
import type { HostClient, HostEvents } from "./host-client.ts";
import { dataOfEndpoint, socketPath } from "./host-config.ts";
import { addressesKeptOff } from "../database/networks.ts";
import { rootKey } from "../database/schema.ts";
import { findKey, type Key } from "../tree/key.ts";
import { trustedNodes } from "../trust/trust.ts";
import { dialLeader } from "./leader-calls.ts";
import type { LivingDatabase } from "./living-database.ts";

/** What a life needs of its service. */
export interface LifeParts {
  readonly outside: Outside;
  readonly log: Log;
  readonly quorum: Quorum;
  readonly timing: Timing;
  readonly instance: string;
  readonly node: string;
  readonly incarnation: string;
  /** The generation in force when this life begins. */
  readonly generation: number;
  readonly data: string;
  readonly database: LivingDatabase;
  readonly checkpoints: ResourceCheckpoints & Pick<Checkpoints, "lookForEdits">;
  /** Starts this life's host and connects to it. */
  readonly startHost: (events: HostEvents) => Promise<HostClient>;
  /** Where other nodes reach this one; its socket unless given. */
  readonly endpoint?: string;
  readonly hostEvents: Pick<HostEvents, "watch" | "ask">;
  readonly logSizeMax: () => number;
  readonly saveDiverged: () => Promise<void>;
  /** As `MembershipParts.followMove`, with this life's host. */
  readonly followMove?: (host: HostClient) => Promise<ClusterIdentity | undefined>;
  readonly verifyEvidence?: MembershipParts["verifyEvidence"];
  /** How this node asks fence devices when it leads; absent: it asks none. */
  readonly fencing?: Pick<FencingParts, "deviceOf" | "audit"> & { tidy(): Promise<void> };
  /** The leader's housekeeping, about every second. */
  readonly tidy: (membership: Membership) => Promise<void>;
}

/** How a life ended. */
export interface LifeEnd {
  readonly why: string;
  /** The leader's final word, when that ended it. */
  readonly refusal: Failure | undefined;
}

/** From the start of its host to the proof that everything of it has ended. */
export class Life {
  readonly incarnation: string;
  readonly membership: Membership;
  readonly host: HostClient;
  readonly owner: OwnerLoop;
  readonly leaderLoop: LeaderLoop;
  permitEndsAt = 0;
  readonly #parts: LifeParts;
  readonly #over = new AbortController();
  readonly #fencing: Fencing | undefined;
  /** `Nodes` of the database as the host knows it. */
  #told: Key | undefined;

  private constructor(parts: LifeParts, host: HostClient, events: EventSink) {
    this.#parts = parts;
    this.host = host;
    this.incarnation = parts.incarnation;
    const { outside, quorum, timing, log, database, data, node, incarnation } = parts;
    const { endpoint = socketPath.rpc(data) } = parts;
    const isKeptOff = (host: string): boolean => addressesKeptOff(database.tree()).includes(host);
    const beating = { ...outside, timers: withBeat(outside, timing.poll) };
    this.membership = new Membership({
      outside: beating,
      quorum,
      host,
      timing,
      log,
      replica: database.replica,
      self: { node, incarnation, endpoint, ...promisesOf(host) },
      generation: parts.generation,
      dial: (endpoint) => dialLeader(outside, endpoint, parts.instance, timing, isKeptOff),
      logSizeMax: parts.logSizeMax,
      saveDiverged: parts.saveDiverged,
      evidence: kernelEvidence(outside),
      followMove: async () => parts.followMove?.(host),
      ...(parts.verifyEvidence === undefined ? {} : { verifyEvidence: parts.verifyEvidence }),
    });
    const { checkpoints } = parts;
    this.owner = new OwnerLoop({ outside: beating, database, host, checkpoints, log, poll: timing.poll });
    const epoch = (): number | undefined => this.membership.leader()?.epoch;
    if (parts.fencing !== undefined) {
      const { deviceOf, audit } = parts.fencing;
      this.#fencing = new Fencing({
        outside,
        database,
        log,
        epoch,
        deviceOf,
        ...(audit === undefined ? {} : { audit }),
      });
    }
    this.leaderLoop = new LeaderLoop({
      outside: beating,
      database,
      log,
      poll: timing.poll,
      epoch,
      ...(this.#fencing === undefined ? {} : { fencing: this.#fencing }),
    });
    events.resource = (event) => this.owner.hostEvent(event);
    events.permit = (endsAt) => {
      this.permitEndsAt = endsAt;
    };
  }

  /** Starts the host, which waits until every earlier host of this node has gone. */
  static async begin(parts: LifeParts): Promise<Life> {
    const events: EventSink = { resource: () => undefined, permit: () => undefined };
    const host = await parts.startHost({
      watch: (resource, use) => parts.hostEvents.watch(resource, use),
      ask: (question) => parts.hostEvents.ask(question),
      resource: (event) => events.resource(event),
      permit: (endsAt) => events.permit(endsAt),
    });
    return new Life(parts, host, events);
  }

  /** Lives; resolves when everything of this life has ended, applications included. */
  async run(): Promise<LifeEnd> {
    const { database, log } = this.#parts;
    database.setLife(this.membership);
    const stopListening = [database.onChange(() => this.#changed()), this.membership.onRole(() => this.#changed())];
    this.tellTrusted();
    this.#tellMembers();
    const loops = [this.owner.run(this.#over.signal), this.leaderLoop.run(this.#over.signal), this.#housekeeping()];
    const end = await this.membership.run();
    log.warn("this life ends", { why: end.why });
    this.#over.abort();
    this.#fencing?.close();
    this.owner.kick();
    this.leaderLoop.kick();
    for (const stop of stopListening) stop();
    database.setLife(undefined);
    await this.host.finish(end.why);
    await Promise.all([...loops, this.host.ended]);
    return end;
  }

  stop(why: string): void {
    this.membership.stop(why);
  }

  #changed(): void {
    this.owner.kick();
    this.leaderLoop.kick();
    this.#tellMembers();
    const nodes = findKey(this.#parts.database.tree(), rootKey.nodes);
    if (nodes !== this.#told) this.tellTrusted();
    this.#told = nodes;
  }

  /** Tells the host whom it tells its proof, and over which addresses it calls nobody. */
  #tellMembers(): void {
    const { node, database } = this.#parts;
    const records = allNodeRecords(database.tree()).filter((record) => record.up && record.node !== node);
    const endpoints = records.map((record) => record.endpoint);
    this.host.members({ endpoints, keptOff: addressesKeptOff(database.tree()) });
  }

  /** Tells the host whom it believes, and that its certificate may be another one. */
  tellTrusted(): void {
    if (this.#parts.endpoint === undefined) return;
    const known = [...trustedNodes(this.#parts.database.tree())];
    const keys = known.flatMap(([id, { key }]) => (key === undefined ? [] : [[id, key] as const]));
    this.host.trusted({ nodes: Object.fromEntries(keys) });
  }

  async #housekeeping(): Promise<void> {
    const { outside, tidy, log, checkpoints, fencing } = this.#parts;
    while (!this.#over.signal.aborted) {
      await outside.timers.sleep(1000, this.#over.signal);
      if (this.membership.isMember())
        await checkpoints.lookForEdits().catch((error: unknown) => log.warn("looking for edits failed", { error }));
      await fencing?.tidy().catch((error: unknown) => log.warn("fence secrets could not be asked for", { error }));
      if (this.membership.isLeader())
        await tidy(this.membership).catch((error: unknown) => log.warn("housekeeping failed", { error }));
    }
  }
}

/** What the host promises of this life. */
function promisesOf({ hello }: HostClient): { readonly loose: boolean; readonly watchdog?: number } {
  const { watchdog } = hello;
  return { loose: hello.containment === "process-group", ...(watchdog === undefined ? {} : { watchdog }) };
}

/** Nodes that live on this machine, as a directory quorum has them, can be looked at. */
function kernelEvidence(outside: Outside): LifeEvidence {
  return {
    async hasEnded({ endpoint, incarnation }) {
      const data = dataOfEndpoint(endpoint);
      return data !== undefined && (await lifeHasEnded(outside, data, incarnation));
    },
  };
}

interface EventSink {
  resource: HostEvents["resource"];
  permit: HostEvents["permit"];
}
