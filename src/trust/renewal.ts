/**
 * A node's certificate is renewed by the node itself, with the same key, out of the authority's key that every member holds. So a renewal
 * needs nobody else. What keeps an evicted node out is the list of members, not the life of its certificate.
 */
import { createPublicKey, X509Certificate } from "node:crypto";
import type { Random } from "../base/outside.ts";
import { holderOf } from "../base/outside-node-tls.ts";
import type { KeyedCertificate } from "./certificate.ts";
import type { TrustFile } from "./trust-file.ts";

/** What a node's certificate is to say. */
export interface NodeTerms {
  /** Node id. */
  readonly node: string;
  /** Names and addresses under which it is reached. */
  readonly hosts: readonly string[];
  /** How long it lives, in milliseconds. */
  readonly life: number;
}

/** Thirty days. */
export const nodeCertificateLife: number = 30 * 24 * 60 * 60_000;

/** When a certificate is renewed: after two thirds of its life. Wall time in milliseconds. */
export function renewalTime(certificate: string): number {
  const { validFromDate, validToDate } = new X509Certificate(certificate);
  const [from, to] = [validFromDate.getTime(), validToDate.getTime()];
  return from + ((to - from) * 2) / 3;
}

/** Why the certificate must be made anew at this wall time; undefined when it need not. */
export function whyRenew(trust: TrustFile, terms: NodeTerms, wall: number): string | undefined {
  const certificate = new X509Certificate(trust.node.certificate);
  if (wall >= renewalTime(trust.node.certificate)) return "two thirds of its life are over";
  // It begins a little before it was made (`clockSkew`).
  const life = certificate.validToDate.getTime() - certificate.validFromDate.getTime();
  if (life > terms.life * 1.2) return "it lives longer than is wanted now";
  const holder = holderOf(certificate);
  if (holder?.kind !== "node" || holder.name !== terms.node) return "it names another node";
  const isAddress = (host: string): boolean => /^[\d.]+$|:/.test(host);
  const missing = terms.hosts.find(
    (host) => (isAddress(host) ? certificate.checkIP(host) : certificate.checkHost(host)) === undefined,
  );
  if (missing !== undefined) return `it does not name ${missing}`;
  if (!certificate.verify(new X509Certificate(trust.authority.certificate).publicKey))
    return "another authority made it";
  return undefined;
}

/** The same trust with a new certificate of the same key. */
export async function renewed(trust: TrustFile, terms: NodeTerms, wall: number, random: Random): Promise<TrustFile> {
  return { ...trust, node: await nodeCertificate(trust.authority, trust.node.key, terms, wall, random) };
}

/** A node's certificate for a key (PEM) that it holds. */
export async function nodeCertificate(
  authority: KeyedCertificate,
  key: string,
  terms: NodeTerms,
  wall: number,
  random: Random,
): Promise<KeyedCertificate> {
  const publicKey = createPublicKey(key).export({ type: "spki", format: "der" });
  const certificate = await certificateFor(authority, publicKey, terms, wall, random);
  return { certificate, key };
}

/** A node's certificate for a public key (SubjectPublicKeyInfo, DER), PEM. */
export async function certificateFor(
  authority: KeyedCertificate,
  publicKey: Uint8Array,
  { node, hosts, life }: NodeTerms,
  wall: number,
  random: Random,
): Promise<string> {
  // The library is large, and most starts of a service make no certificate.
  const { issueCertificate } = await import("./certificate.ts");
  const holder = { kind: "node", name: node } as const;
  return issueCertificate(authority, { holder, publicKey, from: wall, to: wall + life, hosts }, random);
}
