/** What a log's header and records hold (docs/formats/quolog.md). */
import { fail } from "../../base/errors.ts";
import type { LogRecord } from "../quorum.ts";
import { formatTag, parseTag } from "../tag.ts";
import type { Tag } from "../tag.ts";
import { damaged, parseJson } from "./place.ts";

/** The header of a log. */
export interface LogHeader {
  readonly instance: string;
  readonly generation: number;
  readonly lineage: string;
  readonly epoch: number;
  /** Counts the logs of an epoch from 0. */
  readonly index: number;
  /** The tag of the snapshot; the first record has the next sequence. */
  readonly first: Tag;
  readonly snapshot: string;
  readonly sha256: string;
  /** The log that this one continues and the tag up to which it does: what that log holds beyond was never acknowledged. */
  readonly previous: { readonly log: string; readonly upTo: Tag } | undefined;
}

/** As JSON. */
export function encodeHeader(header: LogHeader): Uint8Array {
  const { first, previous, ...plain } = header;
  const text = JSON.stringify({
    format: 1,
    ...plain,
    first: formatTag(first),
    ...(previous === undefined ? {} : { previous: previous.log, upTo: formatTag(previous.upTo) }),
  });
  return new TextEncoder().encode(text);
}

/** Fails with CLUSTERLOG_CORRUPT naming `path`, or VERSION_NOT_SUPPORTED. */
export function decodeHeader(path: string, bytes: Uint8Array): LogHeader {
  const value = parseJson(path, bytes);
  if (value["format"] !== 1) {
    throw fail("VERSION_NOT_SUPPORTED", {
      happened: `${path} has the format ${String(value["format"])}; this program reads format 1.`,
      unchanged: "Nothing was changed.",
      next: "Use the version of clubar that wrote it.",
    });
  }
  const text = (name: string): string => {
    const field = value[name];
    if (typeof field !== "string") throw damaged(path, `its header has no text "${name}"`);
    return field;
  };
  const number = (name: string): number => {
    const field = value[name];
    if (typeof field !== "number") throw damaged(path, `its header has no number "${name}"`);
    return field;
  };
  const tag = (name: string): Tag => {
    const field = parseTag(text(name));
    if (field === undefined) throw damaged(path, `its header has no tag "${name}"`);
    return field;
  };
  return {
    instance: text("instance"),
    generation: number("generation"),
    lineage: text("lineage"),
    epoch: number("epoch"),
    index: number("index"),
    first: tag("first"),
    snapshot: text("snapshot"),
    sha256: text("sha256"),
    previous: value["previous"] === undefined ? undefined : { log: text("previous"), upTo: tag("upTo") },
  };
}

const recordVersion = 1;
const recordHead = 36;

/** Little-endian: version, tag, time, body. */
export function encodeRecord(record: LogRecord): Uint8Array {
  const bytes = new Uint8Array(recordHead + record.body.byteLength);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, recordVersion, true);
  view.setBigUint64(4, BigInt(record.tag.generation), true);
  view.setBigUint64(12, BigInt(record.tag.epoch), true);
  view.setBigUint64(20, BigInt(record.tag.sequence), true);
  view.setFloat64(28, record.time, true);
  bytes.set(record.body, recordHead);
  return bytes;
}

/** Fails with CLUSTERLOG_CORRUPT naming `path`. */
export function decodeRecord(path: string, bytes: Uint8Array): LogRecord {
  if (bytes.byteLength < recordHead) throw damaged(path, `a record has ${bytes.byteLength} bytes`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const version = view.getUint32(0, true);
  if (version !== recordVersion) throw damaged(path, `a record has the version ${version}`);
  return {
    tag: {
      generation: Number(view.getBigUint64(4, true)),
      epoch: Number(view.getBigUint64(12, true)),
      sequence: Number(view.getBigUint64(20, true)),
    },
    time: view.getFloat64(28, true),
    body: bytes.slice(recordHead),
  };
}
