/** What people ask of nodes. */
import { fail } from "../../base/errors.ts";
import { findValue, type Key } from "../../tree/key.ts";
import { dword, dwordOf, multiSz, sz } from "../../tree/value.ts";
import { type Change, ChangeBuilder } from "../change.ts";
import { writeMove } from "../moving.ts";
import { commonProperties } from "../property-tables.ts";
import { drainStatus, minusOne, nodeState, nodeValue, rootKey } from "../schema.ts";
import { type ClusterState, type NodeState, readState } from "../state.ts";
import { checkName, findNode } from "./find.ts";
import { removeInterfaces } from "./network.ts";
import { type PropertyInputs, setProperties } from "./properties.ts";

const unchanged = "Nothing was changed.";

const nextIdName = "NextNodeId";
const evictionsName = "Evictions";

/** How many nodes were evicted so far. */
export function evictionsOf(tree: Key): number {
  return dwordOf(findValue(tree, rootKey.nodes, evictionsName)) ?? 0;
}

/** A new member, with the next number; an evicted node's is not given again. 5010 (name taken), 87. */
export function addNode(tree: Key, request: { readonly name: string }): Change {
  const state = readState(tree);
  checkName(state.nodes, "node", request.name);
  const id = nextNodeId(state);
  const path = `${rootKey.nodes}\\${id}`;
  const change = new ChangeBuilder(tree).structure().absent(path).set(path, sz(nodeValue.nodeName, request.name));
  change.unchanged(rootKey.nodes, nextIdName).set(rootKey.nodes, dword(nextIdName, Number(id) + 1));
  return change.build(`Node ${request.name} becomes node ${id} of the cluster.`);
}

/** The number that `addNode` gives. */
export function nextNodeId(state: ClusterState): string {
  const highest = Math.max(0, ...[...state.nodes.keys()].map(Number).filter(Number.isInteger));
  return String(Math.max(highest + 1, dwordOf(findValue(state.tree, rootKey.nodes, nextIdName)) ?? 0));
}

/** Common properties of a node. */
export function setNodeProperties(
  tree: Key,
  request: { readonly node: string; readonly properties: PropertyInputs },
): Change {
  const node = findNode(readState(tree), request.node);
  const change = new ChangeBuilder(tree).exists(node.path);
  setProperties(change, node.path, commonProperties.node, request.properties, true);
  return change.build(`Properties of node ${node.name} are set: ${Object.keys(request.properties).join(", ")}.`);
}

/** No group is placed here any more; those here stay, or move with `drain`. 5962 while draining; 5050 when no other node is up. */
export function pauseNode(
  tree: Key,
  request: { readonly node: string; readonly drain?: boolean; readonly target?: string },
): Change {
  const state = readState(tree);
  const node = findNode(state, request.node);
  if (node.drainStatus === drainStatus.inProgress) {
    throw fail("CLUSTER_NODE_DRAIN_IN_PROGRESS", {
      happened: `Node ${node.name} is being drained already.`,
      unchanged,
    });
  }
  const change = new ChangeBuilder(tree)
    .exists(node.path)
    .unchanged(node.runtimePath, "State", "Paused", "NodeDrainStatus");
  change.set(node.runtimePath, dword("Paused", 1));
  if (node.state === nodeState.up) change.set(node.runtimePath, dword("State", nodeState.paused));
  if (request.drain !== true) return change.build(`Node ${node.name} is paused.`);
  const target = request.target === undefined ? undefined : findNode(state, request.target);
  if (target?.id === node.id)
    throw fail("INVALID_PARAMETER", { happened: "A node can't be drained to itself.", unchanged });
  const others = target === undefined ? [...state.nodes.values()].filter((one) => one.id !== node.id) : [target];
  if (!others.some((one) => one.state === nodeState.up && !one.paused)) {
    const whom = target === undefined ? "No other node is" : `Node ${target.name} is not`;
    throw fail("CLUSTER_NODE_DOWN", {
      happened: `${whom} up and ready to take groups of node ${node.name}.`,
      unchanged,
    });
  }
  change.set(node.runtimePath, dword("NodeDrainStatus", drainStatus.inProgress));
  change.set(node.runtimePath, dword("NodeDrainTarget", target === undefined ? minusOne : Number(target.id)));
  return change.build(
    `Node ${node.name} is paused and drained${target === undefined ? "" : ` to node ${target.name}`}.`,
  );
}

/** Name or id, and what follows. */
export interface ResumeNode {
  readonly node: string;
  /** What becomes of groups that had to leave it: stay, come back now, or as their failback policy says (the default). */
  readonly failback?: "no" | "now" | "policy";
}

/** 5058 CLUSTER_NODE_NOT_PAUSED. */
export function resumeNode(tree: Key, request: ResumeNode): Change {
  const state = readState(tree);
  const node = findNode(state, request.node);
  if (!node.paused) throw fail("CLUSTER_NODE_NOT_PAUSED", { happened: `Node ${node.name} is not paused.`, unchanged });
  const change = new ChangeBuilder(tree)
    .exists(node.path)
    .unchanged(node.runtimePath, "State", "Paused", "NodeDrainStatus");
  change.remove(node.runtimePath, "Paused", "NodeDrainStatus", "NodeDrainTarget");
  if (node.state === nodeState.paused) change.set(node.runtimePath, dword("State", nodeState.up));
  for (const group of state.groups.values()) {
    const cancelled =
      group.owner === node.id && group.moveReason === "drain" && group.moveTo !== undefined && !group.released;
    if (cancelled)
      change.unchanged(group.runtimePath, "MoveTo", "Released").remove(group.runtimePath, "MoveTo", "MoveReason");
    if (group.displacedFrom !== node.id || request.failback === undefined || request.failback === "policy") continue;
    change
      .unchanged(group.runtimePath, "Owner", "OwnershipGeneration", "MoveTo", "DisplacedFrom")
      .remove(group.runtimePath, "DisplacedFrom");
    if (request.failback === "no" || group.moveTo !== undefined) continue;
    writeMove(change, group, node.id, "failback");
  }
  const how = { no: "; groups stay where they are", now: "; groups that left it come back", policy: "" }[
    request.failback ?? "policy"
  ];
  return change.build(`Node ${node.name} is resumed${how}.`);
}

/** Name or id, and what the leader knows of it. */
export interface EvictNode {
  readonly node: string;
  /** Whether it is certain that the node runs nothing: proven by its host, waited out by the leader, or confirmed by a person. */
  readonly stopped: boolean;
}

/** Takes a node out of the cluster and of every list of owners. 5009 unless it is down and certainly stopped; 87 for the last node. */
export function evictNode(tree: Key, request: EvictNode): Change {
  const state = readState(tree);
  const node = findNode(state, request.node);
  if (state.nodes.size === 1) {
    throw fail("INVALID_PARAMETER", {
      happened: `Node ${node.name} is the only one: destroy the cluster instead.`,
      unchanged,
    });
  }
  const isActive = node.state !== nodeState.down && node.state !== nodeState.unknown;
  if (isActive || !(request.stopped || node.confirmedDown)) {
    throw fail("CANT_EVICT_ACTIVE_NODE", {
      happened: isActive
        ? `Node ${node.name} is up.`
        : `It is not certain that node ${node.name} has stopped everything.`,
      unchanged,
      next: isActive
        ? `Stop its service first: clubar node stop ${node.name}.`
        : `When the machine is certainly off: clubar node confirm-down ${node.name}.`,
    });
  }
  refuseSurvivors(tree, state, node);
  const change = new ChangeBuilder(tree)
    .structure()
    .exists(node.path)
    .unchanged(node.runtimePath, "State", "Incarnation", "ConfirmedDown", "DownBecause", "Loose");
  for (const group of state.groups.values()) {
    if (group.owner === undefined || group.owner === node.id) change.unchanged(group.runtimePath, "Owner", "Released");
  }
  change.unchanged(rootKey.nodes, evictionsName).set(rootKey.nodes, dword(evictionsName, evictionsOf(tree) + 1));
  change.deleteKey(node.path).deleteKey(node.runtimePath);
  removeInterfaces(change, tree, node.id);
  forgetOwner(change, state, node);
  return change.build(`Node ${node.name} is evicted.`);
}

/**
 * What does not die with its host may outlive a permit that was waited out and a host that the kernel ended (docs/safety.md §2.5), and
 * once the node is no member its groups count as free.
 */
function refuseSurvivors(tree: Key, state: ClusterState, node: NodeState): void {
  if (node.confirmedDown || (node.downBecause !== "waited" && node.downBecause !== "gone")) return;
  const isLoose = dwordOf(findValue(tree, node.runtimePath, "Loose")) === 1;
  const survivors = [...state.groups.values()]
    .filter((group) => !group.released && (group.owner === undefined || group.owner === node.id))
    .flatMap((group) => group.resources.flatMap((id) => state.resources.get(id) ?? []))
    .filter((resource) => isLoose || !resource.diesWithHost);
  if (survivors.length === 0) return;
  throw fail("CANT_EVICT_ACTIVE_NODE", {
    happened: `It is not certain that node ${node.name} has stopped everything: ${survivors
      .map(({ name, type }) => `"${name}" (${type})`)
      .join(", ")} may outlive its host.`,
    unchanged,
    next: `When the machine is certainly off: clubar node confirm-down ${node.name}.`,
  });
}

function forgetOwner(change: ChangeBuilder, state: ClusterState, node: NodeState): void {
  for (const group of state.groups.values()) {
    if (!group.preferredOwners.includes(node.id)) continue;
    const rest = group.preferredOwners.filter((id) => id !== node.id);
    change.unchanged(group.path, "PreferredOwners").set(group.path, multiSz("PreferredOwners", rest));
  }
  for (const resource of state.resources.values()) {
    if (resource.possibleOwners?.includes(node.id) !== true) continue;
    const rest = resource.possibleOwners.filter((id) => id !== node.id);
    change.unchanged(resource.path, "PossibleOwners");
    change.set(resource.path, multiSz("PossibleOwners", rest));
  }
}

/**
 * A person's word that the machine is off, for what neither proof nor time can show (docs/safety.md §2.5). `repeatedName` must be the
 * node's name once more (87). 5056 while the node is up.
 */
export function confirmNodeDown(
  tree: Key,
  request: { readonly node: string; readonly repeatedName: string; readonly who: string },
): Change {
  const node = findNode(readState(tree), request.node);
  if (request.repeatedName.toLowerCase() !== node.name.toLowerCase()) {
    throw fail("INVALID_PARAMETER", { happened: `The name given to confirm is not ${node.name}.`, unchanged });
  }
  if (node.state !== nodeState.down && node.state !== nodeState.unknown) {
    throw fail("CLUSTER_NODE_UP", {
      happened: `Node ${node.name} is up: it answers.`,
      unchanged,
      next: "Stop or fence it first.",
    });
  }
  const change = new ChangeBuilder(tree).exists(node.path).unchanged(node.runtimePath, "State", "Incarnation");
  change.set(node.runtimePath, sz("ConfirmedDown", node.incarnation ?? ""));
  return change.build(`${request.who} confirmed that node ${node.name} is down.`);
}
