/** A scenario played and written down: status before, what is decided and done and why, status after. */
import { holds } from "../../src/database/apply.ts";
import type { Change } from "../../src/database/change.ts";
import { drainStatus, groupStateName, nodeState, resourceStateName } from "../../src/database/schema.ts";
import { type ClusterState, type GroupState, type NodeState, readState } from "../../src/database/state.ts";
import type { Action } from "../../src/failover/actions.ts";
import { decide } from "../../src/failover/decide.ts";
import { closeDifference, type OwnerAction } from "../../src/failover/owner.ts";
import { nodeFacts } from "../../src/failover/leader-loop.ts";
import { applyEdits } from "../../src/tree/edit.ts";
import { fileTime, type Key } from "../../src/tree/key.ts";
import { ModelHost } from "./model-host.ts";
import { bootTime, type Scenario } from "./scenario.ts";

export function summarize(scenario: Scenario): string {
  let { tree } = scenario;
  const lines = ["Before", ...status(readState(tree))];
  const hosts = new Map([...scenario.running].map(([node, running]) => [node, new ModelHost(running)]));
  for (let round = 1; round <= scenario.rounds; round += 1) {
    const suffix = scenario.rounds === 1 ? "" : ` (round ${round})`;
    const state = readState(tree);
    const nodes = round === 1 ? scenario.nodes : nodeFacts(state, 1);
    const actions = decide({ state, nodes, now: scenario.now, hour: scenario.hour });
    lines.push("", `The leader decides${suffix}`, ...actions.map((action) => `  ${leaderLine(state, action)}`));
    if (actions.length === 0) lines.push("  nothing");
    for (const action of actions) if (action.update !== undefined) tree = apply(tree, action.update, scenario.now);
    for (const [node, host] of hosts) {
      const played = playOwner(tree, node, host, scenario.now);
      lines.push("", `Node ${readState(tree).nodes.get(node)?.name ?? node} acts${suffix}`, ...played.lines);
      tree = played.tree;
    }
  }
  return `${[...lines, "", "After", ...status(readState(tree))].join("\n")}\n`;
}

function apply(tree: Key, change: Change, now: number): Key {
  const broken = change.conditions.find((condition) => !holds(tree, condition));
  if (broken !== undefined) throw new Error(`refused: ${change.because} ${JSON.stringify(broken)}`);
  return applyEdits(tree, change.edits, fileTime(now));
}

/** Every step ends at once; goes on until there is nothing left to do. */
function playOwner(start: Key, node: string, host: ModelHost, now: number): { tree: Key; lines: string[] } {
  let tree = start;
  const lines: string[] = [];
  for (let turn = 0; turn < 20; turn += 1) {
    const state = readState(tree);
    const incarnation = state.nodes.get(node)?.incarnation ?? "none";
    host.forgetOlder(state, node);
    const actions = closeDifference({ state, me: node, incarnation, running: host.running, nowBoot: bootTime });
    const wakes = actions.filter((action) => action.kind === "wake");
    const steps = actions.filter((action) => action.kind !== "wake");
    for (const action of steps) {
      lines.push(`  ${ownerLine(action)}`);
      if ("update" in action) tree = apply(tree, action.update, now);
      else host.begin(state, action, bootTime);
    }
    for (const resource of host.pending()) host.finish(resource, bootTime);
    if (steps.length > 0) continue;
    lines.push(...wakes.map((wake) => `  looks again in ${(wake.at - bootTime) / 1000} s: ${wake.because}`));
    return { tree, lines: lines.length === 0 ? ["  nothing"] : lines };
  }
  throw new Error(`node ${node} never comes to rest:\n${lines.join("\n")}`);
}

function leaderLine(state: ClusterState, action: Action): string {
  const name = (id: string): string => state.nodes.get(id)?.name ?? id;
  switch (action.kind) {
    case "place-group":
    case "adopt-group":
      return `${action.kind} ${action.group} → ${name(action.node)}: ${action.because}`;
    case "begin-move":
      return `begin-move ${action.group} → ${action.node === undefined ? "?" : name(action.node)} (${action.reason}): ${action.because}`;
    case "finish-drain":
      return `finish-drain ${name(action.node)}: ${action.because}`;
    default:
      return `${action.kind} ${action.group}: ${action.because}`;
  }
}

function ownerLine(action: Exclude<OwnerAction, { kind: "wake" }>): string {
  const what = "resource" in action ? action.resource : action.group;
  const then = action.kind === "terminate" ? ` (then ${action.becomes})` : "";
  return `${action.kind} ${what}${then}: ${action.because}`;
}

function status(state: ClusterState): string[] {
  const nodes = [...state.nodes.values()].map((node) => `  ${nodeLine(node)}`);
  return [...nodes, ...[...state.groups.values()].flatMap((group) => groupLines(state, group))];
}

function nodeLine(node: NodeState): string {
  const names = new Map<number, string>(Object.entries(nodeState).map(([name, number]) => [number, name]));
  const drains = new Map<number, string>(Object.entries(drainStatus).map(([name, number]) => [number, name]));
  const parts = [names.get(node.state) ?? String(node.state)];
  if (node.downBecause !== undefined) parts.push(`(${node.downBecause})`);
  if (node.paused && node.state !== nodeState.paused) parts.push("paused");
  if (node.drainStatus !== drainStatus.notInitiated) parts.push(`drain ${drains.get(node.drainStatus)}`);
  return `${node.name}: ${parts.join(" ")}`;
}

function groupLines(state: ClusterState, group: GroupState): string[] {
  const parts = [
    `${groupStateName(group.state)}, owner ${group.owner === undefined ? "none" : (state.nodes.get(group.owner)?.name ?? group.owner)}`,
  ];
  parts.push(`generation ${group.ownershipGeneration}`);
  if (!group.wanted) parts.push("to stay offline");
  if (group.released) parts.push("released");
  if (group.moveTo !== undefined) parts.push(`${group.moveReason} to ${group.moveTo}`);
  if (group.failoverRequested) parts.push("failover asked for");
  if (group.failed !== undefined) parts.push("left failed");
  if (group.failovers.length > 0) parts.push(`${group.failovers.length} failovers`);
  if (group.displacedFrom !== undefined) parts.push(`displaced from ${group.displacedFrom}`);
  const resources = group.resources.flatMap((id) => state.resources.get(id) ?? []);
  const lines = resources.map(
    (one) => `    ${one.name}: ${resourceStateName(one.state)}${one.reason === "" ? "" : ` – ${one.reason}`}`,
  );
  return [`  ${group.name}: ${parts.join(", ")}`, ...lines];
}
