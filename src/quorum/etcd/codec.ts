/** What the keys of a generation hold (docs/formats/etcd.md). */
import { concatBytes } from "../../base/bytes.ts";
import { fail } from "../../base/errors.ts";
import { decodeRecord, encodeRecord } from "../disk/log-codec.ts";
import { damaged, parseJson } from "../disk/place.ts";
import type { Claim, ClusterIdentity, LogRecord, SealingKey } from "../quorum.ts";
import { formatTag, parseTag } from "../tag.ts";
import type { Tag } from "../tag.ts";
import type { BlobRef } from "./blob.ts";
import { bytesOf } from "./client.ts";
import type { KeyValue } from "./client.ts";

/** The key `identity`. */
export interface StoredIdentity {
  readonly identity: ClusterIdentity;
  /** Upper bound of etcd's election timeout in milliseconds, as all nodes of the cluster use it. */
  readonly election: number;
  /** Random: tells who made it. */
  readonly made: string;
}

/** As JSON. */
export function encodeIdentity({ identity, election, made }: StoredIdentity): Uint8Array {
  const { name, instance, generation, lineage } = identity;
  return json({ format: 1, name, instance, generation, lineage, election, made });
}

/** CLUSTERLOG_CORRUPT, VERSION_NOT_SUPPORTED. */
export function decodeIdentity({ key, value }: KeyValue): StoredIdentity {
  const field = fieldsOf(key, value);
  const identity: ClusterIdentity = {
    name: field.text("name"),
    instance: field.text("instance"),
    generation: field.number("generation"),
    lineage: field.text("lineage"),
  };
  return { identity, election: field.number("election"), made: field.text("made") };
}

/** A claim's text is its proof: `nonce` is random, so that no two claims are equal. */
export function encodeClaim({ epoch, node, incarnation, endpoint, hostEndpoint }: Claim, nonce: string): Uint8Array {
  return json({ format: 1, epoch, node, incarnation, endpoint, hostEndpoint, nonce });
}

/** CLUSTERLOG_CORRUPT, VERSION_NOT_SUPPORTED. */
export function decodeClaim({ key, value }: KeyValue): Claim {
  const { number, text } = fieldsOf(key, value);
  return {
    epoch: number("epoch"),
    node: text("node"),
    incarnation: text("incarnation"),
    endpoint: text("endpoint"),
    hostEndpoint: text("hostEndpoint"),
  };
}

/** The key `log`: the newest snapshot, opened by an epoch; updates after it are the keys `record/…`. */
export interface LogManifest {
  readonly epoch: number;
  /** Counts the snapshots of an epoch from 0. */
  readonly index: number;
  readonly first: Tag;
  readonly snapshot: BlobRef;
}

/** As JSON. */
export function encodeLog({ epoch, index, first, snapshot }: LogManifest): Uint8Array {
  return json({ format: 1, epoch, index, first: formatTag(first), snapshot });
}

/** CLUSTERLOG_CORRUPT, VERSION_NOT_SUPPORTED. */
export function decodeLog({ key, value }: KeyValue): LogManifest {
  const { number, text, blob } = fieldsOf(key, value);
  const first = parseTag(text("first"));
  if (first === undefined) throw damaged(key, "it has no tag");
  return { epoch: number("epoch"), index: number("index"), first, snapshot: blob("snapshot") };
}

/** The key of a checkpoint version; `sealed` is the id of the key that its content is encrypted with. */
export interface VersionManifest {
  readonly kind: string;
  readonly blob: BlobRef;
  readonly sealed: string | undefined;
}

/** As JSON. */
export function encodeVersion({ kind, blob, sealed }: VersionManifest): Uint8Array {
  return json({ format: 1, kind, blob, ...(sealed === undefined ? {} : { sealed }) });
}

/** CLUSTERLOG_CORRUPT, VERSION_NOT_SUPPORTED. */
export function decodeVersion({ key, value }: KeyValue): VersionManifest {
  const { text, blob, optional } = fieldsOf(key, value);
  return { kind: text("kind"), blob: blob("blob"), sealed: optional("sealed") };
}

/** The key `sealing`, as JSON. */
export function encodeSealing({ key, evictions }: SealingKey): Uint8Array {
  return json({ format: 1, key, evictions });
}

/** CLUSTERLOG_CORRUPT, VERSION_NOT_SUPPORTED. */
export function decodeSealing({ key, value }: KeyValue): SealingKey {
  const { number, text } = fieldsOf(key, value);
  return { key: text("key"), evictions: number("evictions") };
}

const batchOfRecords = 1;
const batchInBlob = 2;

/** One key `record/…`: records that were appended together, each behind its length (u32, little-endian). */
export function encodeBatch(records: readonly LogRecord[]): Uint8Array {
  const parts: Uint8Array[] = [Uint8Array.of(batchOfRecords)];
  for (const record of records) {
    const bytes = encodeRecord(record);
    const length = new Uint8Array(4);
    new DataView(length.buffer).setUint32(0, bytes.length, true);
    parts.push(length, bytes);
  }
  return concatBytes(parts);
}

/** A batch too large for one request: the key names a blob that holds it. */
export function encodeBatchRef(blob: BlobRef): Uint8Array {
  return concatBytes([Uint8Array.of(batchInBlob), json(blob)]);
}

/** The blob that holds the batch; undefined when the key itself does. */
export function blobOfBatch({ key, value }: KeyValue): BlobRef | undefined {
  if (value[0] !== batchInBlob) return undefined;
  return blobOf(key, parseJson(key, value.subarray(1)));
}

/** CLUSTERLOG_CORRUPT naming `key`. */
export function decodeBatch(key: string, bytes: Uint8Array): readonly LogRecord[] {
  if (bytes[0] !== batchOfRecords) throw damaged(key, `it begins with ${bytes[0]}`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const records: LogRecord[] = [];
  for (let at = 1; at < bytes.length; ) {
    const length = at + 4 <= bytes.length ? view.getUint32(at, true) : Number.POSITIVE_INFINITY;
    if (at + 4 + length > bytes.length) throw damaged(key, "a record is cut off");
    records.push(decodeRecord(key, bytes.subarray(at + 4, at + 4 + length)));
    at += 4 + length;
  }
  return records;
}

function json(value: object): Uint8Array {
  return bytesOf(JSON.stringify(value));
}

interface Fields {
  readonly text: (name: string) => string;
  readonly optional: (name: string) => string | undefined;
  readonly number: (name: string) => number;
  readonly blob: (name: string) => BlobRef;
}

function fieldsOf(key: string, bytes: Uint8Array): Fields {
  const value = parseJson(key, bytes);
  if (value["format"] !== 1) {
    throw fail("VERSION_NOT_SUPPORTED", {
      happened: `The etcd key ${key} has the format ${String(value["format"])}; this program reads format 1.`,
      unchanged: "Nothing was changed.",
      next: "Use the version of clubar that wrote it.",
    });
  }
  return {
    text: (name) => textField(key, value, name),
    optional: (name) => (value[name] === undefined ? undefined : textField(key, value, name)),
    number: (name) => numberField(key, value, name),
    blob: (name) => {
      const found = value[name];
      if (typeof found !== "object" || found === null) throw damaged(key, `it has no "${name}"`);
      return blobOf(key, found as Record<string, unknown>);
    },
  };
}

function blobOf(key: string, value: Record<string, unknown>): BlobRef {
  return {
    id: textField(key, value, "id"),
    size: numberField(key, value, "size"),
    chunks: numberField(key, value, "chunks"),
    sha256: textField(key, value, "sha256"),
  };
}

function textField(key: string, value: Record<string, unknown>, name: string): string {
  const field = value[name];
  if (typeof field !== "string") throw damaged(key, `it has no text "${name}"`);
  return field;
}

function numberField(key: string, value: Record<string, unknown>, name: string): number {
  const field = value[name];
  if (typeof field !== "number") throw damaged(key, `it has no number "${name}"`);
  return field;
}
