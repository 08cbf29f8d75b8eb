/** Which other nodes a restore asks, and what it does with their answers when it goes on after it was cut short. */
import { fail } from "../base/errors.ts";
import { failureOf } from "../base/failure-of.ts";
import type { Outside } from "../base/outside.ts";
import { type NodeState, readState } from "../database/state.ts";
import type { Key } from "../tree/key.ts";
import type { NodeFact, RestorePlan } from "./plan-types.ts";
import { type Present, readPresent } from "./present.ts";
import { readSource } from "./source.ts";

/** Asks one node: "unknown" unless somebody can tell; may reject, which is unknown too. */
export type AskNode = (node: {
  readonly id: string;
  readonly name: string;
  readonly endpoint: string | undefined;
}) => Promise<Omit<NodeFact, "id" | "name">>;

/**
 * Members of the present cluster, and of the one in the place that is left: that knows where they answer. An evicted node is none.
 * When nobody can tell, those of what is restored.
 */
export function nodesToAsk(presents: readonly Present[], restored: Key | undefined, self: string): NodeState[] {
  const readable = presents.flatMap((present) => (present.state === "readable" ? [present.tree] : []));
  const trees = readable.length > 0 ? readable : restored === undefined ? [] : [restored];
  const nodes = new Map(trees.flatMap((tree) => [...readState(tree).nodes.values()].map((node) => [node.id, node])));
  nodes.delete(self);
  return [...nodes.values()];
}

/** Every node of a plan that was made earlier, but this one. */
export async function nodesOfPlan(
  outside: Pick<Outside, "files" | "random">,
  { place, formerPlace, set, copy }: RestorePlan,
  at: { readonly self: string; readonly insist: boolean },
): Promise<NodeState[]> {
  const places = formerPlace === undefined || formerPlace === place ? [place] : [place, formerPlace];
  const presents = await Promise.all(places.map((one) => readPresent(outside, one, at.insist)));
  const isKnown = presents.some(({ state }) => state === "readable");
  return nodesToAsk(presents, isKnown ? undefined : (await readSource(outside, set.path, copy)).tree, at.self);
}

/** What each says. */
export function askNodes(ask: AskNode, nodes: readonly NodeState[]): Promise<NodeFact[]> {
  return Promise.all(
    nodes.map(async ({ id, name, endpoint }) => {
      try {
        return { id, name, ...(await ask({ id, name, endpoint })) };
      } catch (error) {
        return {
          id,
          name,
          state: "unknown" as const,
          evidence: `it could not be asked (${failureOf(error).happened})`,
        };
      }
    }),
  );
}

/**
 * A plan that goes on after a crash forbids what it forbade when it was made, whatever was seen then: CLUSTER_NODE_UP unless every node is
 * stopped or, with force, was to be told to stop or is unknown. Resolves with the ids that have to be told again.
 */
export function judgeAgain(plan: RestorePlan, facts: readonly NodeFact[]): readonly string[] {
  const isToStop = ({ id, state }: NodeFact): boolean => state === "running" && plan.stopNodes.includes(id);
  const isForbidden = (node: NodeFact): boolean =>
    node.state === "running" ? !isToStop(node) : node.state === "unknown" && !plan.force;
  const forbidden = facts.filter(isForbidden);
  if (forbidden.length === 0) return facts.filter(isToStop).map(({ id }) => id);
  throw fail("CLUSTER_NODE_UP", {
    happened: forbidden.map(({ name, state, evidence }) => `Node ${name} is ${state}: ${evidence}.`).join(" "),
    unchanged: "The quorum is as it was.",
    next: "Stop the service on all other nodes, then restore again.",
  });
}
