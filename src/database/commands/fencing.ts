/** What people and the leader write about fencing. Every step is in the database before the device is asked (docs/safety.md §2.12). */
import { fail } from "../../base/errors.ts";
import type { Key } from "../../tree/key.ts";
import { dword, multiSz, qword, sz } from "../../tree/value.ts";
import { type Change, ChangeBuilder } from "../change.ts";
import {
  type FenceConfig,
  fenceConfigPath,
  fenceConfigValue,
  type FenceKind,
  fenceRecordPath,
  fenceRecordValue,
} from "../fencing.ts";
import { nodeState } from "../schema.ts";
import { type NodeState, readState } from "../state.ts";
import { findNode } from "./find.ts";

const unchanged = "Nothing was changed.";

/** "fence_ipmilan", "the watchdog /dev/watchdog0". */
export function titleOfDevice(config: FenceConfig): string {
  return config.kind === "agent" ? config.agent : `the watchdog ${config.device}`;
}

/** The node's device of this kind from now on. */
export function setFence(tree: Key, request: { readonly node: string; readonly config: FenceConfig }): Change {
  const node = findNode(readState(tree), request.node);
  const { config } = request;
  const path = fenceConfigPath(node.id, config.kind);
  const change = new ChangeBuilder(tree).exists(node.path).deleteKey(path).createKey(path);
  change.set(path, dword(fenceConfigValue.timeout, config.timeout));
  if (config.kind === "watchdog") change.set(path, sz(fenceConfigValue.device, config.device));
  else {
    change.set(path, sz(fenceConfigValue.agent, config.agent), sz(fenceConfigValue.method, config.method));
    if (config.secrets.id !== "") {
      change.set(path, sz(fenceConfigValue.secretsId, config.secrets.id));
      change.set(path, multiSz(fenceConfigValue.secretNames, config.secrets.names));
    }
    const below = `${path}\\${fenceConfigValue.parameters}`;
    for (const [name, value] of config.parameters) change.set(below, sz(name, value));
  }
  return change.build(`Node ${node.name} is fenced by ${titleOfDevice(config)}.`);
}

/** `kind` undefined: all of the node's devices. FILE_NOT_FOUND. */
export function removeFence(
  tree: Key,
  request: { readonly node: string; readonly kind: FenceKind | undefined },
): Change {
  const node = findNode(readState(tree), request.node);
  const gone = node.fencing.devices.filter(({ kind }) => request.kind === undefined || kind === request.kind);
  if (gone.length === 0) {
    throw fail("FILE_NOT_FOUND", {
      happened: `Node ${node.name} has no fence device${request.kind === undefined ? "" : ` of the kind ${request.kind}`}.`,
      unchanged,
      next: "See `clubar fence list`.",
    });
  }
  const change = new ChangeBuilder(tree).exists(node.path);
  for (const { kind } of gone) change.deleteKey(fenceConfigPath(node.id, kind));
  return change.build(`Node ${node.name} is no longer fenced by ${gone.map(titleOfDevice).join(" and ")}.`);
}

/** Why nobody may fence this node; undefined when it may be. A node that answers, proved or was confirmed is never fenced. */
export function whyNotFenced(
  node: NodeState,
): { readonly name: "CLUSTER_NODE_UP" | "INVALID_STATE"; readonly because: string } | undefined {
  if (node.state !== nodeState.down && node.state !== nodeState.unknown)
    return { name: "CLUSTER_NODE_UP", because: `Node ${node.name} is up: it answers, or its permit is not over yet` };
  if (node.confirmedDown) return { name: "INVALID_STATE", because: `Node ${node.name} is confirmed to be down` };
  if (node.downBecause === "waited" || node.downBecause === "gone") return undefined;
  if (node.downBecause === "proof" || node.downBecause === "left")
    return { name: "INVALID_STATE", because: `Node ${node.name} proved that it stopped everything` };
  return { name: "INVALID_STATE", because: `Node ${node.name} has not been waited for` };
}

/** A person wants the node to be fenced; the leader does it. CLUSTER_NODE_UP, INVALID_STATE, FILE_NOT_FOUND without a device. */
export function wantFence(
  tree: Key,
  request: { readonly node: string; readonly who: string; readonly attempt: string; readonly wall: number },
): Change {
  const node = findNode(readState(tree), request.node);
  const obstacle = whyNotFenced(node);
  if (obstacle !== undefined) throw fail(obstacle.name, { happened: `${obstacle.because}.`, unchanged });
  if (node.fencing.devices.length === 0) {
    throw fail("FILE_NOT_FOUND", {
      happened: `Node ${node.name} has no fence device.`,
      unchanged,
      next: `Give it one (clubar fence add ${node.name} …) or, when it is certainly off: clubar node confirm-down ${node.name}.`,
    });
  }
  const because = `${request.who} wants node ${node.name} to be fenced.`;
  const change = ofLife(tree, node);
  write(change, node, { state: "wanted", attempt: request.attempt, because, who: request.who, wall: request.wall });
  change.remove(fenceRecordPath(node.id), fenceRecordValue.kind, fenceRecordValue.title);
  return change.build(because);
}

/** A device is asked next: the leader writes it before it does so. */
export function askFence(
  tree: Key,
  request: {
    readonly node: NodeState;
    readonly config: FenceConfig;
    readonly attempt: string;
    readonly because: string;
    readonly who: string;
    readonly wall: number;
  },
): Change {
  const { node, config, because } = request;
  const change = ofLife(tree, node);
  write(change, node, { state: "asked", ...request });
  change.set(
    fenceRecordPath(node.id),
    sz(fenceRecordValue.kind, config.kind),
    sz(fenceRecordValue.title, titleOfDevice(config)),
  );
  return change.build(because);
}

/** What came of one try. "off" counts as the node's confirmation; both only for the life and the try that was asked about. */
export function endFence(
  tree: Key,
  request: {
    readonly node: NodeState;
    readonly state: "off" | "failed";
    readonly attempt: string;
    readonly because: string;
    readonly who: string;
    readonly wall: number;
  },
): Change {
  const { node, attempt, because } = request;
  const change = ofLife(tree, node);
  write(change, node, request);
  if (request.state === "off") change.set(node.runtimePath, sz("ConfirmedDown", node.incarnation ?? ""));
  const built = change.build(because);
  // Not what this copy says by now, but what the device was asked about.
  const asked = new Map([
    [fenceRecordValue.attempt as string, attempt],
    ["Incarnation", node.incarnation],
  ]);
  const conditions = built.conditions.map((one) => {
    if (one.kind !== "value-equals" || !asked.has(one.name)) return one;
    const text = asked.get(one.name);
    return { ...one, data: text === undefined ? undefined : sz(one.name, text).data };
  });
  return { ...built, conditions };
}

/** The very life that was read, and nothing decided about it meanwhile. */
function ofLife(tree: Key, node: NodeState): ChangeBuilder {
  return new ChangeBuilder(tree)
    .exists(node.path)
    .unchanged(node.runtimePath, "State", "Incarnation", "ConfirmedDown", "DownBecause")
    .unchanged(fenceRecordPath(node.id), fenceRecordValue.attempt, fenceRecordValue.state);
}

function write(
  change: ChangeBuilder,
  node: NodeState,
  record: {
    readonly state: string;
    readonly attempt: string;
    readonly because: string;
    readonly who: string;
    readonly wall: number;
  },
): void {
  change.set(
    fenceRecordPath(node.id),
    sz(fenceRecordValue.incarnation, node.incarnation ?? ""),
    sz(fenceRecordValue.state, record.state),
    sz(fenceRecordValue.attempt, record.attempt),
    sz(fenceRecordValue.because, record.because),
    sz(fenceRecordValue.who, record.who),
    qword(fenceRecordValue.time, BigInt(Math.floor(record.wall))),
  );
}
