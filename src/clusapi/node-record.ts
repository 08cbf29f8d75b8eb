/** `node.json` of a data folder, as far as tools beside the service need it. */
import { writeFileDurably } from "../base/durable.ts";
import { fail } from "../base/errors.ts";
import type { Files } from "../base/outside.ts";
import { isEtcdPlace } from "../quorum/etcd/place.ts";
import { readIfThere } from "../base/read-if-there.ts";

/** Which node of which cluster a data folder is. */
export interface NodeRecord {
  readonly version: 1;
  /** Node id, decimal. */
  readonly node: string;
  readonly name: string;
  readonly cluster: string;
  readonly instance: string;
  /** Absolute path of the quorum folder, or the place of an etcd (docs/formats/etcd.md). */
  readonly quorum: string;
  readonly insist: boolean;
  readonly timingFactor: number;
  /** `HOST:PORT` under which other machines reach this node; absent: on its machine only. */
  readonly listen?: readonly string[];
}

const fileIn = (data: string): string => `${data}/node.json`;

/** undefined when the folder holds no node. INVALID_DATA, VERSION_NOT_SUPPORTED. */
export async function readNodeRecord(files: Files, data: string): Promise<NodeRecord | undefined> {
  const bytes = await readIfThere(files, fileIn(data));
  if (bytes === undefined) return undefined;
  const record = { insist: false, timingFactor: 1, ...parsed(bytes) };
  if (typeof record.version === "number" && record.version !== 1) {
    throw fail("VERSION_NOT_SUPPORTED", {
      happened: `${fileIn(data)} has version ${record.version}; this program reads version 1.`,
      unchanged: "Nothing was changed.",
      next: "Use the program that wrote it.",
    });
  }
  if (isRecord(record)) return record;
  throw fail("INVALID_DATA", {
    happened: `${fileIn(data)} is damaged: it does not say which node this is.`,
    unchanged: "Nothing was changed.",
    next: "Put it back from a copy or a VSS set (clubar vss restore SET); or evict the node and join again with an empty data folder.",
  });
}

function parsed(bytes: Uint8Array): Partial<Record<keyof NodeRecord, unknown>> {
  try {
    const value: unknown = JSON.parse(new TextDecoder().decode(bytes));
    return typeof value === "object" && value !== null ? value : {};
  } catch {
    return {};
  }
}

function isRecord(record: Partial<Record<keyof NodeRecord, unknown>>): record is NodeRecord {
  const { version, node, name, cluster, instance, quorum, insist, timingFactor, listen = [] } = record;
  return (
    version === 1 &&
    typeof cluster === "string" &&
    [node, name, instance, quorum].every((text) => typeof text === "string" && text !== "") &&
    ((quorum as string).startsWith("/") || isEtcdPlace(quorum as string)) &&
    typeof insist === "boolean" &&
    typeof timingFactor === "number" &&
    timingFactor > 0 &&
    Array.isArray(listen) &&
    listen.every((place) => typeof place === "string")
  );
}

/** Replaces it, durably. */
export async function writeNodeRecord(files: Files, data: string, record: NodeRecord): Promise<void> {
  await files.makeFolder(data);
  await writeFileDurably(files, fileIn(data), new TextEncoder().encode(`${JSON.stringify(record, undefined, 2)}\n`));
}
