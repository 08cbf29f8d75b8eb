/** Tokens for new nodes and certificates for people, made by this node. */
import type { TrustCalls } from "../api/node-service.ts";
import { sha256 } from "../base/digest.ts";
import { fail } from "../base/errors.ts";
import { addToken, fingerprintOf, formatToken, newSecret, type TokenNode, trustedNodes } from "../trust/trust.ts";
import type { NodeTrust } from "./node-trust.ts";
import type { ServiceNode } from "./service-node.ts";

/** Nodes that a token names beside the one that gives it. */
const otherNodes = 3;

/** For a node with an authority. */
export function trustCalls(service: ServiceNode, trust: NodeTrust): TrustCalls {
  const { outside } = service.parts;
  return {
    async token(lifeMs) {
      const nodes = tokenNodes(service, trust);
      const wall = outside.clock.wall();
      const secret = newSecret(outside.random);
      const expires = wall + lifeMs;
      await service.change((tree) => addToken(tree, { ...secret, expires }, wall));
      const authority = fingerprintOf(trust.file().authority.certificate);
      return { token: formatToken({ ...secret, authority, nodes }), expires };
    },
    async userCertificate(name, request, lifeMs) {
      const { issueCertificate, keyOfRequest } = await import("../trust/certificate.ts");
      const publicKey = await keyOfRequest(request);
      const { authority } = trust.file();
      const from = outside.clock.wall();
      const to = from + lifeMs;
      const holder = { kind: "user", name } as const;
      const certificate = await issueCertificate(authority, { holder, publicKey, from, to, hosts: [] }, outside.random);
      return { certificate, authority: authority.certificate, key: sha256(publicKey), expires: to };
    },
  };
}

/** This node first; INVALID_STATE when it is reached on its machine only. */
function tokenNodes(service: ServiceNode, trust: NodeTrust): readonly TokenNode[] {
  const { node, listen = [] } = service.parts.config;
  if (listen.length === 0) {
    throw fail("INVALID_STATE", {
      happened: `Node ${service.node.name} answers on its own machine only, so no other machine can join through it.`,
      unchanged: "Nothing was changed.",
      next: "Create the cluster with --listen HOST:PORT, or ask for a token on a node that has one. On this machine no token is needed.",
    });
  }
  const others = [...trustedNodes(service.database.tree())].flatMap(([id, { key, addresses }]) =>
    id === node || key === undefined || addresses.length === 0 ? [] : [{ places: addresses, key }],
  );
  return [{ places: listen, key: trust.key() }, ...others.slice(0, otherNodes)];
}
