/**
 * What the journal beside a hive holds (docs/formats/hive-journal.md): in its header the image's digest, in each record one
 * transaction.
 */
import { concatBytes, equalBytes } from "../base/bytes.ts";
import { sha256Bytes } from "../base/digest.ts";
import { fail } from "../base/errors.ts";
import { decodeEdits, encodeEdits } from "../tree/edit-codec.ts";
import type { Edit } from "../tree/edit.ts";

const version = 1;

/** `image` is the hive file that the records apply to. */
export function encodeHeader(image: Uint8Array): Uint8Array {
  return concatBytes([Uint8Array.of(version), sha256Bytes(image)]);
}

/** Whether a journal's header names this image. VERSION_NOT_SUPPORTED for the header of a later clubar. */
export function headerNames(header: Uint8Array, image: Uint8Array): boolean {
  if (header[0] !== version) {
    throw fail("VERSION_NOT_SUPPORTED", {
      happened: `A hive's journal has the format version ${header[0]}; this clubar reads version ${version}.`,
      unchanged: "Nothing was changed.",
      next: "Update clubar on this node.",
    });
  }
  return equalBytes(header, encodeHeader(image));
}

/** One record. */
export interface Transaction {
  /** FILETIME that changed keys get. */
  readonly time: bigint;
  /** Paths are relative to the hive's root. */
  readonly edits: readonly Edit[];
}

/** The record of a transaction. */
export function encodeTransaction({ time, edits }: Transaction): Uint8Array {
  const head = new Uint8Array(8);
  new DataView(head.buffer).setBigUint64(0, time, true);
  return concatBytes([head, encodeEdits(edits)]);
}

/** CLUSTERLOG_CORRUPT, or what `decodeEdits` throws, for bytes that are no transaction. */
export function decodeTransaction(record: Uint8Array): Transaction {
  if (record.length < 8) {
    throw fail("CLUSTERLOG_CORRUPT", { happened: `A transaction of ${record.length} bytes is in a hive's journal.` });
  }
  const time = new DataView(record.buffer, record.byteOffset).getBigUint64(0, true);
  return { time, edits: decodeEdits(record.subarray(8)) };
}
