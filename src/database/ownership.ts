/**
 * What every write of an owner rests on: it is the group's owner, in this life, under this ownership generation. The leader checks all
 * three where it orders the update, so what a former owner still sends changes nothing, however late it comes (docs/safety.md §2.13).
 */
import { dword, sz } from "../tree/value.ts";
import type { Change, ChangeBuilder } from "./change.ts";
import { runtimeGroupValue, runtimeNodePath, runtimeNodeValue } from "./schema.ts";
import type { Condition } from "./update.ts";

/** By what right a node writes. */
export interface Ownership {
  /** Node id. */
  readonly node: string;
  /** The life of its service. */
  readonly incarnation: string;
  /** Of the group. */
  readonly generation: number;
}

/** The update applies only while this holds, whatever the copy that it was built from says. */
export function whileOwned(change: ChangeBuilder, groupRuntimePath: string, owner: Ownership): ChangeBuilder {
  return change
    .is(groupRuntimePath, sz(runtimeGroupValue.owner, owner.node))
    .is(groupRuntimePath, dword(runtimeGroupValue.ownershipGeneration, owner.generation))
    .is(runtimeNodePath(owner.node), sz(runtimeNodeValue.incarnation, owner.incarnation));
}

const names: readonly string[] = [
  runtimeGroupValue.owner,
  runtimeGroupValue.ownershipGeneration,
  runtimeNodeValue.incarnation,
];

/** A refusal by this condition means that the writer is not the owner any more: another node is, or a later life of it. */
export function isOwnership(condition: Condition): boolean {
  if (condition.kind !== "value-equals") return condition.kind === "key-exists";
  return names.includes(condition.name);
}

/** Whether an update was a former owner's, by the condition that refused it. */
export function isFormerOwners(update: Pick<Change, "conditions">, refusedBy: Condition): boolean {
  if (refusedBy.kind !== "value-equals") return false;
  const needed = update.conditions.filter((one) => one.kind === "value-equals" && names.includes(one.name));
  // What follows the writer's own is about other nodes.
  const own = needed.slice(0, names.length);
  return (
    own.length === names.length &&
    own.some((one) => one.kind === "value-equals" && one.path === refusedBy.path && one.name === refusedBy.name)
  );
}
