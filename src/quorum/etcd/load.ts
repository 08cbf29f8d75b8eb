/** Reads the state of a generation: its identity, newest snapshot and the updates after it, all of one revision. */
import { fail } from "../../base/errors.ts";
import { damaged } from "../disk/place.ts";
import type { ClusterIdentity, LogRecord, SnapshotImage } from "../quorum.ts";
import { noCluster } from "../rules.ts";
import { formatTag } from "../tag.ts";
import type { Tag } from "../tag.ts";
import { readBlob } from "./blob.ts";
import type { BlobRef } from "./blob.ts";
import { getAll } from "./client.ts";
import type { EtcdClient, KeyValue } from "./client.ts";
import { blobOfBatch, decodeBatch, decodeIdentity, decodeLog } from "./codec.ts";
import type { LogManifest } from "./codec.ts";
import type { GenerationKeys } from "./place.ts";

/** How often a reader begins again whose snapshot was replaced while it read. */
const attempts = 20;

/** What a generation holds. */
export interface LoadedGeneration {
  readonly identity: ClusterIdentity;
  readonly snapshot: SnapshotImage;
  readonly records: readonly LogRecord[];
  readonly log: LogManifest;
  /** The value of the key `leader`; undefined before the first claim. */
  readonly leader: Uint8Array | undefined;
  /** Bytes of the updates. */
  readonly size: number;
  /** The newest key of updates; undefined when there is none. */
  readonly lastKey: string | undefined;
}

/** Reads it whether it is in force or not. QUORUM_DISK_NOT_FOUND when it was never finished, CLUSTERLOG_CORRUPT. */
export async function loadGeneration(client: EtcdClient, keys: GenerationKeys): Promise<LoadedGeneration> {
  for (let attempt = 1; ; attempt++) {
    const loaded = await loadOnce(client, keys);
    if (typeof loaded !== "string") return loaded;
    if (attempt < attempts) continue;
    throw fail("CLUSTERLOG_CHKPOINT_NOT_FOUND", {
      happened: `The etcd key ${keys.log} names a snapshot, but its chunk ${loaded} is not there.`,
      unchanged: "Nothing was changed.",
      next: "Restore a backup set (docs/manual/etcd.md).",
    });
  }
}

/** A text names what was missing: it was replaced meanwhile, or it is lost. */
async function loadOnce(client: EtcdClient, keys: GenerationKeys): Promise<LoadedGeneration | string> {
  const { found } = await client.txn({
    does: [{ get: keys.identity }, { get: keys.log }, { get: keys.leader }, getAll(keys.records)],
  });
  const [identityKey, logKey, leaderKey] = found.map((each) => each[0]);
  const batches = found[3] ?? [];
  if (identityKey === undefined) throw noCluster(client.place);
  if (logKey === undefined) {
    throw fail("CLUSTER_QUORUMLOG_NOT_FOUND", {
      happened: `There is no etcd key ${keys.log}.`,
      unchanged: "Nothing was changed.",
      next: "Restore a backup set (docs/manual/etcd.md).",
    });
  }
  const log = decodeLog(logKey);
  const hive = await blobOrName(client, keys, log.snapshot, keys.log);
  if (typeof hive === "string") return hive;
  const records: LogRecord[] = [];
  let size = 0;
  let last = log.first;
  for (const batch of batches) {
    const bytes = await batchBytes(client, keys, batch);
    if (typeof bytes === "string") return bytes;
    size += bytes.length;
    for (const record of decodeBatch(batch.key, bytes)) {
      checkFollows(batch.key, last, record.tag);
      last = record.tag;
      records.push(record);
    }
  }
  return {
    identity: decodeIdentity(identityKey).identity,
    snapshot: { tag: log.first, hive },
    records,
    log,
    leader: leaderKey?.value,
    size,
    lastKey: batches.at(-1)?.key,
  };
}

async function batchBytes(client: EtcdClient, keys: GenerationKeys, batch: KeyValue): Promise<Uint8Array | string> {
  const blob = blobOfBatch(batch);
  return blob === undefined ? batch.value : blobOrName(client, keys, blob, batch.key);
}

async function blobOrName(
  client: EtcdClient,
  keys: GenerationKeys,
  blob: BlobRef,
  namedBy: string,
): Promise<Uint8Array | string> {
  const bytes = await readBlob(client, keys, blob);
  if (bytes === "missing") return blob.id;
  if (bytes === "damaged") throw damaged(namedBy, `what it names (${blob.id}) does not have its digest`);
  return bytes;
}

function checkFollows(key: string, last: Tag, tag: Tag): void {
  const same = tag.generation === last.generation && tag.epoch === last.epoch && tag.sequence === last.sequence + 1;
  if (!same) throw damaged(key, `${formatTag(tag)} follows ${formatTag(last)}`);
}
