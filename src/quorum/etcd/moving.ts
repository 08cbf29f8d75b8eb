/**
 * An etcd that its cluster leaves for another place, as `disk/moving.ts` is for a folder. First it is sealed: one transaction takes the key
 * `current` away, which every other transaction compares. Every one here compares what only its first success changes: sent twice, or
 * late, it does nothing.
 */
import { decodeDeparture, type Departure, encodeDeparture, type Whereabouts } from "../disk/moving.ts";
import { noCluster } from "../rules.ts";
import { bytesOf, textOf } from "./client.ts";
import type { Compare, EtcdClient, KeyValue, Operation } from "./client.ts";
import { currentKey, givenUpKey, moveKeys } from "./place.ts";

/** CLUSTERLOG_CORRUPT when the key that says it is damaged. */
export async function etcdWhereabouts(client: EtcdClient, prefix: string): Promise<Whereabouts> {
  return (await look(client, prefix)).where;
}

/** The name of the generation. May be repeated. QUORUM_DISK_NOT_FOUND when nothing is in force. */
export async function sealEtcd(client: EtcdClient, prefix: string, departure: Departure): Promise<string> {
  const keys = moveKeys(prefix);
  for (;;) {
    const { where, stored } = await look(client, prefix);
    if (where.state === "sealed" && where.departure.plan === departure.plan) return where.generation;
    if (where.state !== "here") throw noCluster(client.place);
    const name = where.generation;
    const { succeeded } = await client.txn({
      compares: [{ key: currentKey(prefix), value: bytesOf(name) }, stored ?? { key: keys.departure, is: "absent" }],
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

/** What was sealed is in force again. May be repeated. */
export function unsealEtcd(client: EtcdClient, prefix: string): Promise<void> {
  return endSeal(client, prefix, (name) => ({ put: currentKey(prefix), value: bytesOf(name) }));
}

/** What was sealed is left for good. May be repeated. */
export function leaveEtcd(client: EtcdClient, prefix: string): Promise<void> {
  return endSeal(client, prefix, (name) => ({ put: moveKeys(prefix).retired, value: bytesOf(name) }));
}

async function endSeal(client: EtcdClient, prefix: string, how: (name: string) => Operation): Promise<void> {
  const keys = moveKeys(prefix);
  const { where, stored } = await look(client, prefix);
  if (where.state !== "sealed" || stored === undefined) return;
  const compares: Compare[] = [
    { key: currentKey(prefix), is: "absent" },
    { key: keys.sealed, value: bytesOf(where.generation) },
    stored,
  ];
  await client.txn({ compares, does: [how(where.generation), { remove: keys.sealed }] });
}

/** `stored` is the key `departure` as it is. */
async function look(
  client: EtcdClient,
  prefix: string,
): Promise<{ readonly where: Whereabouts; readonly stored: KeyValue | undefined }> {
  const { departure, sealed, retired } = moveKeys(prefix);
  const { found } = await client.txn({
    does: [{ get: currentKey(prefix) }, { get: departure }, { get: sealed }, { get: retired }],
  });
  const stored = found[1]?.[0];
  const generation = textOf(found[0]);
  if (generation !== undefined) return { where: { state: "here", generation }, stored };
  if (stored === undefined) return { where: { state: "unknown" }, stored };
  const going = decodeDeparture(stored.key, stored.value);
  if (textOf(found[2]) === going.from)
    return { where: { state: "sealed", generation: going.from, departure: going.departure }, stored };
  const isLeft = textOf(found[3]) === going.from;
  const left = { state: "left", generation: going.from, departure: going.departure } as const;
  return { where: isLeft ? left : { state: "unknown" }, stored };
}
