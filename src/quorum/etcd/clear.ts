/**
 * What a leader clears away once its own log is in place. Best effort; every removal compares the claim, so that an old leader removes
 * nothing.
 */
import type { Compare, EtcdClient, Operation } from "./client.ts";
import { getAll } from "./client.ts";
import { blobOfBatch, decodeLog, decodeVersion } from "./codec.ts";
import { removeBlob } from "./blob.ts";
import { within } from "./current.ts";
import type { GenerationKeys } from "./place.ts";

/** Claims and what belongs to them that are kept, so that people see who led. */
const claimsKept = 64;
/** Below etcd's limit of 128 operations in a transaction. */
const together = 100;

/** Chunks that nothing names and nothing keeps pending, old claims, counters and resignations. */
export async function clearOld(client: EtcdClient, keys: GenerationKeys, epoch: number, claim: Compare): Promise<void> {
  const { found } = await client.txn({
    does: [
      getAll(keys.chunks, true),
      getAll(keys.pendings, true),
      getAll(keys.versions),
      getAll(keys.records),
      { get: keys.log },
    ],
  });
  const [chunks = [], pendings = [], versions = [], records = [], logs = []] = found;
  const idAt = (start: string, key: string): string => key.slice(start.length).split("/")[0] ?? "";
  const used = new Set(pendings.map(({ key }) => idAt(keys.pendings, key)));
  for (const version of versions) used.add(decodeVersion(version).blob.id);
  for (const record of records) used.add(blobOfBatch(record)?.id ?? "");
  for (const log of logs) used.add(decodeLog(log).snapshot.id);
  // The name of a blob is never used again: what is an orphan now stays one.
  const orphans = new Set(chunks.map(({ key }) => idAt(keys.chunks, key)).filter((id) => !used.has(id)));
  const oldest = Math.max(0, epoch - claimsKept);
  const removals: Operation[] = [
    { remove: keys.claims, to: keys.claim(oldest) },
    { remove: keys.counter(0), to: keys.counter(epoch) },
    { remove: keys.resigned(0), to: keys.resigned(epoch) },
    ...[...orphans].map((id) => removeBlob(keys, id)),
  ];
  for (let at = 0; at < removals.length; at += together) {
    const { state } = await within(client, keys, { compares: [claim], does: removals.slice(at, at + together) });
    if (state !== "done") return;
  }
}
