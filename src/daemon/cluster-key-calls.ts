/** How the nodes of a cluster on etcd hand one another the cluster keys, which are in no etcd: both ends of the call `cluster-keys`. */
import { failureOf } from "../base/failure-of.ts";
import type { Outside } from "../base/outside.ts";
import { allNodeRecords } from "../membership/node-records.ts";
import { checkRing, type KeyRing, keptKeys } from "../quorum/etcd/cluster-keys.ts";
import type { ServiceNode } from "./service-node.ts";

/** The method's name. */
export const clusterKeysCall = "cluster-keys";

/** Another node asks; what it has is kept here too, so that in the end all nodes have all keys. */
export async function answerClusterKeys({ parts }: ServiceNode, body: unknown): Promise<KeyRing> {
  const { files, random } = parts.outside;
  const kept = keptKeys(files, random, parts.data);
  await kept.merge(checkRing("another node's question", body), false);
  return kept.ring();
}

/** What a newcomer gets with its membership; empty in a cluster that needs none. */
export function keysForNewcomer({ parts }: ServiceNode): Promise<KeyRing> {
  return keptKeys(parts.outside.files, parts.outside.random, parts.data).ring();
}

/** The newcomer's end. */
export async function takeClusterKeys(
  outside: Pick<Outside, "files" | "random">,
  data: string,
  ring: KeyRing,
): Promise<void> {
  if (ring.length > 0)
    await keptKeys(outside.files, outside.random, data).merge(checkRing("the cluster's answer", ring), true);
}

/**
 * Until `signal`: gets the keys that other nodes made (a restore on an empty machine makes one), before one of them is needed here and its
 * maker is gone.
 */
export async function followClusterKeys(service: ServiceNode, signal: AbortSignal): Promise<void> {
  const { files, random, timers } = service.parts.outside;
  if (service.parts.quorum.kind !== "etcd") return;
  const kept = keptKeys(files, random, service.parts.data);
  while (!signal.aborted) {
    await timers.sleep(service.timing.permit, signal);
    if (signal.aborted || service.database.life() === undefined) continue;
    await askForClusterKeys(service, await kept.ring())
      .then((ring) => kept.merge(ring, false))
      .catch((error: unknown) => service.parts.log.warn("cluster keys", { error: failureOf(error) }));
  }
}

/** Asks the nodes that are up, one after the other; what the one says that is asked last counts as newest. */
export async function askForClusterKeys(
  { parts, callers, database, timing }: ServiceNode,
  own: KeyRing,
): Promise<KeyRing> {
  const known = new Map(own.map((key) => [key.id, key]));
  for (const { node, endpoint, up } of allNodeRecords(database.tree())) {
    if (!up || node === parts.config.node) continue;
    try {
      const ring = checkRing(endpoint, await callers.call(endpoint, clusterKeysCall, [...known.values()], timing.call));
      for (const key of ring) {
        known.delete(key.id);
        known.set(key.id, key);
      }
    } catch (error) {
      parts.log.warn("a node did not hand over the cluster keys", { node, error: failureOf(error) });
    }
  }
  return [...known.values()];
}
