/** Changes of the cluster database about whom it trusts. */
import { fail, type Failure } from "../base/errors.ts";
import { type Change, ChangeBuilder } from "../database/change.ts";
import { addNode, nextNodeId } from "../database/commands/node.ts";
import { joinTokensPath, joinTokenValue, nodeValue, rootKey, userValue } from "../database/schema.ts";
import { readState } from "../database/state.ts";
import type { Key } from "../tree/key.ts";
import { multiSz, qword, sz } from "../tree/value.ts";
import type { Right } from "./rights.ts";
import { secretDigest } from "./join-token.ts";
import { expiredTokens, localPrefix, trustedNodes, trustedUsers, waitingToken } from "./trusted.ts";

const unchanged = "Nothing was changed.";

/** A token waits from now on; those whose time is over go. `expires` and `wall` in milliseconds. */
export function addToken(
  tree: Key,
  token: { readonly id: string; readonly secret: string; readonly expires: number },
  wall: number,
): Change {
  const path = `${joinTokensPath}\\${token.id}`;
  const change = new ChangeBuilder(tree).absent(path);
  for (const id of expiredTokens(tree, wall)) change.deleteKey(`${joinTokensPath}\\${id}`);
  change.set(path, sz(joinTokenValue.digest, secretDigest(token.secret)));
  change.set(path, qword(joinTokenValue.expires, BigInt(token.expires)));
  return change.build(`A token for a new node was given, good until ${new Date(token.expires).toISOString()}.`);
}

/** A newcomer. */
export interface Newcomer {
  readonly name: string;
  /** SHA-256 of its public key; undefined for one that only has sockets of this machine. */
  readonly key: string | undefined;
  readonly addresses: readonly string[];
  /** What it showed; undefined for one that came by this machine's socket. */
  readonly token: { readonly id: string; readonly secret: string } | undefined;
}

/** The newcomer is a member, and its token is used up, at once. ACCESS_DENIED for a token that is not good; as `addNode` otherwise. */
export function enrol(tree: Key, newcomer: Newcomer, wall: number): { readonly node: string; readonly change: Change } {
  const { name, key, addresses, token } = newcomer;
  if (token !== undefined) checkToken(tree, token, wall);
  const node = nextNodeId(readState(tree));
  const added = addNode(tree, { name });
  const path = `${rootKey.nodes}\\${node}`;
  const more = new ChangeBuilder(tree);
  if (key !== undefined) more.set(path, sz(nodeValue.trustKey, key));
  if (addresses.length > 0) more.set(path, multiSz(nodeValue.addresses, addresses));
  if (token !== undefined) {
    const used = `${joinTokensPath}\\${token.id}`;
    more.exists(used).deleteKey(used);
  }
  const { conditions, edits } = more.build("");
  return {
    node,
    change: { ...added, conditions: [...added.conditions, ...conditions], edits: [...added.edits, ...edits] },
  };
}

function checkToken(tree: Key, { id, secret }: { readonly id: string; readonly secret: string }, wall: number): void {
  const kept = waitingToken(tree, id);
  if (kept === undefined) throw badToken("was used already, or this cluster never gave it");
  if (kept.digest !== secretDigest(secret)) throw badToken("does not hold the right secret");
  if (wall >= kept.expires) throw badToken(`was good until ${new Date(kept.expires).toISOString()} only`);
}

function badToken(why: string): Failure {
  return fail("ACCESS_DENIED", {
    happened: `The join token ${why}.`,
    unchanged: "No node was added.",
    next: "Get a new one with `clubar node token` on a node of the cluster.",
  });
}

/** What a node says of itself: its key and where it answers. undefined when it is known already. */
export function describeNode(
  tree: Key,
  node: string,
  key: string | undefined,
  addresses: readonly string[],
): Change | undefined {
  const known = trustedNodes(tree).get(node);
  if (known === undefined || (known.key === key && known.addresses.join() === addresses.join())) return undefined;
  const path = `${rootKey.nodes}\\${node}`;
  const change = new ChangeBuilder(tree).exists(path).unchanged(path, nodeValue.trustKey, nodeValue.addresses);
  if (key !== undefined) change.set(path, sz(nodeValue.trustKey, key));
  change.set(path, multiSz(nodeValue.addresses, addresses));
  return change.build(
    `Node ${node} answers ${addresses.length === 0 ? "on its machine only" : `at ${addresses.join(", ")}`}.`,
  );
}

/** A user's certificate, in the place of an earlier one of the same name. */
export function setUser(
  tree: Key,
  user: { readonly name: string; readonly key: string; readonly rights: readonly Right[]; readonly expires: number },
): Change {
  const path = `${rootKey.users}\\${user.name}`;
  const change = new ChangeBuilder(tree).unchanged(path, userValue.key);
  change.set(path, sz(userValue.key, user.key), multiSz(userValue.rights, user.rights));
  change.set(path, qword(userValue.expires, BigInt(user.expires)));
  return change.build(`User ${user.name} got a certificate with the rights ${user.rights.join(", ")}.`);
}

/** What somebody of a node's machine may ask there, by his own name or, `@NAME`, by a group's; the same on every node. */
export function setLocalUser(tree: Key, user: { readonly name: string; readonly rights: readonly Right[] }): Change {
  const path = `${rootKey.users}\\${localPrefix}${user.name}`;
  const change = new ChangeBuilder(tree).unchanged(path, userValue.rights);
  change.set(path, multiSz(userValue.rights, user.rights));
  const who = user.name.startsWith("@") ? `Members of the group ${user.name.slice(1)}` : `User ${user.name}`;
  return change.build(`${who} may ask the nodes of their machine with the rights ${user.rights.join(", ")}.`);
}

/** The user's certificate is worth nothing any more. FILE_NOT_FOUND when there is no such user. */
export function removeUser(tree: Key, name: string): Change {
  const user = trustedUsers(tree).find((one) => one.name.toLowerCase() === name.toLowerCase());
  if (user === undefined) {
    throw fail("FILE_NOT_FOUND", {
      happened: `There is no user "${name}".`,
      unchanged,
      next: "`clubar user list` shows who there is.",
    });
  }
  const path = `${rootKey.users}\\${user.name}`;
  const what = user.name.startsWith(localPrefix)
    ? `The rights of ${user.name} are`
    : `The certificate of user ${user.name} is`;
  return new ChangeBuilder(tree).exists(path).deleteKey(path).build(`${what} revoked.`);
}
