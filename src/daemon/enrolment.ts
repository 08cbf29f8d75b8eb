/** How a machine becomes a node: both ends of the call `enrol`. */
import { fail } from "../base/errors.ts";
import type { PeerProof } from "../base/outside.ts";
import { parseHostPort } from "../base/tls-address.ts";
import { sha256 } from "../base/digest.ts";
import { certificateFor, enrol, type KeyedCertificate, nodeCertificateLife } from "../trust/trust.ts";
import type { KeyRing } from "../quorum/etcd/cluster-keys.ts";
import { keysForNewcomer } from "./cluster-key-calls.ts";
import type { NodeTrust } from "./node-trust.ts";
import type { ServiceNode } from "./service-node.ts";

/** What a newcomer asks. */
export interface EnrolRequest {
  readonly name: string;
  /** Its request for a certificate (PKCS#10, DER). */
  readonly request: Uint8Array;
  /** `HOST:PORT` at which it will answer. */
  readonly listen: readonly string[];
  /** Not needed on a socket of the machine. */
  readonly token?: { readonly id: string; readonly secret: string };
}

/** What it needs to be a node. */
export interface EnrolAnswer {
  readonly node: string;
  readonly cluster: string;
  readonly instance: string;
  readonly quorum: string;
  readonly insist: boolean;
  readonly timingFactor: number;
  readonly clusterKeys: KeyRing;
  /** Its certificate (PEM) and the authority; undefined in a cluster without one. */
  readonly trust: { readonly certificate: string; readonly authority: KeyedCertificate } | undefined;
}

/** Adds the newcomer and uses its token up, in one update; then makes its certificate. ACCESS_DENIED for a bad token. */
export async function enrolNewcomer(
  service: ServiceNode,
  trust: NodeTrust | undefined,
  body: unknown,
  proof: PeerProof | undefined,
): Promise<EnrolAnswer> {
  const { name, request, listen, token } = body as EnrolRequest;
  const { outside, config } = service.parts;
  if (proof !== undefined && token === undefined) throw noToken();
  const places = listen.map((place) => parseHostPort(place));
  // Before the token is used up: a newcomer whose request is bad keeps it.
  const publicKey =
    trust === undefined ? undefined : await (await import("../trust/certificate.ts")).keyOfRequest(request);
  const key = publicKey === undefined ? undefined : sha256(publicKey);
  let node = "";
  await service.change((tree) => {
    const made = enrol(tree, { name, key, addresses: listen, token }, outside.clock.wall());
    node = made.node;
    return made.change;
  });
  const { cluster, instance, quorum, insist, timingFactor } = config;
  const clusterKeys = await keysForNewcomer(service);
  const answer = { node, cluster, instance, quorum, insist, timingFactor, clusterKeys };
  if (trust === undefined || publicKey === undefined) return { ...answer, trust: undefined };
  const { authority } = trust.file();
  const terms = { node, hosts: places.map(({ host }) => host), life: nodeCertificateLife };
  const certificate = await certificateFor(authority, publicKey, terms, outside.clock.wall(), outside.random);
  return { ...answer, trust: { certificate, authority } };
}

function noToken(): Error {
  return fail("ACCESS_DENIED", {
    happened: "A newcomer showed no token.",
    unchanged: "No node was added.",
    next: "Get one with `clubar node token` on a node of the cluster.",
  });
}
