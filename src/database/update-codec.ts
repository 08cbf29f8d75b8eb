/** Updates as bytes: version, length of a JSON part (request id, conditions, reason), that part, then the edits (tree/edit-codec). */
import { concatBytes, fromBase64, toBase64 } from "../base/bytes.ts";
import { fail } from "../base/errors.ts";
import { decodeEdits, encodeEdits } from "../tree/edit-codec.ts";
import type { Condition, Update } from "./update.ts";

const version = 1;

interface JsonPart {
  readonly requestId: string;
  readonly because: string;
  readonly conditions: readonly JsonCondition[];
}

interface JsonCondition {
  readonly kind: Condition["kind"];
  readonly path: string;
  readonly name?: string;
  readonly data?: string;
}

/** Bytes of an update for the log and the wire (docs/formats/update.md), without its evidence. */
export function encodeUpdate(update: Update): Uint8Array {
  const part: JsonPart = {
    requestId: update.requestId,
    because: update.because,
    conditions: update.conditions.map(conditionToJson),
  };
  const json = new TextEncoder().encode(JSON.stringify(part));
  const head = new Uint8Array(5);
  head[0] = version;
  new DataView(head.buffer).setUint32(1, json.length, true);
  return concatBytes([head, json, encodeEdits(update.edits)]);
}

/**
 * Fails with VERSION_NOT_SUPPORTED or CLUSTERLOG_CORRUPT; the bytes come from a checked record, so both mean that another program
 * wrote them.
 */
export function decodeUpdate(bytes: Uint8Array): Update {
  const { part, end } = jsonPart(bytes);
  return {
    requestId: part.requestId,
    because: part.because,
    conditions: part.conditions.map(conditionFromJson),
    edits: decodeEdits(bytes.subarray(end)),
  };
}

/** The reason of an update without decoding its edits; fails as `decodeUpdate`. */
export function reasonOfUpdate(bytes: Uint8Array): string {
  return jsonPart(bytes).part.because;
}

function jsonPart(bytes: Uint8Array): { readonly part: JsonPart; readonly end: number } {
  if (bytes[0] !== version) {
    throw fail("VERSION_NOT_SUPPORTED", {
      happened: `An update has format version ${bytes[0] ?? "none"}; this program reads version ${version}.`,
      next: "Start this node with the version of clubar that the other nodes run.",
    });
  }
  const length = bytes.length < 5 ? -1 : new DataView(bytes.buffer, bytes.byteOffset, bytes.length).getUint32(1, true);
  if (length < 0 || 5 + length > bytes.length) {
    throw fail("CLUSTERLOG_CORRUPT", { happened: "An update is shorter than its own length says." });
  }
  const part = JSON.parse(new TextDecoder().decode(bytes.subarray(5, 5 + length))) as JsonPart;
  return { part, end: 5 + length };
}

function conditionToJson(condition: Condition): JsonCondition {
  if (condition.kind !== "value-equals") return condition;
  const { kind, path, name, data } = condition;
  return data === undefined ? { kind, path, name } : { kind, path, name, data: toBase64(data) };
}

function conditionFromJson(json: JsonCondition): Condition {
  if (json.kind !== "value-equals") return { kind: json.kind, path: json.path };
  const data = json.data === undefined ? undefined : fromBase64(json.data);
  return { kind: json.kind, path: json.path, name: json.name ?? "", data };
}
