/**
 * Which cluster key seals: agreed in etcd, where every write of a secret compares it, so that none under an older key comes after. The
 * keys themselves are in no etcd.
 */
import { equalBytes } from "../../base/bytes.ts";
import { noCluster } from "../rules.ts";
import type { Sealing, SealingKey } from "../quorum.ts";
import type { Compare } from "./client.ts";
import { decodeSealing, encodeSealing } from "./codec.ts";
import { type Current, within } from "./current.ts";
import type { KeptKeys, KeyRing } from "./cluster-keys.ts";

/** In the generation in force. */
export function etcdSealing(current: Current): Sealing {
  return {
    async agreed() {
      const { found } = await current.run(({ sealing }) => ({ does: [{ get: sealing }] }));
      const stored = found[0]?.[0];
      return stored === undefined ? undefined : decodeSealing(stored);
    },
    async agree(next, before) {
      const keys = await current.look();
      if (keys === undefined) throw noCluster(current.client.place);
      const key = keys.sealing;
      const compare: Compare = before === undefined ? { key, is: "absent" } : { key, value: encodeSealing(before) };
      const value = encodeSealing(next);
      const { state, found } = await within(current.client, keys, {
        compares: [compare],
        does: [{ put: key, value }],
        otherwise: [{ get: key }],
      });
      const stored = found[0]?.[0];
      // The key's id is random: what names it is this very call, sent twice.
      return state === "done" || (state === "refused" && stored !== undefined && equalBytes(stored.value, value));
    },
  };
}

/** What one rotation needs. */
export interface Rotation {
  readonly sealing: Sealing;
  readonly kept: Pick<KeptKeys, "find" | "make" | "ring">;
  /** How many nodes were evicted, as the leader's database knows it. */
  readonly evictions: number;
  /** Gives all keys to the members that are up, before anything is sealed with the new one. */
  readonly handOver: (ring: KeyRing) => Promise<void>;
}

/**
 * After an eviction, or when nobody who answers has the agreed key: a new one, handed over, agreed; undefined when there is no need. Cut
 * short anywhere it leaves a key that seals nothing, and the next call begins anew.
 */
export async function rotateKey({ sealing, kept, evictions, handOver }: Rotation): Promise<SealingKey | undefined> {
  const before = await sealing.agreed();
  if (before !== undefined && before.evictions >= evictions && (await kept.find(before.key)) !== undefined)
    return undefined;
  const { id } = await kept.make();
  await handOver(await kept.ring());
  const next = { key: id, evictions };
  return (await sealing.agree(next, before)) ? next : undefined;
}
