/** A node whose machine is being switched off is let in only after that: else its new life would be hit (docs/safety.md §2.12). */
import { fail } from "../base/errors.ts";
import { fenceConfigPath, fenceRecordPath, fenceRecordValue } from "../database/fencing.ts";
import type { Condition } from "../database/update.ts";
import { findKey, findValue, type Key } from "../tree/key.ts";
import { textOf } from "../tree/value.ts";

/** CLUSTER_NODE_NOT_READY while an agent is asked about this node; a watchdog hits nobody who comes back. */
export function refuseWhileFenced(tree: Key, node: string): void {
  const path = fenceRecordPath(node);
  const text = (name: string): string => textOf(findValue(tree, path, name)) ?? "";
  if (text(fenceRecordValue.state) !== "asked" || text(fenceRecordValue.kind) !== "agent") return;
  // A try that a leader left open is brought to its end by asking the device again: without one it has no end.
  if (findKey(tree, fenceConfigPath(node, "agent")) === undefined) return;
  throw fail("CLUSTER_NODE_NOT_READY", {
    happened: `Node ${node} is being fenced by ${text(fenceRecordValue.title)}.`,
    unchanged: "It was not let in, and starts nothing.",
    next: "It is let in when that has ended, one way or the other.",
  });
}

/** Of the update that lets a node in: nobody decided to fence it since it was looked at. Without a device nobody can. */
export function notFencedMeanwhile(tree: Key, node: string): Condition[] {
  const config = fenceConfigPath(node);
  if (findKey(tree, config) === undefined) return [{ kind: "key-absent", path: config }];
  const path = fenceRecordPath(node);
  const name = fenceRecordValue.attempt;
  return [{ kind: "value-equals", path, name, data: findValue(tree, path, name)?.data }];
}
