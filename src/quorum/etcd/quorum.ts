/** A quorum on etcd, for nodes on several machines. */
import { equalBytes, toHex } from "../../base/bytes.ts";
import { Mutex } from "../../base/mutex.ts";
import { OutsideError } from "../../base/outside.ts";
import type { Random } from "../../base/outside.ts";
import type {
  Claim,
  ClaimWho,
  ClusterIdentity,
  Leadership,
  Loaded,
  Look,
  Quorum,
  Sealing,
  SnapshotImage,
} from "../quorum.ts";
import { bytesOf, textOf } from "./client.ts";
import type { EtcdClient, KeyValue } from "./client.ts";
import { decodeClaim, decodeIdentity, encodeClaim } from "./codec.ts";
import { Current, within } from "./current.ts";
import { createCluster } from "./generation.ts";
import { EtcdLeadership } from "./leadership.ts";
import { loadGeneration } from "./load.ts";
import { noCluster } from "../rules.ts";
import { type GenerationKeys, currentKey } from "./place.ts";
import type { ClusterKeys } from "./seal.ts";
import { etcdSealing } from "./sealing.ts";
import { SpaceKeeper } from "./space.ts";
import { etcdProofs, etcdVersions } from "./versions.ts";

/** What an etcd quorum is made of. */
export interface EtcdQuorumParts {
  readonly client: EtcdClient;
  /** Where it is, as `--quorum` says it. */
  readonly place: string;
  readonly prefix: string;
  readonly random: Random;
  /** For `.CPR` versions. */
  readonly keys: ClusterKeys;
  /** As the place says; undefined: asked of etcd when a cluster is created. */
  readonly election: number | undefined;
  /** Opens it although it does not answer now. Not for a host: it must know which generation it began in. */
  readonly patient?: boolean;
}

/** Opens the quorum below `prefix`; a cluster need not be there before `create`. */
export async function openEtcdQuorum(parts: EtcdQuorumParts): Promise<Quorum> {
  const quorum = new EtcdQuorum(parts);
  await quorum.open().catch((error: unknown) => {
    if (parts.patient !== true || !(error instanceof OutsideError)) throw error;
  });
  return quorum;
}

class EtcdQuorum implements Quorum {
  readonly kind = "etcd";
  readonly place: string;
  readonly proofs: Quorum["proofs"];
  readonly versions: Quorum["versions"];
  readonly sealing: Sealing;
  readonly #parts: EtcdQuorumParts;
  readonly #client: EtcdClient;
  readonly #current: Current;
  readonly #space: SpaceKeeper;
  /** The generation that was in force when this handle was opened, or the first one after. */
  #openedIn: GenerationKeys | undefined;
  /** In which generation this handle took an epoch: a newer generation's equal number must not confirm an old leader. */
  readonly #claimedIn = new Map<number, GenerationKeys>();
  readonly #confirming = new Mutex();
  /** What `confirm` wrote last, and under which claim. */
  #counter:
    | { readonly keys: GenerationKeys; readonly epoch: number; readonly claim: Uint8Array; value: number }
    | undefined;

  constructor(parts: EtcdQuorumParts) {
    this.#parts = parts;
    this.#space = new SpaceKeeper(parts.client, currentKey(parts.prefix));
    this.#client = this.#space.client;
    this.place = parts.place;
    this.#current = new Current(this.#client, parts.prefix);
    this.proofs = etcdProofs(this.#current);
    this.sealing = etcdSealing(this.#current);
    this.versions = etcdVersions({ ...parts, client: this.#client }, this.#current);
  }

  /** Notes which generation is in force. */
  async open(): Promise<void> {
    this.#openedIn = await this.#current.look();
  }

  async identity(): Promise<ClusterIdentity | undefined> {
    const keys = await this.#current.look();
    if (keys === undefined) return undefined;
    const { found } = await this.#client.txn({ does: [{ get: keys.identity }] });
    const stored = found[0]?.[0];
    return stored === undefined ? undefined : decodeIdentity(stored).identity;
  }

  async create(identity: ClusterIdentity, image: SnapshotImage): Promise<void> {
    await createCluster({ ...this.#parts, client: this.#client }, identity, image);
  }

  async leader(): Promise<Claim | undefined> {
    const answer = await this.#current.runIfAny(({ leader }) => ({ does: [{ get: leader }] }));
    const stored = answer?.found[0]?.[0];
    return stored === undefined ? undefined : decodeClaim(stored);
  }

  /** A service that gave its claim back, or one whose host proved that this life is over. */
  async holderDied(epoch: number): Promise<boolean> {
    const { keys, found } = await this.#current.run(({ resigned, leader }) => ({
      does: [{ get: resigned(epoch) }, { get: leader }],
    }));
    const [resigned, stored] = found.map((each) => each[0]);
    if (resigned !== undefined) return true;
    const claim = stored === undefined ? undefined : decodeClaim(stored);
    if (claim?.epoch !== epoch) return false;
    const { state, found: proofs } = await within(this.#client, keys, { does: [{ get: keys.proof(claim) }] });
    return state === "done" && proofs[0]?.[0] !== undefined;
  }

  async counter(epoch: number): Promise<number> {
    const { found } = await this.#current.run(({ counter }) => ({ does: [{ get: counter(epoch) }] }));
    return Number(textOf(found[0]) ?? 0);
  }

  async look(claim: Claim): Promise<Look> {
    const answer = await this.#current.runIfAny(({ leader, counter, resigned, proof }) => ({
      does: [leader, counter(claim.epoch), resigned(claim.epoch), proof(claim)].map((get) => ({ get })),
    }));
    const [stored, counter, resigned, proof] = answer?.found.map((each) => each[0]) ?? [];
    return {
      leader: stored === undefined ? undefined : decodeClaim(stored),
      counter: counter === undefined ? 0 : Number(textOf([counter])),
      holderDied: resigned !== undefined || proof !== undefined,
    };
  }

  async claim(after: number, who: ClaimWho): Promise<Leadership | undefined> {
    const keys = await this.#current.look();
    if (keys === undefined) throw noCluster(this.place);
    const before = await within(this.#client, keys, { does: [{ get: keys.leader }] });
    const held = before.found[0]?.[0];
    if (before.state !== "done" || (held === undefined ? 0 : decodeClaim(held).epoch) !== after) return undefined;
    const epoch = after + 1;
    const claim = encodeClaim({ epoch, ...who }, toHex(this.#parts.random.bytes(12)));
    const { state, found } = await within(this.#client, keys, {
      compares: [held === undefined ? { key: keys.leader, is: "absent" } : held],
      does: [
        { put: keys.leader, value: claim },
        { put: keys.claim(epoch), value: claim },
      ],
      otherwise: [{ get: keys.leader }],
    });
    // A claim that was carried out before its answer was lost is refused the second time: its nonce tells.
    if (state !== "done" && !(state === "refused" && sameValue(found[0]?.[0], claim))) return undefined;
    this.#claimedIn.set(epoch, keys);
    return new EtcdLeadership({ client: this.#client, random: this.#parts.random, keys, claim }, epoch);
  }

  confirm(epoch: number): Promise<boolean> {
    return this.#confirming.run(async () => {
      this.#openedIn ??= await this.#current.look();
      const keys = this.#claimedIn.get(epoch) ?? this.#openedIn;
      if (keys === undefined) throw noCluster(this.place);
      if (this.#counter?.keys !== keys || this.#counter.epoch !== epoch) {
        const counter = await this.#firstCounter(keys, epoch);
        if (counter === undefined) return false;
        this.#counter = { keys, epoch, ...counter };
      }
      const counter = this.#counter;
      counter.value += 1;
      const { state, revision } = await within(this.#client, keys, {
        compares: [{ key: keys.leader, value: counter.claim }],
        does: [{ put: keys.counter(epoch), value: bytesOf(String(counter.value)) }],
      });
      if (state === "done") this.#space.passed(revision);
      return state === "done";
    });
  }

  async load(): Promise<Loaded> {
    const keys = await this.#current.look();
    if (keys === undefined) throw noCluster(this.place);
    const { identity, snapshot, records } = await loadGeneration(this.#client, keys);
    return { identity, snapshot, records };
  }

  async #firstCounter(keys: GenerationKeys, epoch: number): Promise<{ claim: Uint8Array; value: number } | undefined> {
    const { state, found } = await within(this.#client, keys, {
      does: [{ get: keys.leader }, { get: keys.counter(epoch) }],
    });
    const held = found[0]?.[0];
    if (state !== "done" || held === undefined || decodeClaim(held).epoch !== epoch) return undefined;
    return { claim: held.value, value: Number(textOf(found[1]) ?? 0) };
  }
}

function sameValue(stored: KeyValue | undefined, value: Uint8Array): boolean {
  return stored !== undefined && equalBytes(stored.value, value);
}
