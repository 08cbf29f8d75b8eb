/** Which node takes a group. Pure and deterministic: preferred owners in their order, then the node with the fewest groups. */
import { findMissing } from "../database/checkpoint-state.ts";
import { nodeState } from "../database/schema.ts";
import type { ClusterState, GroupState, NodeState } from "../database/state.ts";
import { quoted } from "./words.ts";

/** What the leader knows of a node beyond the database. */
export interface NodeFacts {
  /** It answers and its host has a permit. */
  readonly up: boolean;
  /** It has reported to the present leader. */
  readonly confirmedThisEpoch: boolean;
  /**
   * Whether everything this node ran has certainly stopped (docs/safety.md §2.4): "proof": its host said so or it left in order;
   * "confirmed": a person or a fence device did; "waited": its permit is over, so what dies with its host is gone; "gone": its host
   * and what dies with it were seen to have ended; "no".
   */
  readonly takeOver: "no" | "proof" | "confirmed" | "waited" | "gone";
  /** Its host can't promise that applications end with it: of the time alone nothing follows (docs/safety.md §2.5). */
  readonly loose?: boolean;
  /** The life of the node that `takeOver` is about; another one in the database makes it worthless. undefined: the database's. */
  readonly incarnation?: string;
  /** Groups of which its host runs something, when it reported that. */
  readonly runs?: readonly string[];
}

/** The groups on each node, as they are and as this round of decisions makes them. */
export class Occupancy {
  readonly #groups = new Map<string, Set<string>>();

  constructor(state: ClusterState) {
    for (const group of state.groups.values()) {
      const going = group.moveTo !== undefined && state.nodes.has(group.moveTo) ? group.moveTo : group.owner;
      if (going !== undefined) this.add(group.id, going);
    }
  }

  add(group: string, node: string): void {
    for (const others of this.#groups.values()) others.delete(group);
    const here = this.#groups.get(node) ?? new Set();
    here.add(group);
    this.#groups.set(node, here);
  }

  load(node: string): number {
    return this.#groups.get(node)?.size ?? 0;
  }

  on(node: string): ReadonlySet<string> {
    return this.#groups.get(node) ?? new Set();
  }
}

/** Who asks for a node for which group. */
export interface PlacementQuestion {
  readonly state: ClusterState;
  readonly group: GroupState;
  readonly facts: ReadonlyMap<string, NodeFacts>;
  readonly occupancy: Occupancy;
  /** Nodes that are out of the question. */
  readonly except?: ReadonlySet<string>;
  /** Nodes taken only when there is no other, because a resource of the group failed there lately. */
  readonly avoid?: ReadonlySet<string>;
}

/** The answer; `because` is a part of a sentence. */
export type Placement =
  | { readonly node: NodeState; readonly because: string }
  | { readonly node: undefined; readonly because: string };

/** The best node for a group; without one, `because` says why each is out of the question. */
export function choosePlacement(question: PlacementQuestion): Placement {
  const { state, group, facts, occupancy } = question;
  const obstacles: string[] = [];
  const possible: NodeState[] = [];
  for (const node of state.nodes.values()) {
    const obstacle =
      question.except?.has(node.id) === true ? undefined : whyNot(state, group, node, facts.get(node.id));
    if (obstacle !== undefined) obstacles.push(`${node.name} ${obstacle}`);
    else if (question.except?.has(node.id) !== true) possible.push(node);
  }
  if (possible.length === 0)
    return { node: undefined, because: obstacles.length === 0 ? "there is no other node" : obstacles.join(", ") };
  const calm = prefer(possible, (node) => question.avoid?.has(node.id) !== true);
  const rivals = antiAffineGroups(state, group);
  const free = calm.filter((node) => !rivals.some((rival) => occupancy.on(node.id).has(rival.id)));
  if (free.length === 0 && state.cluster.enforcedAntiAffinity) {
    return {
      node: undefined,
      because: `each node that could take it has a group that it must not meet (${rivals.map(quoted).join(", ")})`,
    };
  }
  const candidates = free.length === 0 ? calm : free;
  candidates.sort((a, b) => rank(group, a.id) - rank(group, b.id) || occupancy.load(a.id) - occupancy.load(b.id));
  const node = candidates[0] as NodeState;
  const notes: string[] = [];
  if (calm.length < possible.length) notes.push("where it has not failed lately");
  if (free.length === 0) notes.push(`though it should not meet ${rivals.map(quoted).join(", ")}`);
  else if (free.length < calm.length) notes.push("where it meets no rival");
  return { node, because: [reasonFor(group, node, possible, candidates), ...notes].join(", ") };
}

function reasonFor(
  group: GroupState,
  node: NodeState,
  possible: readonly NodeState[],
  candidates: readonly NodeState[],
): string {
  if (possible.length === 1) return "the only node that can take it";
  if (candidates.length === 1) return "the only one";
  return group.preferredOwners.includes(node.id)
    ? "its first preferred owner that can take it"
    : "the node with the fewest groups";
}

function prefer<T>(all: readonly T[], isGood: (one: T) => boolean): T[] {
  const good = all.filter(isGood);
  return good.length === 0 ? [...all] : good;
}

/** Position among the preferred owners; Infinity is no number to subtract, so those outside come with the list's length. */
export function rank(group: GroupState, node: string): number {
  const position = group.preferredOwners.indexOf(node);
  return position === -1 ? group.preferredOwners.length : position;
}

/** Why a node can't take a group, as the end of a sentence that begins with its name; undefined when it can. */
export function whyNot(
  state: ClusterState,
  group: GroupState,
  node: NodeState,
  facts: NodeFacts | undefined,
): string | undefined {
  const isMember = node.state === nodeState.up || node.state === nodeState.paused;
  if (facts?.up !== true || !isMember) return "is not up";
  if (!facts.confirmedThisEpoch) return "has not reported to the leader yet";
  if (node.paused) return "is paused";
  for (const id of group.resources) {
    const resource = state.resources.get(id);
    if (resource?.possibleOwners !== undefined && !resource.possibleOwners.includes(node.id)) {
      return `is no possible owner of ${quoted(resource)}`;
    }
  }
  return findMissing(state, group, node.id)?.why;
}

function antiAffineGroups(state: ClusterState, group: GroupState): GroupState[] {
  const mine = new Set(group.antiAffinityClassNames.map((name) => name.toLowerCase()));
  if (mine.size === 0) return [];
  return [...state.groups.values()].filter(
    (other) => other.id !== group.id && other.antiAffinityClassNames.some((name) => mine.has(name.toLowerCase())),
  );
}
