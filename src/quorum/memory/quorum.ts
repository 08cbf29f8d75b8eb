/** A quorum in one process' memory, for tests and the simulation. */
import type { Outside } from "../../base/outside.ts";
import type { Claim, ClaimWho, ClusterIdentity, Leadership, Loaded, Look, Quorum, SnapshotImage } from "../quorum.ts";
import { clusterExists, noCluster } from "../rules.ts";
import { currentEpoch, newestLogBelow, newGeneration } from "./generation.ts";
import type { MemoryGeneration } from "./generation.ts";
import { MemoryLeadership } from "./leadership.ts";
import type { Step } from "./leadership.ts";
import { memoryProofs, memoryVersions } from "./versions.ts";
import type { MemoryStore } from "./store.ts";

export { switchMemoryStore } from "./generation.ts";
export { createMemoryStore } from "./store.ts";
export type { MemoryStore } from "./store.ts";

/** One node's handle. Every call yields through `outside.timers` at least once, so that others come between. */
export function openMemoryQuorum(store: MemoryStore, outside: Pick<Outside, "timers">): Quorum {
  const step: Step = async (call) => {
    await outside.timers.sleep(0);
    const error = store.fault(call);
    if (error !== undefined) throw error;
  };
  const generation = (): MemoryGeneration => {
    if (store.current === undefined) throw noCluster("memory");
    return store.current;
  };
  let openedIn = store.current;
  /** The generation in which this handle took an epoch: an old epoch must not be confirmed by a newer generation's equal number. */
  const claimedIn = new Map<number, MemoryGeneration>();
  return {
    kind: "memory",
    place: "memory",
    proofs: memoryProofs(generation, step),
    versions: memoryVersions(generation, step),

    async identity(): Promise<ClusterIdentity | undefined> {
      await step("identity");
      return store.current?.identity;
    },
    async create(identity: ClusterIdentity, image: SnapshotImage): Promise<void> {
      const next = newGeneration(identity, image);
      await step("create");
      if (store.current !== undefined) throw clusterExists("memory");
      store.current = next;
    },
    async leader(): Promise<Claim | undefined> {
      await step("leader");
      if (store.current === undefined) return undefined;
      return store.current.claims.get(currentEpoch(store.current));
    },
    async holderDied(epoch: number): Promise<boolean> {
      await step("holderDied");
      const claim = generation().claims.get(epoch);
      return claim !== undefined && (generation().resigned.has(epoch) || !store.isAlive(claim.incarnation));
    },
    async counter(epoch: number): Promise<number> {
      await step("counter");
      return generation().counters.get(epoch) ?? 0;
    },
    look(claim: Claim): Promise<Look> {
      return lookAt(this, claim);
    },
    async claim(after: number, who: ClaimWho): Promise<Leadership | undefined> {
      await step("claim");
      const { claims } = generation();
      if (currentEpoch(generation()) !== after) return undefined;
      const epoch = after + 1;
      claims.set(epoch, { epoch, ...who });
      claimedIn.set(epoch, generation());
      return new MemoryLeadership(store, generation(), epoch, step);
    },
    async confirm(epoch: number): Promise<boolean> {
      await step("confirm");
      openedIn ??= generation();
      const mine = claimedIn.get(epoch) ?? openedIn;
      mine.counters.set(epoch, (mine.counters.get(epoch) ?? 0) + 1);
      await step("confirm");
      return store.current === mine && currentEpoch(mine) === epoch;
    },
    async load(): Promise<Loaded> {
      await step("load");
      const { snapshot, records } = newestLogBelow(generation(), Number.POSITIVE_INFINITY);
      return { identity: generation().identity, snapshot, records: [...records] };
    },
  };
}

/** One after the other, so that others come between. */
async function lookAt(quorum: Quorum, { epoch }: Claim): Promise<Look> {
  const leader = await quorum.leader();
  return { leader, counter: await quorum.counter(epoch), holderDied: await quorum.holderDied(epoch) };
}
