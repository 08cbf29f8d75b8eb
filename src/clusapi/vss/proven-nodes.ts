/** Which nodes are proven to be stopped, for a restore that rolls the whole cluster back. */
import { failureOf } from "../../base/failure-of.ts";
import type { Outside } from "../../base/outside.ts";
import { findValue, type Key } from "../../tree/key.ts";
import { dwordOf, textOf } from "../../tree/value.ts";
import { nodeState, rootKey } from "../../database/schema.ts";
import { replay } from "../../membership/copy-image.ts";
import { nodeRecord } from "../../membership/node-records.ts";
import { openQuorum } from "../../quorum/open.ts";
import type { Quorum } from "../../quorum/quorum.ts";
import { askNode, type NodeEvidence } from "../ask-node.ts";

/** What else is known. */
export interface Proofs {
  readonly outside: Outside;
  /** The quorum's. */
  readonly place: string;
  readonly insist: boolean;
  /** Names of nodes that a person says are off, lower case. */
  readonly confirmed: readonly string[];
}

const because: Readonly<Record<string, string>> = {
  proof: "its host proved that it stopped everything",
  waited: "its permit was waited out",
  gone: "the kernel showed that its host and all that it ran have ended",
  confirmed: "a person confirmed that it is down",
  left: "it left in order",
};

/**
 * Asks the node. Only when nobody can tell, the database counts that says why it is down, then a person's word. A node that answers, or
 * whose locks are held, runs whatever anybody says.
 */
export function provenNodes(
  proofs: Proofs,
): (node: {
  readonly id: string;
  readonly name: string;
  readonly endpoint: string | undefined;
}) => Promise<NodeEvidence> {
  const { outside, confirmed } = proofs;
  let tree: Promise<Key | undefined> | undefined;
  return async ({ id, name, endpoint }) => {
    const asked = await askNode(outside, endpoint);
    if (asked.state !== "unknown") return asked;
    tree ??= presentTree(proofs);
    const down = whyDown(await tree, id);
    if (down !== undefined) return { state: "stopped", evidence: `the cluster database has it down: ${down}` };
    if (confirmed.includes(name.toLowerCase())) return { state: "stopped", evidence: "you say that it is off" };
    return asked;
  };
}

async function presentTree({ outside, place, insist }: Proofs): Promise<Key | undefined> {
  try {
    return replay(await (await openQuorum(outside, place, { insist })).load()).tree;
  } catch (error) {
    if (failureOf(error).name === "ACCESS_DENIED") throw error;
    return undefined;
  }
}

function whyDown(tree: Key | undefined, id: string): string | undefined {
  if (tree === undefined) return undefined;
  const path = `${rootKey.runtime}\\Nodes\\${id}`;
  if (dwordOf(findValue(tree, path, "State")) !== nodeState.down) return undefined;
  return because[textOf(findValue(tree, path, "DownBecause")) ?? ""];
}

/**
 * Why the quorum has the node's last life as ended in order, as the end of a sentence: its host's proof, which lies there until a leader
 * has used it, or what that leader recorded. undefined when it does not say so. Rejects when the quorum can't be read.
 */
export async function provenInQuorum(
  quorum: Pick<Quorum, "proofs" | "load">,
  node: string,
): Promise<string | undefined> {
  // Before the database: whoever joined since has another incarnation there.
  const proofs = await quorum.proofs.list();
  const { tree } = replay(await quorum.load());
  const record = nodeRecord(tree, node);
  if (record === undefined) return undefined;
  if (proofs.some((one) => one.node === node && one.incarnation === record.incarnation)) return because["proof"];
  const why = textOf(findValue(tree, `${rootKey.runtime}\\Nodes\\${node}`, "DownBecause"));
  return !record.up && (why === "proof" || why === "left") ? because[why] : undefined;
}
