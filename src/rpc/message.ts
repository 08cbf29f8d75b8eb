/** What stands in a frame: one message as JSON (`json.ts`) in UTF-8. */
import { fail, Failure, isErrorName } from "../base/errors.ts";
import { longestFrame } from "../base/outside.ts";
import { fromJson, toJson } from "./json.ts";

/** Every message names the sender's cluster instance id; undefined before the sender is in a cluster. */
export type Message = { readonly instance: string | undefined } & (
  | { readonly kind: "call"; readonly id: number; readonly method: string; readonly body: unknown }
  | { readonly kind: "tell"; readonly method: string; readonly body: unknown }
  | { readonly kind: "answer"; readonly id: number; readonly body: unknown }
  | { readonly kind: "failure"; readonly id: number; readonly failure: Failure }
);

/** Throws MORE_DATA when the message is longer than a frame may be, INVALID_DATA when its body is no plain value. */
export function encodeMessage(message: Message): Uint8Array {
  const plain = message.kind === "failure" ? { ...message, failure: fieldsOf(message.failure) } : message;
  const frame = new TextEncoder().encode(toJson(plain));
  if (frame.length <= longestFrame) return frame;
  throw fail("MORE_DATA", {
    happened: `A message of ${frame.length} bytes is longer than the ${longestFrame} bytes that a frame takes.`,
    unchanged: "It was not sent.",
  });
}

/** Throws INVALID_DATA on anything that is no message. */
export function decodeMessage(frame: Uint8Array): Message {
  const fields = fromJson(new TextDecoder().decode(frame));
  if (!isRecord(fields)) throw noMessage();
  const { instance: named, id, method, body, kind } = fields;
  if (named !== undefined && typeof named !== "string") throw noMessage();
  const instance = named;
  if (kind === "tell" && typeof method === "string") return { instance, kind, method, body };
  if (typeof id !== "number" || !Number.isSafeInteger(id)) throw noMessage();
  if (kind === "call" && typeof method === "string") return { instance, kind, id, method, body };
  if (kind === "answer") return { instance, kind, id, body };
  if (kind === "failure") return { instance, kind, id, failure: failureFrom(fields["failure"]) };
  throw noMessage();
}

function fieldsOf(failure: Failure): Record<string, unknown> {
  const { name, win32, exit, http, happened, unchanged, next, cause } = failure;
  return { name, win32, exit, http, happened, unchanged, next, cause: causeText(cause) };
}

function causeText(cause: unknown): string | undefined {
  if (cause === undefined || typeof cause === "string") return cause;
  return cause instanceof Error ? String(cause) : `Something of type ${typeof cause} was thrown.`;
}

function failureFrom(fields: unknown): Failure {
  if (!isRecord(fields)) throw noMessage();
  const { name, win32, happened, unchanged, next, cause } = fields;
  const [what, kept, then] = [happened, unchanged, next].map((part) => (typeof part === "string" ? part : ""));
  const details = { unchanged: kept ?? "", next: then ?? "", cause };
  if (typeof name === "string" && isErrorName(name)) return new Failure(name, { happened: what ?? "", ...details });
  // A newer peer may know rows that this program doesn't.
  return new Failure("INTERNAL_ERROR", { happened: `${String(name)} (${String(win32)}): ${what}`, ...details });
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof Uint8Array);
}

function noMessage(): Failure {
  return fail("INVALID_DATA", { happened: "A frame holds no message of this protocol." });
}
