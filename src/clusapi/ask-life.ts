/** What another node's service does: whether it lives under a quorum, runs alone, or is stopped. For decisions about a lost quorum. */
import { failureOf } from "../base/failure-of.ts";
import type { Outside } from "../base/outside.ts";
import { type Caller, dial } from "../rpc/call.ts";
import type { NodeLife } from "../recovery/force-quorum-copies.ts";
import { askNode } from "./ask-node.ts";

/** How long a service may take to answer, in milliseconds. */
const limit = 5000;

/** Of the states that a service tells of itself; what is none of these says nothing yet. */
const lives: Readonly<Record<string, NodeLife["state"]>> = { leader: "living", member: "living", alone: "alone" };

/** Unknown when it can't be said; never rejects. */
export async function askLife(
  outside: Outside,
  endpoint: string | undefined,
  instance: string | undefined,
): Promise<NodeLife> {
  const found = await askNode(outside, endpoint);
  if (found.state === "stopped") return { state: "stopped", evidence: found.evidence };
  if (found.state === "unknown" || endpoint === undefined) return { state: "unknown", evidence: found.evidence };
  let caller: Caller | undefined;
  try {
    caller = await dial(outside, endpoint, instance);
    const { state } = (await caller.call("status", {}, limit)) as { readonly state: string };
    return { state: lives[state] ?? "unknown", evidence: `its service says that it is ${state}` };
  } catch (error) {
    const { name, happened } = failureOf(error);
    if (name === "CLUSTER_NODE_NOT_MEMBER")
      return { state: "unknown", evidence: "its service says that this node is no member", deniesUs: true };
    return {
      state: "unknown",
      evidence: `${found.evidence}, but it did not say what it does: ${happened.replace(/\.$/, "")}`,
    };
  } finally {
    caller?.close();
  }
}
