/** A new authority with a node that it certifies. */
import type { Random } from "../base/outside.ts";
import { nodeCertificate, type NodeTerms } from "./renewal.ts";
import type { TrustFile } from "./trust-file.ts";

/** For the first node of a cluster, or one that begins anew. `wall` in milliseconds. */
export async function newTrust(random: Random, wall: number, terms: NodeTerms): Promise<TrustFile> {
  const { makeAuthority, makeRequest } = await import("./certificate.ts");
  const authority = await makeAuthority(random, wall);
  const { key } = await makeRequest(random);
  return { version: 1, authority, node: await nodeCertificate(authority, key, terms, wall, random) };
}
