/**
 * `trust.json` of a data folder (0600): the authority's certificate and key, and this node's own. One file, so that a renewal replaces it
 * whole and a copy of the node carries all of it.
 */
import { X509Certificate } from "node:crypto";
import { writeFileDurably } from "../base/durable.ts";
import { fail } from "../base/errors.ts";
import type { Files } from "../base/outside.ts";
import { keyDigest, type TlsMaterial } from "../base/outside-node-tls.ts";
import { readIfThere } from "../base/read-if-there.ts";
import type { KeyedCertificate } from "./certificate.ts";

/** What a node trusts by and is trusted by. */
export interface TrustFile {
  readonly version: 1;
  readonly authority: KeyedCertificate;
  readonly node: KeyedCertificate;
}

/** Its name in the data folder. */
export const trustFileName = "trust.json";

/** undefined when the node has none. INVALID_DATA, VERSION_NOT_SUPPORTED. */
export async function readTrust(files: Files, data: string): Promise<TrustFile | undefined> {
  const path = `${data}/${trustFileName}`;
  const bytes = await readIfThere(files, path);
  if (bytes === undefined) return undefined;
  const trust = parsed(bytes);
  if (typeof trust.version === "number" && trust.version !== 1) {
    throw fail("VERSION_NOT_SUPPORTED", {
      happened: `${path} has version ${trust.version}; this program reads version 1.`,
      unchanged: "Nothing was changed.",
      next: "Use the program that wrote it.",
    });
  }
  if (trust.version === 1 && isKeyed(trust.authority) && isKeyed(trust.node)) return trust as TrustFile;
  throw fail("INVALID_DATA", {
    happened: `${path} is damaged: it does not hold this node's certificates.`,
    unchanged: "Nothing was changed.",
    next: "Put it back from a VSS set (clubar vss restore SET); or evict the node and join again with an empty data folder.",
  });
}

/** Replaces it, durably, readable by its owner only. */
export async function writeTrust(files: Files, data: string, trust: TrustFile): Promise<void> {
  const bytes = new TextEncoder().encode(`${JSON.stringify(trust, undefined, 2)}\n`);
  await writeFileDurably(files, `${data}/${trustFileName}`, bytes, 0o600);
}

/** What TLS takes of it. */
export function materialOf({ authority, node }: TrustFile): TlsMaterial {
  return { certificate: node.certificate, key: node.key, authority: authority.certificate };
}

/** SHA-256 of this node's public key, lower-case hexadecimal. */
export function ownKey({ node }: TrustFile): string {
  return keyDigest(new X509Certificate(node.certificate));
}

/** SHA-256 of a certificate (DER), lower-case hexadecimal. */
export function fingerprintOf(certificate: string): string {
  return new X509Certificate(certificate).fingerprint256.replaceAll(":", "").toLowerCase();
}

function isKeyed(value: unknown): value is KeyedCertificate {
  const { certificate, key } = (value ?? {}) as Partial<KeyedCertificate>;
  return typeof certificate === "string" && typeof key === "string" && isCertificate(certificate);
}

function isCertificate(pem: string): boolean {
  try {
    return new X509Certificate(pem).toString() !== "";
  } catch {
    return false;
  }
}

function parsed(bytes: Uint8Array): Partial<Record<keyof TrustFile, unknown>> {
  try {
    const value: unknown = JSON.parse(new TextDecoder().decode(bytes));
    return typeof value === "object" && value !== null ? value : {};
  } catch {
    return {};
  }
}
