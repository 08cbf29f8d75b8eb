/**
 * Which nodes are fenced now, and why: a pure function of the database and of what the leader knows of its nodes, as `decide` is. A node
 * that answers, that proved, or whose groups all died with its host is never among them (docs/safety.md §2.12).
 */
import { titleOfDevice, whyNotFenced } from "../database/commands/fencing.ts";
import type { FenceConfig } from "../database/fencing.ts";
import type { ClusterState, GroupState, NodeState } from "../database/state.ts";
import { survivorsOf } from "./custody.ts";
import type { NodeFacts } from "./placement.ts";
import { quoted } from "./words.ts";

/** One node that is to be fenced by one device. */
export interface FenceDecision {
  readonly node: NodeState;
  readonly config: FenceConfig;
  /** One sentence: what and why. */
  readonly because: string;
  /** Who decided it. */
  readonly who: string;
}

/** In the order of the nodes. `failed`: whether that device of that life failed lately and is left alone for now. */
export function decideFencing(
  state: ClusterState,
  facts: ReadonlyMap<string, NodeFacts>,
  failed: (node: NodeState, config: FenceConfig) => boolean,
): FenceDecision[] {
  return [...state.nodes.values()].flatMap((node) => {
    const why = whyFenced(state, node, facts.get(node.id));
    if (why === undefined) return [];
    const isAsked = node.fencing.record?.state === "wanted";
    const isLeft = (one: FenceConfig): boolean => isUsable(node, one) && (isAsked || !failed(node, one));
    const config = node.fencing.devices.find((one) => isLeft(one) && (!why.onlyRest || one.kind !== "agent"));
    if (config === undefined) return [];
    const because = `Node ${node.name} is fenced by ${titleOfDevice(config)}: ${why.because}.`;
    return [{ node, config, because, who: why.who }];
  });
}

function isUsable(node: NodeState, config: FenceConfig): boolean {
  return config.kind === "agent" || node.fencing.watchdog !== undefined;
}

function whyFenced(
  state: ClusterState,
  node: NodeState,
  facts: NodeFacts | undefined,
): { readonly because: string; readonly who: string; readonly onlyRest?: boolean } | undefined {
  const { record } = node.fencing;
  // A try that is open keeps the node out, so it is brought to its end also when a person has confirmed meanwhile that the node is down.
  const isOpen = node.confirmedDown && record?.state === "asked";
  if (!isOpen && whyNotFenced(node) !== undefined) return undefined;
  if (facts?.takeOver !== "waited" && facts?.takeOver !== "gone") return undefined;
  if (record?.state === "wanted") return { because: `${record.who} asked for it`, who: record.who };
  const groups = [...state.groups.values()].filter((group) => isStuck(state, group, node, facts));
  const names = groups.flatMap((group) => survivorsOf(state, group, facts)).map(quoted);
  if (names.length > 0) {
    const verb = names.length === 1 ? "does" : "do";
    return { because: `it is silent, and ${names.join(", ")} ${verb} not die with its host`, who: "the leader" };
  }
  // What another leader began is brought to its end, and a person's wish does not end with the first device.
  const isWish = record?.state === "failed" && record.kind === "agent" && record.who !== "the leader";
  if (record?.state !== "asked" && !isWish) return undefined;
  return { because: `${record.who} asked for it`, who: record.who, onlyRest: isWish };
}

/** It is to run, it was this node's (or might have been, after a restore), and only a confirmation sets it free. */
function isStuck(state: ClusterState, group: GroupState, node: NodeState, facts: NodeFacts): boolean {
  const isIts = group.owner === node.id || group.owner === undefined;
  return group.wanted && isIts && !group.released && survivorsOf(state, group, facts).length > 0;
}
