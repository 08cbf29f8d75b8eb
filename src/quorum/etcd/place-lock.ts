/**
 * The lock of a place in etcd: a key under a lease that its holder renews. A holder that is paused loses it, so nothing rests on it: a move
 * is guarded by what its transactions compare. The lock keeps two from getting in each other's way.
 */
import { toHex } from "../../base/bytes.ts";
import { fail } from "../../base/errors.ts";
import type { Outside } from "../../base/outside.ts";
import type { PlaceLock } from "../disk/place-lock.ts";
import { bytesOf, textOf } from "./client.ts";
import type { EtcdClient } from "./client.ts";
import { moveKeys } from "./place.ts";

/** Seconds that a holder's death holds others up, and milliseconds between renewals. */
const life = { seconds: 6, renew: 2000 };

/** BUSY while somebody else holds it. */
export async function lockEtcdPlace(
  { random, timers }: Pick<Outside, "random" | "timers">,
  client: EtcdClient,
  prefix: string,
): Promise<PlaceLock> {
  const { lock, plan } = moveKeys(prefix);
  const own = bytesOf(toHex(random.bytes(12)));
  const mine = { key: lock, value: own };
  const { id } = await client.grantLease(life.seconds);
  const taken = await client.txn({
    compares: [{ key: lock, is: "absent" }],
    does: [{ put: lock, value: own, lease: id }],
    otherwise: [{ get: lock }],
  });
  if (!taken.succeeded && textOf(taken.found[0]) !== textOf([mine])) {
    await client.revokeLease(id).catch(() => undefined);
    throw busy(client.place);
  }
  const released = new AbortController();
  const renew = async (): Promise<void> => {
    for (;;) {
      await timers.sleep(life.renew, released.signal);
      if (released.signal.aborted) return;
      const lease = await client.grantLease(life.seconds).catch(() => undefined);
      if (lease === undefined) continue;
      const put = { put: lock, value: own, lease: lease.id };
      await client.txn({ compares: [mine], does: [put] }).catch(() => undefined);
    }
  };
  void renew();
  return {
    claim: async (id) => {
      const { succeeded } = await client.txn({ compares: [mine], does: [{ put: plan, value: bytesOf(id) }] });
      if (!succeeded) throw busy(client.place);
    },
    release: async () => {
      released.abort();
      // The lease ends by itself.
      await client.txn({ compares: [mine], does: [{ remove: lock }] }).catch(() => undefined);
    },
  };
}

/** Somebody else has the place. */
export function busy(place: string): Error {
  return fail("BUSY", {
    happened: `Another node moves the quorum ${place}, or died while it did.`,
    unchanged: "Nothing was changed.",
    next: `Wait for it to end; what died holds others up for ${life.seconds} s.`,
  });
}
