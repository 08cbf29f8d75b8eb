/**
 * A join token: one line of text that lets one machine become one node. It says where nodes answer and by which keys they are known, so
 * that the newcomer sends its secret to nobody else. The cluster keeps the secret's digest only.
 */
import { sha256 } from "../base/digest.ts";
import { fail, type Failure } from "../base/errors.ts";
import { fromBase64, toBase64, toHex } from "../base/bytes.ts";
import type { Random } from "../base/outside.ts";

/** A node that takes newcomers in. */
export interface TokenNode {
  /** `HOST:PORT`, several for several networks. */
  readonly places: readonly string[];
  /** SHA-256 of its public key, lower-case hexadecimal. */
  readonly key: string;
}

/** What a token says. */
export interface JoinToken {
  /** Names it in the database. */
  readonly id: string;
  /** 32 random bytes, hexadecimal. */
  readonly secret: string;
  /** SHA-256 of the authority's certificate, lower-case hexadecimal. */
  readonly authority: string;
  readonly nodes: readonly TokenNode[];
}

const prefix = "clubar-join-1.";

/** A new id and secret. */
export function newSecret(random: Random): Pick<JoinToken, "id" | "secret"> {
  return { id: toHex(random.bytes(8)), secret: toHex(random.bytes(32)) };
}

/** What the cluster keeps of a secret: it can't be used to join. */
export function secretDigest(secret: string): string {
  return sha256(new TextEncoder().encode(`clubar join ${secret}`));
}

/** The text; it is as secret as what it holds. */
export function formatToken(token: JoinToken): string {
  const bytes = new TextEncoder().encode(JSON.stringify(token));
  return prefix + toBase64(bytes).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
}

/** INVALID_PARAMETER when it is none; the error does not repeat it. */
export function parseToken(text: string): JoinToken {
  const trimmed = text.trim();
  if (!trimmed.startsWith(prefix)) throw noToken();
  const plain = trimmed.slice(prefix.length).replaceAll("-", "+").replaceAll("_", "/");
  let token: unknown;
  try {
    const bytes = fromBase64(plain + "=".repeat((4 - (plain.length % 4)) % 4));
    token = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch {
    throw noToken();
  }
  if (isToken(token)) return token;
  throw noToken();
}

function isToken(value: unknown): value is JoinToken {
  const { id, secret, authority, nodes } = (value ?? {}) as Partial<Record<keyof JoinToken, unknown>>;
  const isNode = (node: unknown): boolean => {
    const { places, key } = (node ?? {}) as Partial<Record<keyof TokenNode, unknown>>;
    const areTexts = Array.isArray(places) && places.length > 0 && places.every((place) => typeof place === "string");
    return areTexts && isHex(key, 64);
  };
  const areNodes = Array.isArray(nodes) && nodes.length > 0 && nodes.every(isNode);
  return isHex(id, 16) && isHex(secret, 64) && isHex(authority, 64) && areNodes;
}

function isHex(value: unknown, length: number): boolean {
  return typeof value === "string" && value.length === length && /^[0-9a-f]+$/.test(value);
}

function noToken(): Failure {
  return fail("INVALID_PARAMETER", {
    happened: "This is no join token, or not all of one.",
    unchanged: "Nothing was changed.",
    next: "Get one with `clubar node token` on a node of the cluster; it is one line that begins with clubar-join-1.",
  });
}
