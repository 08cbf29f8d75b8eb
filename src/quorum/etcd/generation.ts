/**
 * Generations: every authoritative restore builds all keys of a new one beside the old and puts it in force by one transaction on the
 * key `current` (docs/safety.md §5.4). Nothing of an older generation is changed in place.
 */
import { fail } from "../../base/errors.ts";
import { toHex } from "../../base/bytes.ts";
import type { Random } from "../../base/outside.ts";
import type { ClusterIdentity, SnapshotImage } from "../quorum.ts";
import { checkFirstImage, checkNewer, clusterExists, generationName, parseVersionPath } from "../rules.ts";
import type { VersionBytes } from "../rules.ts";
import { stageBlob } from "./blob.ts";
import { bytesOf, getAll, removeAll, textOf } from "./client.ts";
import type { Compare, EtcdClient, Operation } from "./client.ts";
import { decodeIdentity, encodeIdentity, encodeLog, encodeSealing } from "./codec.ts";
import { currentKey, generationKeys, generationsKey, givenUpKey, moveKeys } from "./place.ts";
import type { GenerationKeys } from "./place.ts";
import type { ClusterKeys } from "./seal.ts";
import { electionFromLease } from "./times.ts";
import { putVersion } from "./versions.ts";

/** What generations are made through. */
export interface GenerationParts {
  readonly client: EtcdClient;
  readonly prefix: string;
  readonly random: Random;
  readonly keys: ClusterKeys;
  /** As the place says; undefined: asked of etcd. */
  readonly election: number | undefined;
}

/** Makes the first generation and puts it in force; fails with OBJECT_ALREADY_EXISTS when there is one. */
export async function createCluster(
  parts: GenerationParts,
  identity: ClusterIdentity,
  image: SnapshotImage,
): Promise<void> {
  const { client, prefix } = parts;
  checkFirstImage(identity, image);
  if ((await currentName(client, prefix)) !== undefined) throw clusterExists(client.place);
  const keys = generationKeys(prefix, generationName(identity));
  const made = toHex(parts.random.bytes(12));
  const { compares, does } = await firstKeys(parts, keys, identity, image, made);
  const seals = await parts.keys.begin();
  if (seals !== undefined) does.push({ put: keys.sealing, value: encodeSealing({ key: seals.id, evictions: 0 }) });
  const { succeeded, found } = await client.txn({
    compares: [{ key: keys.current, is: "absent" }, ...compares],
    does: [...does, { put: keys.current, value: bytesOf(keys.name) }],
    otherwise: [{ get: keys.current }, { get: keys.identity }],
  });
  if (succeeded) return;
  const [current, stored] = found;
  const isMine = stored?.[0] !== undefined && decodeIdentity(stored[0]).made === made;
  if (textOf(current) === keys.name && isMine) return;
  if (textOf(current) !== keys.name) await client.txn({ does: [removeAll(keys.root)] });
  throw clusterExists(client.place);
}

/**
 * Builds a whole generation that is not in force. One of the same name that was left unfinished or never put in force is built anew.
 * Fails with OBJECT_ALREADY_EXISTS when it is in force, INVALID_STATE when the one in force is not older.
 */
export async function buildGeneration(
  parts: GenerationParts,
  identity: ClusterIdentity,
  image: SnapshotImage,
  versions: Iterable<VersionBytes> | AsyncIterable<VersionBytes>,
): Promise<void> {
  const { client, prefix } = parts;
  checkFirstImage(identity, image);
  const keys = generationKeys(prefix, generationName(identity));
  const before = await currentName(client, prefix);
  if (before === keys.name) throw clusterExists(client.place);
  checkNewer(client.place, before, identity);
  // Late, when the generation has been built again and is in force, neither this nor the last step below may happen.
  const unchanged = currentIs(prefix, before);
  await client.txn({ compares: [unchanged], does: [removeAll(keys.root)] });
  const seals = await parts.keys.begin();
  if (seals !== undefined) {
    const value = encodeSealing({ key: seals.id, evictions: -1 });
    await client.txn({ compares: [unchanged], does: [{ put: keys.sealing, value }] });
  }
  for await (const { name, bytes } of versions) {
    const version = parseVersionPath(name);
    await putVersion(parts, keys, version, bytes, seals, (step) => client.txn(step));
  }
  const made = toHex(parts.random.bytes(12));
  const { compares, does } = await firstKeys(parts, keys, identity, image, made);
  const { succeeded, found } = await client.txn({
    compares: [unchanged, { key: keys.identity, is: "absent" }, ...compares],
    does,
    otherwise: [{ get: keys.identity }],
  });
  const stored = found[0]?.[0];
  if (!succeeded && (stored === undefined || decodeIdentity(stored).made !== made)) throw uploadTooLong(client.place);
}

/** Refuses what is to be restored into an etcd from which the cluster is being moved away: a mover that sleeps may still switch. */
async function refuseWhileMoved(client: EtcdClient, prefix: string): Promise<readonly Compare[]> {
  const { lock, sealed } = moveKeys(prefix);
  const { found } = await client.txn({ does: [{ get: lock }, { get: sealed }] });
  if (found.some(({ length }) => length > 0)) {
    throw fail("BUSY", {
      happened: `The cluster in ${client.place} is being moved to or from there.`,
      unchanged: "The quorum is as it was.",
      next: "Start the service of a node that sees both places, which ends the move; then restore again. Or restore under another prefix.",
    });
  }
  return [lock, sealed].map((key) => ({ key, is: "absent" as const }));
}

/** As `switchGeneration`, for a restore: it has no lock, so it is BUSY while a move from or to here is under way or unfinished. */
export async function switchToRestored(
  client: EtcdClient,
  prefix: string,
  identity: Pick<ClusterIdentity, "generation" | "lineage">,
): Promise<void> {
  await switchGeneration(client, prefix, identity, () => refuseWhileMoved(client, prefix));
}

/**
 * Puts a generation that was built in force. May be repeated. INVALID_STATE when it was never finished or was given up, or when the one in
 * force has the same or a higher generation: two histories are never merged.
 */
export async function switchGeneration(
  client: EtcdClient,
  prefix: string,
  identity: Pick<ClusterIdentity, "generation" | "lineage">,
  alsoHolds: () => Promise<readonly Compare[]> = async () => [],
): Promise<void> {
  const keys = generationKeys(prefix, generationName(identity));
  for (;;) {
    const before = await currentName(client, prefix);
    if (before === keys.name) return;
    checkNewer(client.place, before, identity);
    const unchanged = currentIs(prefix, before);
    const { succeeded, found } = await client.txn({
      compares: [
        unchanged,
        { key: keys.identity, is: "present" },
        { key: givenUpKey(prefix, keys.name), is: "absent" },
        ...(await alsoHolds()),
      ],
      does: [{ put: keys.current, value: bytesOf(keys.name) }],
      otherwise: [{ get: keys.identity }, { get: givenUpKey(prefix, keys.name) }],
    });
    if (succeeded) return;
    if (found[0]?.length === 0 || found[1]?.length === 1) {
      throw fail("INVALID_STATE", {
        happened: `Generation ${keys.name} in etcd (${keys.root}) is not there, was never finished, or was given up.`,
        unchanged: "The quorum is as it was.",
        next: "Start the restore again.",
      });
    }
  }
}

/**
 * Takes an etcd quorum out of force for good, because the cluster goes on elsewhere: from now on it confirms nobody. False when nothing
 * is in force there.
 */
export async function retireGeneration(client: EtcdClient, prefix: string): Promise<boolean> {
  for (;;) {
    const before = await currentName(client, prefix);
    if (before === undefined) return false;
    const current = currentKey(prefix);
    const { succeeded } = await client.txn({
      compares: [{ key: current, value: bytesOf(before) }],
      does: [{ put: `${current}.retired`, value: bytesOf(before) }, { remove: current }],
    });
    if (succeeded) return true;
  }
}

/**
 * From here on the generation is never put in force, however late a transaction comes that was to do it; false when it is in force. May be
 * repeated.
 */
export async function giveUpGeneration(
  client: EtcdClient,
  prefix: string,
  identity: Pick<ClusterIdentity, "generation" | "lineage">,
): Promise<boolean> {
  const name = generationName(identity);
  for (;;) {
    const before = await currentName(client, prefix);
    if (before === name) return false;
    const unchanged = currentIs(prefix, before);
    const does = [{ put: givenUpKey(prefix, name), value: new Uint8Array() }];
    if ((await client.txn({ compares: [unchanged], does })).succeeded) return true;
  }
}

/** Names of all generations that have keys, oldest name first. */
export async function generationNames(client: EtcdClient, prefix: string): Promise<readonly string[]> {
  const from = generationsKey(prefix);
  const { found } = await client.txn({ does: [getAll(from, true)] });
  const names = (found[0] ?? []).map(({ key }) => key.slice(from.length).split("/")[0] ?? "");
  return [...new Set(names)];
}

/** Removes a generation unless it is in force. */
export async function removeGeneration(client: EtcdClient, prefix: string, name: string): Promise<void> {
  const before = await currentName(client, prefix);
  if (before === name) return;
  await client.txn({ compares: [currentIs(prefix, before)], does: [removeAll(generationKeys(prefix, name).root)] });
}

/** The name of the generation in force; undefined when there is none. */
export async function currentName(client: EtcdClient, prefix: string): Promise<string | undefined> {
  const { found } = await client.txn({ does: [{ get: currentKey(prefix) }] });
  return textOf(found[0]);
}

/** Upper bound of etcd's election timeout in milliseconds: what was agreed, or what its shortest lease shows. */
export async function electionOf({ client, election }: Pick<GenerationParts, "client" | "election">): Promise<number> {
  const { id, seconds } = await client.grantLease(1);
  await client.revokeLease(id).catch(() => undefined);
  const bound = electionFromLease(seconds);
  if (election === undefined) return bound;
  if (Math.ceil((election * 1.5) / 1000) >= seconds) return election;
  throw fail("CLUSTER_PARAMETER_MISMATCH", {
    happened: `etcd's election timeout is above the ${election} ms that --quorum says: it grants no lease below ${seconds} s.`,
    unchanged: "Nothing was changed.",
    next: `Say its --election-timeout (at most ${bound}) as election=MS in --quorum, or leave that out.`,
  });
}

function currentIs(prefix: string, name: string | undefined): Compare {
  const key = currentKey(prefix);
  return name === undefined ? { key, is: "absent" } : { key, value: bytesOf(name) };
}

async function firstKeys(
  parts: GenerationParts,
  keys: GenerationKeys,
  identity: ClusterIdentity,
  image: SnapshotImage,
  made: string,
): Promise<{ compares: readonly Compare[]; does: Operation[] }> {
  const election = await electionOf(parts);
  const staged = await stageBlob(parts.client, keys, parts.random, image.hive);
  const log = encodeLog({ epoch: 0, index: 0, first: image.tag, snapshot: staged.ref });
  const stored = encodeIdentity({ identity, election, made });
  return {
    compares: staged.compares,
    does: [...staged.does, { put: keys.log, value: log }, { put: keys.identity, value: stored }],
  };
}

/** TIMEOUT: chunks whose lease ended before they were named. */
export function uploadTooLong(place: string): Error {
  return fail("TIMEOUT", {
    happened: `Writing to etcd at ${place} took so long that etcd let go of what was begun.`,
    unchanged: "Nothing of it counts.",
    next: "Look at the load of etcd and of the network, then try again.",
  });
}
