/**
 * What a leader clears away once its own log is in place. Best effort; every removal compares the claim, so that an old leader removes
 * nothing.
 */
import type { Compare, EtcdClient, Operation } from "./client.ts";
import { getAll, removeAll } from "./client.ts";
import { blobOfBatch, decodeLog, decodeVersion } from "./codec.ts";
import { removeBlob } from "./blob.ts";
import { within } from "./current.ts";
import type { GenerationKeys } from "./place.ts";

/** Claims and what belongs to them that are kept, so that people see who led. */
const claimsKept = 64;
/** Older generations that are kept, beside the one in force. */
export const generationsKept = 3;
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

/** Older generations: of those that were finished the newest stay. What is not older than the one in force is somebody's who restores. */
export async function clearGenerations(client: EtcdClient, keys: GenerationKeys, claim: Compare): Promise<void> {
  const all = keys.root.slice(0, -`${keys.name}/`.length);
  const { found } = await client.txn({ does: [getAll(all, true)] });
  const isFinished = new Map<string, boolean>();
  for (const { key } of found[0] ?? []) {
    const [name = "", ...rest] = key.slice(all.length).split("/");
    isFinished.set(name, isFinished.get(name) === true || rest.join("/") === "identity");
  }
  const older = [...isFinished]
    .map(([name, finished]) => ({ name, finished, number: Number.parseInt(name, 10) }))
    .filter(({ number }) => number < Number.parseInt(keys.name, 10))
    .sort((a, b) => b.number - a.number);
  const kept = new Set(older.filter(({ finished }) => finished).slice(0, generationsKept));
  for (const one of older.filter((each) => !kept.has(each))) {
    const { state } = await within(client, keys, { compares: [claim], does: [removeAll(`${all}${one.name}/`)] });
    if (state !== "done") return;
  }
}
