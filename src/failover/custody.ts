/**
 * Who may be running a group now. The rule that no resource runs on two nodes rests here: a group is free to be placed only when its
 * owner released it or certainly runs nothing any more (docs/safety.md §2.4, §5.1). Pure.
 */
import { nodeState } from "../database/schema.ts";
import type { ClusterState, GroupState, NodeState, ResourceState } from "../database/state.ts";
import type { NodeFacts } from "./placement.ts";
import { nodeName, quoted } from "./words.ts";

/** Where a group is, as far as can be known. */
export type Custody =
  /** Nobody runs it and nobody starts it. `how` says why that is certain. */
  | { readonly kind: "free"; readonly how: "new" | "released" | "taken-over" | "recovered"; readonly because: string }
  /** Its owner is up and has reported: it alone decides what runs. */
  | { readonly kind: "held"; readonly owner: NodeState }
  /** No owner is recorded, and this node alone reports that it runs it. */
  | { readonly kind: "adoptable"; readonly node: NodeState }
  /** It may be running where nobody can look. `silent`: its owner does not answer, so what was reported last means nothing. */
  | { readonly kind: "unknown"; readonly silent: boolean; readonly because: string };

type Gone = Extract<Custody, { kind: "free" | "unknown" }>;

/** Judges one group. */
export function custodyOf(state: ClusterState, group: GroupState, facts: ReadonlyMap<string, NodeFacts>): Custody {
  if (group.released) {
    if (group.owner === undefined) return { kind: "free", how: "new", because: "no node ever had it" };
    return { kind: "free", how: "released", because: `${nodeName(state, group.owner)} released it` };
  }
  if (group.owner === undefined) return custodyWithoutOwner(state, group, facts);
  const owner = state.nodes.get(group.owner);
  if (owner === undefined) return { kind: "free", how: "taken-over", because: `node ${group.owner} was evicted` };
  const known = facts.get(owner.id);
  const gone = goneBecause(state, group, owner, known);
  if (gone !== undefined) return gone;
  if (known?.up !== true) {
    return {
      kind: "unknown",
      silent: true,
      because: `${owner.name} does not answer and may run it until its permit is over`,
    };
  }
  if (!known.confirmedThisEpoch) {
    return { kind: "unknown", silent: false, because: `${owner.name} has not reported to the new leader yet` };
  }
  return { kind: "held", owner };
}

/** Free or unknown when the node's last life is over as far as `facts` say; undefined when they say nothing like it. */
function goneBecause(
  state: ClusterState,
  group: GroupState,
  node: NodeState,
  facts: NodeFacts | undefined,
): Gone | undefined {
  // The order of updates settles it: a node that is recorded as up again, in whatever life, is not gone.
  if (node.state !== nodeState.down && node.state !== nodeState.unknown) return undefined;
  if (node.confirmedDown || facts?.takeOver === "confirmed") {
    const { record } = node.fencing;
    const how = record?.state === "off" ? `was fenced: ${withoutStop(record.because)}` : "is confirmed to be down";
    return { kind: "free", how: "taken-over", because: `${node.name} ${how}` };
  }
  if (facts === undefined || facts.takeOver === "no") return undefined;
  if (facts.incarnation !== undefined && facts.incarnation !== node.incarnation) return undefined;
  if (facts.takeOver === "proof")
    return { kind: "free", how: "taken-over", because: `${node.name} proved that it stopped everything` };
  const [past, how] =
    facts.takeOver === "gone" ? ["host has ended", "went with it"] : ["permit is over", "dies with its host"];
  const survivors = survivorsOf(state, group, facts);
  if (survivors.length === 0) {
    return {
      kind: "free",
      how: "taken-over",
      because: `${node.name}'s ${past}, and everything in it ${how}`,
    };
  }
  const names = survivors.map((resource) => `${quoted(resource)} (${resource.type})`).join(", ");
  const verb = survivors.length === 1 ? "does" : "do";
  return {
    kind: "unknown",
    silent: true,
    because: `${node.name}'s ${past}, but ${names} ${verb} not die with its host; ${whatNext(node)}`,
  };
}

/** What of a group the end of a node's host says nothing of. */
export function survivorsOf(
  state: ClusterState,
  group: GroupState,
  facts: Pick<NodeFacts, "loose"> | undefined,
): readonly ResourceState[] {
  return group.resources
    .flatMap((id) => state.resources.get(id) ?? [])
    .filter((resource) => facts?.loose === true || !resource.diesWithHost);
}

/** Who can make sure of the machine, and how far that is. */
function whatNext(node: NodeState): string {
  const { devices, record } = node.fencing;
  const byPerson = `when the machine is certainly off: clubar node confirm-down ${node.name}`;
  if (record?.state === "asked") return `it is being fenced by ${record.title}`;
  if (record?.state === "failed") return `fencing it failed: ${withoutStop(record.because)}; ${byPerson}`;
  return devices.length > 0 ? "it is to be fenced" : byPerson;
}

function withoutStop(sentence: string): string {
  return sentence.replace(/\.$/, "");
}

/** After a restore nobody is recorded as owner, and every node might still run it (docs/safety.md §5.1). */
function custodyWithoutOwner(state: ClusterState, group: GroupState, facts: ReadonlyMap<string, NodeFacts>): Custody {
  const runners: NodeState[] = [];
  const open: string[] = [];
  for (const node of state.nodes.values()) {
    const known = facts.get(node.id);
    if (known?.up === true && known.confirmedThisEpoch) {
      if (known.runs?.includes(group.id) === true) runners.push(node);
      continue;
    }
    const gone = goneBecause(state, group, node, known);
    if (gone?.kind === "free") continue;
    open.push(gone?.because ?? `${node.name} has not reported, proved or been waited for`);
  }
  const [runner, second] = runners;
  if (runner !== undefined && second === undefined && open.length === 0) return { kind: "adoptable", node: runner };
  if (second !== undefined) {
    return {
      kind: "unknown",
      silent: false,
      because: `${runners.map((node) => node.name).join(" and ")} report that they run it`,
    };
  }
  if (open.length > 0)
    return { kind: "unknown", silent: true, because: `no owner is recorded, and ${open.join("; ")}` };
  return { kind: "free", how: "recovered", because: "every node has reported or is certainly stopped" };
}
