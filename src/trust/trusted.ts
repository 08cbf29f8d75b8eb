/** Whom the cluster database trusts. Pure; a certificate counts only together with what stands here. */
import type { PeerProof } from "../base/outside.ts";
import { joinTokensPath, joinTokenValue, nodeValue, rootKey, userValue } from "../database/schema.ts";
import { childOf, childrenOf, findKey, type Key, valueOf } from "../tree/key.ts";
import { multiSzOf, qwordOf, textOf } from "../tree/value.ts";
import { isRight, type Right } from "./rights.ts";

/** A node as its peers know it. */
export interface TrustedNode {
  /** SHA-256 of its public key; undefined for a node that only has sockets of its machine. */
  readonly key: string | undefined;
  /** `HOST:PORT`. */
  readonly addresses: readonly string[];
}

/** A person with a certificate, or one of a node's machine. */
export interface TrustedUser {
  /** Of a local one `unix:NAME`, of a local group `unix:@NAME`. */
  readonly name: string;
  /** Empty for a local one. */
  readonly key: string;
  readonly rights: readonly Right[];
  /** Wall time in milliseconds; 0 for a local one. */
  readonly expires: number;
}

/** What the names of local users begin with; no name of a certificate does. */
export const localPrefix = "unix:";

/** All members, by node id. */
export function trustedNodes(tree: Key): ReadonlyMap<string, TrustedNode> {
  const parent = findKey(tree, rootKey.nodes);
  const nodes = new Map<string, TrustedNode>();
  for (const key of parent === undefined ? [] : childrenOf(parent)) {
    nodes.set(key.name, {
      key: textOf(valueOf(key, nodeValue.trustKey)),
      addresses: multiSzOf(valueOf(key, nodeValue.addresses)) ?? [],
    });
  }
  return nodes;
}

/** All users, in the order of their names. */
export function trustedUsers(tree: Key): readonly TrustedUser[] {
  const parent = findKey(tree, rootKey.users);
  return parent === undefined ? [] : [...childrenOf(parent)].map(userOf);
}

function userOf(key: Key): TrustedUser {
  return {
    name: key.name,
    key: textOf(valueOf(key, userValue.key)) ?? "",
    rights: (multiSzOf(valueOf(key, userValue.rights)) ?? []).filter((right) => isRight(right)),
    expires: Number(qwordOf(valueOf(key, userValue.expires)) ?? 0n),
  };
}

/** The user whose certificate this is; undefined when none has this name and key, or its time is over. */
export function userOfPeer(tree: Key, peer: PeerProof, wall: number): TrustedUser | undefined {
  const parent = findKey(tree, rootKey.users);
  const found = parent === undefined || peer.kind !== "user" ? undefined : childOf(parent, peer.name);
  const user = found === undefined ? undefined : userOf(found);
  return user?.key === peer.key && user.key !== "" && wall < user.expires ? user : undefined;
}

/** Whether this very node, with this key, is a member. */
export function isTrustedNode(nodes: ReadonlyMap<string, TrustedNode>, peer: PeerProof): boolean {
  return peer.kind === "node" && peer.key !== "" && nodes.get(peer.name)?.key === peer.key;
}

/** What is kept of a token; undefined when it was used, withdrawn, or never was. */
export function waitingToken(tree: Key, id: string): { readonly digest: string; readonly expires: number } | undefined {
  const parent = findKey(tree, joinTokensPath);
  const found = parent === undefined ? undefined : childOf(parent, id);
  if (found === undefined) return undefined;
  return {
    digest: textOf(valueOf(found, joinTokenValue.digest)) ?? "",
    expires: Number(qwordOf(valueOf(found, joinTokenValue.expires)) ?? 0n),
  };
}

/** Names of tokens whose time is over. */
export function expiredTokens(tree: Key, wall: number): readonly string[] {
  const parent = findKey(tree, joinTokensPath);
  const all = parent === undefined ? [] : [...childrenOf(parent)];
  return all
    .filter((key) => wall >= Number(qwordOf(valueOf(key, joinTokenValue.expires)) ?? 0n))
    .map((key) => key.name);
}
