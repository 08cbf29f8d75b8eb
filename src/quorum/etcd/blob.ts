/**
 * Bytes of any size in chunks below etcd's request limit (1.5 MiB unless its administrator says otherwise). What fits in one chunk is
 * written together with the key that names it. Larger content goes before it, under a `pending` key that lives as long as a lease: the
 * leader removes chunks that nothing names and nothing keeps pending, and naming them fails once the pending key is gone.
 */
import { concatBytes, toHex } from "../../base/bytes.ts";
import { sha256, sha256OfChunks } from "../../base/digest.ts";
import type { Random } from "../../base/outside.ts";
import type { Compare, EtcdClient, Operation } from "./client.ts";
import { prefixEnd } from "./client.ts";
import type { GenerationKeys } from "./place.ts";

/** Names stored bytes. */
export interface BlobRef {
  readonly id: string;
  readonly size: number;
  readonly chunks: number;
  readonly sha256: string;
}

/** Bytes that are on their way: what the transaction that names them must compare and do besides. */
export interface StagedBlob {
  readonly ref: BlobRef;
  readonly compares: readonly Compare[];
  readonly does: readonly Operation[];
}

const chunkSize = 1_048_576;
/** Enough for an upload at 1 MiB/s of the largest checkpoint; a longer one fails and says so. */
const uploadSeconds = 600;
const readTogether = 4;

/** Writes all of it but what goes with the key that names it. */
export async function stageBlob(
  client: EtcdClient,
  keys: GenerationKeys,
  random: Random,
  bytes: Uint8Array,
): Promise<StagedBlob> {
  const id = toHex(random.bytes(12));
  const chunks = Math.max(1, Math.ceil(bytes.length / chunkSize));
  const ref: BlobRef = { id, size: bytes.length, chunks, sha256: sha256(bytes) };
  if (chunks === 1) return { ref, compares: [], does: [{ put: keys.chunk(id, 0), value: bytes }] };
  const lease = await client.grantLease(uploadSeconds);
  const pending: Compare = { key: keys.pending(id), is: "present" };
  await client.txn({ does: [{ put: pending.key, value: new Uint8Array(), lease: lease.id }] });
  for (let index = 0; index < chunks; index++) {
    const value = bytes.subarray(index * chunkSize, (index + 1) * chunkSize);
    await client.txn({ compares: [pending], does: [{ put: keys.chunk(id, index), value }] });
  }
  return { ref, compares: [pending], does: [{ remove: pending.key }] };
}

/** Removes what a blob is made of. */
export function removeBlob(keys: GenerationKeys, id: string): Operation {
  const first = keys.chunk(id, 0);
  const all = first.slice(0, first.lastIndexOf("/") + 1);
  return { remove: all, to: prefixEnd(all) };
}

/** "missing" when a chunk is gone, "damaged" when it has other bytes. */
export async function readBlob(
  client: EtcdClient,
  keys: GenerationKeys,
  ref: BlobRef,
): Promise<Uint8Array | "missing" | "damaged"> {
  const chunks: Uint8Array[] = [];
  for (let first = 0; first < ref.chunks; first += readTogether) {
    const count = Math.min(readTogether, ref.chunks - first);
    const answers = await Promise.all(
      Array.from({ length: count }, (_, i) => client.txn({ does: [{ get: keys.chunk(ref.id, first + i) }] })),
    );
    for (const { found } of answers) {
      const value = found[0]?.[0]?.value;
      if (value === undefined) return "missing";
      chunks.push(value);
    }
  }
  if (sha256OfChunks(chunks) !== ref.sha256) return "damaged";
  return chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : concatBytes(chunks);
}
