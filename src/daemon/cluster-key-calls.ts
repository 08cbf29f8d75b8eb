/** How the nodes of a cluster on etcd hand one another the cluster keys, which are in no etcd: both ends of the call `cluster-keys`. */
import { fail } from "../base/errors.ts";
import { failureOf } from "../base/failure-of.ts";
import type { Outside } from "../base/outside.ts";
import { evictionsOf } from "../database/commands/node.ts";
import { allNodeRecords } from "../membership/node-records.ts";
import { checkRing, type KeyRing, keptKeys } from "../quorum/etcd/cluster-keys.ts";
import { rotateKey } from "../quorum/etcd/sealing.ts";
import { formatTag, parseTag } from "../quorum/tag.ts";
import type { ServiceNode } from "./service-node.ts";

/** The method's name. */
export const clusterKeysCall = "cluster-keys";

/** What goes either way. */
interface KeysTold {
  readonly keys: KeyRing;
  /** The sender's copy is at this tag. Who takes the keys first has that, too: so it knows who was evicted before they were made. */
  readonly after: string;
}

/** Another node asks; what it has is kept here too, so that in the end all nodes have all keys. */
export async function answerClusterKeys(service: ServiceNode, body: unknown): Promise<KeysTold> {
  const { files, random } = service.parts.outside;
  const kept = keptKeys(files, random, service.parts.data);
  await kept.merge(await ringOf(service, "another node's question", body, await kept.ring()), false);
  return tell(service, await kept.ring());
}

function tell({ database }: ServiceNode, keys: KeyRing): KeysTold {
  return { keys, after: formatTag(database.tag()) };
}

/** The keys that somebody told, as soon as this node's copy is where the teller's was; TIMEOUT. INVALID_DATA. */
async function ringOf({ database, timing }: ServiceNode, from: string, told: unknown, own: KeyRing): Promise<KeyRing> {
  const { keys, after } = (typeof told === "object" && told !== null ? told : {}) as Partial<KeysTold>;
  const ring = checkRing(from, keys);
  const tag = parseTag(typeof after === "string" ? after : "");
  if (tag === undefined)
    throw fail("INVALID_DATA", { happened: `${from} has no tag.`, unchanged: "Nothing was changed." });
  if (ring.some(({ id }) => !own.some((key) => key.id === id))) await database.waitFor(tag, timing.call / 2);
  return ring;
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
 * maker is gone; and makes the next one when this node leads and somebody was evicted.
 */
export async function followClusterKeys(service: ServiceNode, signal: AbortSignal): Promise<void> {
  const { files, random, timers } = service.parts.outside;
  const kept = keptKeys(files, random, service.parts.data);
  let nap = new AbortController();
  const wake = (): void => nap.abort();
  signal.addEventListener("abort", wake);
  const stop = service.database.onChange((tree, before) => {
    if (evictionsOf(tree) !== evictionsOf(before)) wake();
  });
  while (!signal.aborted) {
    await timers.sleep(service.timing.permit, nap.signal);
    nap = new AbortController();
    if (signal.aborted || service.quorum.sealing === undefined || service.database.life() === undefined) continue;
    await askForClusterKeys(service, await kept.ring())
      .then((ring) => kept.merge(ring, false))
      .then(() => rotateWhenLeading(service))
      .catch((error: unknown) => service.parts.log.warn("cluster keys", { error: failureOf(error) }));
  }
  stop();
}

async function rotateWhenLeading(service: ServiceNode): Promise<void> {
  const { database, quorum, parts } = service;
  if (quorum.sealing === undefined || !database.isLeader()) return;
  const { files, random } = parts.outside;
  const kept = keptKeys(files, random, parts.data, (own) => askForClusterKeys(service, own));
  const made = await rotateKey({
    sealing: quorum.sealing,
    kept,
    evictions: evictionsOf(database.tree()),
    handOver: async (ring) => void (await askForClusterKeys(service, ring)),
  });
  if (made !== undefined) parts.log.info("a new cluster key seals", { ...made });
}

/** Whether a key that nobody has who was evicted before now seals, after a moment of waiting; true where nothing is sealed. */
export async function isKeyRotated({ quorum, database, parts, timing }: ServiceNode): Promise<boolean> {
  const { clock, timers } = parts.outside;
  const evictions = evictionsOf(database.tree());
  for (const until = clock.boot() + 2 * timing.call; ; await timers.sleep(timing.poll)) {
    const agreed = await quorum.sealing?.agreed();
    if (quorum.sealing === undefined || (agreed?.evictions ?? -1) >= evictions) return true;
    if (clock.boot() >= until) return false;
  }
}

/** Asks the nodes that are up, one after the other; what the one says that is asked last counts as newest. */
export async function askForClusterKeys(service: ServiceNode, own: KeyRing): Promise<KeyRing> {
  const { parts, callers, database, timing } = service;
  const known = new Map(own.map((key) => [key.id, key]));
  for (const { node, endpoint, up } of allNodeRecords(database.tree())) {
    if (!up || node === parts.config.node) continue;
    try {
      const asked = tell(service, [...known.values()]);
      const told = await callers.call(endpoint, clusterKeysCall, asked, timing.call);
      for (const key of await ringOf(service, endpoint, told, asked.keys)) {
        known.delete(key.id);
        known.set(key.id, key);
      }
    } catch (error) {
      parts.log.warn("a node did not hand over the cluster keys", { node, error: failureOf(error) });
    }
  }
  return [...known.values()];
}
