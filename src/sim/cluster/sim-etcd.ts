/**
 * A simulated etcd: one order of transactions past all processes, and the way to it. A transaction is under way while its process sleeps or
 * dies; its answer may be lost, then the client sends it again; without a leader or a majority nothing is answered, and what was
 * sent may be carried out when that is over. Leases end when their time has passed.
 */
import { OutsideError, type Outside } from "../../base/outside.ts";
import type { EtcdClient, Transaction, TransactionAnswer } from "../../quorum/etcd/client.ts";
import type { GenerationParts } from "../../quorum/etcd/generation.ts";
import { openEtcdQuorum } from "../../quorum/etcd/quorum.ts";
import type { ClusterKeys } from "../../quorum/etcd/seal.ts";
import type { Quorum } from "../../quorum/quorum.ts";
import { createEtcdModel, type EtcdModel } from "../etcd-model.ts";
import type { SimProcess } from "../process.ts";
import type { RandomStream } from "../random.ts";
import type { World } from "../world.ts";
import { quorumPlace } from "./place.ts";

/** Opens the quorum for a program. */
export type OpenSimQuorum = (outside: Outside, process: SimProcess | undefined, place: string) => Promise<Quorum>;

const prefix = "/sim";
/** Milliseconds. */
const election = 1000;
/** As the client that speaks to a real one: milliseconds for an attempt, and for a call. */
const patience = { attempt: 400, call: 1600 };
/** All in milliseconds: the way there or back, and when it is slow; between two troubles, and how long one lasts. */
const times = { way: [0.2, 3], slow: [20, 700], gap: [50, 1500], lasts: [100, 4000], brink: [300, 550] } as const;

const secret = { id: "0011223344556677", secret: new Uint8Array(32).fill(7) };
const keys: ClusterKeys = { begin: async () => secret, newest: async () => secret, find: async () => secret };

type Trouble = "none" | "no leader" | "slow" | "answers lost" | "one node cut off";

/** One etcd of a world. */
export class SimEtcd {
  readonly #world: World;
  readonly #model: EtcdModel = createEtcdModel();
  readonly #random: RandomStream;
  readonly #place: string;
  #trouble: Trouble = "none";
  #cutOff = "";
  /** In some worlds only the leader is cut off, for about as long as it takes the others to challenge it, and before its permit is over. */
  readonly isBrink: boolean;
  /** The node whose host wrote last: mostly the leader's, which confirms all the time. */
  #writer = "1";
  #isOver = true;

  constructor(world: World, place: string = quorumPlace) {
    this.#world = world;
    this.#place = place;
    this.#random = world.random.stream(place === quorumPlace ? "etcd" : `etcd ${place}`);
    this.isBrink = world.random.stream("length of etcd troubles").chance(0.3);
  }

  /** `process` undefined: past every fault. */
  open(outside: Outside, process: SimProcess | undefined): Promise<Quorum> {
    return openEtcdQuorum({ ...this.parts(outside, process), place: this.#place, election });
  }

  /** What a generation is built and read with. */
  parts(outside: Outside, process: SimProcess | undefined): GenerationParts {
    const client = process === undefined ? this.#direct() : this.#client(outside, process);
    return { client, prefix, random: outside.random, keys, election };
  }

  /** Whether the version is there that a folder would have under this path. */
  has(path: string): boolean {
    const [, generation = "", resource = "", number = ""] =
      /\/generation\/([^/]+)\/\{([^}]+)\}\/([0-9a-f]{8})\./i.exec(path) ?? [];
    return this.#model.content.has(`${prefix}/generation/${generation}/version/${resource}/${number.toLowerCase()}`);
  }

  /** One trouble after the other, until `heal`. */
  trouble(): void {
    this.#isOver = false;
    this.#next();
  }

  heal(): void {
    this.#isOver = true;
    this.#become("none");
  }

  #next(): void {
    this.#world.scheduler.after(this.#random.between(...times.gap), () => {
      if (this.#isOver) return;
      this.#cutOff = this.isBrink ? this.#writer : this.#random.pick(["1", "2", "3"]);
      const kinds = ["no leader", "slow", "answers lost", "one node cut off"] as const;
      this.#become(this.isBrink ? "one node cut off" : this.#random.pick(kinds));
      const [least, most] = this.isBrink ? times.brink : times.lasts;
      this.#world.scheduler.after(this.#random.between(least, most), () => {
        if (this.#isOver) return;
        this.#become("none");
        this.#next();
      });
    });
  }

  #become(trouble: Trouble): void {
    this.#trouble = trouble;
    this.#world.trace.add(`etcd: ${trouble}${trouble === "one node cut off" ? ` (${this.#cutOff})` : ""}`);
  }

  #direct(): EtcdClient {
    const model = this.#model;
    return { ...model, txn: async (transaction) => model.apply(transaction) };
  }

  #client({ timers, clock }: Outside, process: SimProcess): EtcdClient {
    const txn = async (transaction: Transaction): Promise<TransactionAnswer> => {
      const until = clock.boot() + patience.call;
      while (clock.boot() < until) {
        const over = new AbortController();
        const late = timers.sleep(patience.attempt, over.signal).then(() => undefined);
        const answer = await Promise.race([this.#send(process, transaction), late]);
        over.abort();
        if (answer !== undefined) return answer;
      }
      throw new OutsideError("ETIMEDOUT", "no majority of etcd answered (simulated)");
    };
    return { ...this.#model, txn, grantLease: (seconds) => this.#grantLease(seconds) };
  }

  async #grantLease(seconds: number): Promise<{ readonly id: string; readonly seconds: number }> {
    const lease = await this.#model.grantLease(seconds);
    this.#world.scheduler.after(lease.seconds * 1000, () => void this.#model.revokeLease(lease.id));
    return lease;
  }

  /** Resolves with the answer, if one comes. */
  #send(process: SimProcess, transaction: Transaction): Promise<TransactionAnswer> {
    const { promise, resolve } = Promise.withResolvers<TransactionAnswer>();
    process.whenRunning(() => {
      this.#world.scheduler.after(this.#way(), () => this.#arrive(process, transaction, resolve));
    });
    return promise;
  }

  #arrive(process: SimProcess, transaction: Transaction, resolve: (answer: TransactionAnswer) => void): void {
    if (this.#trouble === "one node cut off" && process.node === this.#cutOff) return;
    if (this.#trouble === "no leader") {
      // A member may have taken it and bring it to the next leader, or not.
      if (this.#random.chance(0.5)) return;
      this.#world.scheduler.after(this.#random.between(50, 1000), () => this.#arrive(process, transaction, resolve));
      return;
    }
    const answer = this.#model.apply(transaction);
    if (answer.succeeded && process.name === "clubar-host") this.#writer = process.node;
    if (transaction.does.some((one) => !("get" in one)))
      this.#world.trace.add(`etcd: ${process.label} ${answer.succeeded ? "writes" : "is refused"}`);
    if (this.#trouble === "answers lost" && this.#random.chance(0.3)) return;
    this.#world.scheduler.after(this.#way(), () => process.whenRunning(() => resolve(answer)));
  }

  #way(): number {
    const [least, most] = this.#trouble === "slow" ? times.slow : times.way;
    return this.#random.between(least, most);
  }
}
