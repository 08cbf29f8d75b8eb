/** What the database says about a node's life: `Runtime\Nodes\<id>`, and the updates that change it. */
import { findKey, findValue, type Key, childrenOf } from "../tree/key.ts";
import { dword, dwordOf, sz, textOf } from "../tree/value.ts";
import type { Edit } from "../tree/edit.ts";
import { watchdogName } from "../database/fencing.ts";
import type { Condition, Update } from "../database/update.ts";
import { notFencedMeanwhile } from "./while-fenced.ts";
import type { JoinRequest } from "./wire.ts";

/** WSFC's node states (facts §6.1). */
export const nodeState = { up: 0, down: 1, paused: 2, joining: 3 } as const;

/**
 * Why a node is down: its host proved it, the full time passed, the kernel shows that host and applications are gone, a person confirmed
 * it, it left.
 */
export type DownBecause = "proof" | "waited" | "gone" | "confirmed" | "left";

/** One node's life as the database has it; texts are empty and numbers 0 where nothing is recorded. */
export interface NodeRecord {
  readonly node: string;
  /** "none": nothing is recorded in this generation. */
  readonly state: "up" | "down" | "none";
  readonly up: boolean;
  readonly incarnation: string;
  readonly epoch: number;
  readonly endpoint: string;
  /** Its host can't promise that applications end with it. */
  readonly loose: boolean;
}

const nodesPath = "Runtime\\Nodes";

/** Whether the node is a member of the cluster at all. */
export function isConfigured(tree: Key, node: string): boolean {
  return findKey(tree, `Nodes\\${node}`) !== undefined;
}

/** One record for each configured node. */
export function allNodeRecords(tree: Key): NodeRecord[] {
  const parent = findKey(tree, "Nodes");
  return parent === undefined ? [] : [...childrenOf(parent)].map((key) => readRecord(key.name, tree));
}

/** undefined when nothing is recorded of the node in this generation. */
export function nodeRecord(tree: Key, node: string): NodeRecord | undefined {
  return findKey(tree, `${nodesPath}\\${node}`) === undefined ? undefined : readRecord(node, tree);
}

function readRecord(node: string, tree: Key): NodeRecord {
  const path = `${nodesPath}\\${node}`;
  const state = dwordOf(findValue(tree, path, "State"));
  const incarnation = textOf(findValue(tree, path, "Incarnation")) ?? "";
  return {
    node,
    state: state === undefined ? "none" : state === nodeState.down ? "down" : "up",
    up: state !== undefined && state !== nodeState.down,
    incarnation,
    epoch: dwordOf(findValue(tree, path, "Epoch")) ?? 0,
    endpoint: textOf(findValue(tree, path, "Endpoint")) ?? "",
    loose: dwordOf(findValue(tree, path, "Loose")) === 1,
  };
}

/** Marks a pause as part of a stop: the node's next life is not paused. */
export function stopDrainEdit(node: string): Edit {
  return { kind: "set-value", path: `${nodesPath}\\${node}`, value: dword("StopDrain", 1) };
}

/** The node is up in this life, under this epoch. */
export function upUpdate(
  requestId: string,
  who: Pick<JoinRequest, "node" | "incarnation" | "endpoint" | "loose" | "watchdog">,
  epoch: number,
  tree: Key,
): Update {
  const path = `${nodesPath}\\${who.node}`;
  const stopped =
    dwordOf(findValue(tree, path, "StopDrain")) === 1 &&
    textOf(findValue(tree, path, "Incarnation")) !== who.incarnation;
  const resumed = stopped ? ["StopDrain", "Paused", "NodeDrainStatus", "NodeDrainTarget"] : [];
  return {
    requestId,
    because: `Node ${who.node} joined under epoch ${epoch}.`,
    conditions: [{ kind: "key-exists", path: `Nodes\\${who.node}` }, ...notFencedMeanwhile(tree, who.node)],
    edits: [
      { kind: "set-value", path, value: dword("State", nodeState.up) },
      { kind: "set-value", path, value: sz("Incarnation", who.incarnation) },
      { kind: "set-value", path, value: dword("Epoch", epoch) },
      { kind: "set-value", path, value: sz("Endpoint", who.endpoint) },
      // Outlives a restore: whoever restores again must be able to ask the node.
      { kind: "set-value", path: `Nodes\\${who.node}`, value: sz("Endpoint", who.endpoint) },
      { kind: "set-value", path, value: dword("Loose", who.loose === true ? 1 : 0) },
      { kind: "delete-value", path, name: "DownBecause" },
      ...watchdogEdits(path, who.watchdog, tree),
      ...resumed.map((name) => ({ kind: "delete-value", path, name }) as const),
    ],
  };
}

function watchdogEdits(path: string, timeout: number | undefined, tree: Key): Edit[] {
  if (timeout !== undefined) return [{ kind: "set-value", path, value: dword(watchdogName, timeout) }];
  const before = findValue(tree, path, watchdogName);
  return before === undefined ? [] : [{ kind: "delete-value", path, name: watchdogName }];
}

/** Nothing of this life of the node runs any more. */
export function downUpdate(requestId: string, record: NodeRecord, why: DownBecause, sentence: string): Update {
  const path = `${nodesPath}\\${record.node}`;
  const sameLife: Condition = {
    kind: "value-equals",
    path,
    name: "Incarnation",
    data: record.incarnation === "" ? undefined : sz("Incarnation", record.incarnation).data,
  };
  return {
    requestId,
    because: sentence,
    conditions: [sameLife],
    edits: [
      { kind: "set-value", path, value: dword("State", nodeState.down) },
      { kind: "set-value", path, value: sz("DownBecause", why) },
    ],
  };
}
