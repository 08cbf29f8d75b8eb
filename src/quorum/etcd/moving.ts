/**
 * An etcd that its cluster leaves for another place, as `disk/moving.ts` is for a folder. First it is sealed: one transaction takes the key
 * `current` away, which every other transaction compares. Every one here compares what only its first success changes: sent twice, or
 * late, it does nothing.
 */
import { decodeDeparture, type Departure, encodeDeparture, type Whereabouts } from "../disk/moving.ts";
import { noCluster } from "../rules.ts";
import { bytesOf, textOf } from "./client.ts";
import type { Compare, EtcdClient, KeyValue, Operation } from "./client.ts";
import { busy } from "./place-lock.ts";
import { currentKey, givenUpKey, moveKeys } from "./place.ts";

/** CLUSTERLOG_CORRUPT when the key that says it is damaged. */
export async function etcdWhereabouts(client: EtcdClient, prefix: string): Promise<Whereabouts> {
  return (await look(client, prefix)).where;
}

/**
 * The name of the generation. May be repeated. QUORUM_DISK_NOT_FOUND when nothing is in force, BUSY when somebody claimed the place for
 * another plan since: a mover that was paused lost its lock.
 */
export async function sealEtcd(client: EtcdClient, prefix: string, departure: Departure): Promise<string> {
  const keys = moveKeys(prefix);
  for (;;) {
    const { where, stored, plan } = await look(client, prefix);
    if (where.state === "sealed" && where.departure.plan === departure.plan) return where.generation;
    if (where.state !== "here") throw noCluster(client.place);
    if (plan !== departure.plan) throw busy(client.place);
    const name = where.generation;
    const { succeeded } = await client.txn({
      compares: [
        { key: currentKey(prefix), value: bytesOf(name) },
        { key: keys.plan, value: bytesOf(plan) },
        stored ?? { key: keys.departure, is: "absent" },
      ],
      does: [
        { put: keys.departure, value: encodeDeparture(name, departure) },
        { put: keys.sealed, value: bytesOf(name) },
        { put: givenUpKey(prefix, name), value: new Uint8Array() },
        { remove: currentKey(prefix) },
      ],
    });
    if (succeeded) return name;
  }
}

/** What was sealed by this plan is in force again. May be repeated. */
export function unsealEtcd(client: EtcdClient, prefix: string, plan: string): Promise<void> {
  return endSeal(client, prefix, plan, (name) => ({ put: currentKey(prefix), value: bytesOf(name) }));
}

/** What was sealed by this plan is left for good. May be repeated. */
export function leaveEtcd(client: EtcdClient, prefix: string, plan: string): Promise<void> {
  return endSeal(client, prefix, plan, (name) => ({ put: moveKeys(prefix).retired, value: bytesOf(name) }));
}

async function endSeal(
  client: EtcdClient,
  prefix: string,
  plan: string,
  how: (name: string) => Operation,
): Promise<void> {
  const keys = moveKeys(prefix);
  const { where, stored } = await look(client, prefix);
  if (where.state !== "sealed" || where.departure.plan !== plan || stored === undefined) return;
  const compares: Compare[] = [
    { key: currentKey(prefix), is: "absent" },
    { key: keys.sealed, value: bytesOf(where.generation) },
    stored,
  ];
  await client.txn({ compares, does: [how(where.generation), { remove: keys.sealed }] });
}

/** `stored` is the key `departure` as it is, `plan` what was claimed last. */
interface Look {
  readonly where: Whereabouts;
  readonly stored: KeyValue | undefined;
  readonly plan: string | undefined;
}

async function look(client: EtcdClient, prefix: string): Promise<Look> {
  const keys = moveKeys(prefix);
  const { found } = await client.txn({
    does: [
      { get: currentKey(prefix) },
      ...[keys.departure, keys.sealed, keys.retired, keys.plan].map((get) => ({ get })),
    ],
  });
  const plan = textOf(found[4]);
  const stored = found[1]?.[0];
  const generation = textOf(found[0]);
  if (generation !== undefined) return { where: { state: "here", generation }, stored, plan };
  if (stored === undefined) return { where: { state: "unknown" }, stored, plan };
  const going = decodeDeparture(stored.key, stored.value);
  if (textOf(found[2]) === going.from)
    return { where: { state: "sealed", generation: going.from, departure: going.departure }, stored, plan };
  const isLeft = textOf(found[3]) === going.from;
  const left = { state: "left", generation: going.from, departure: going.departure } as const;
  return { where: isLeft ? left : { state: "unknown" }, stored, plan };
}
