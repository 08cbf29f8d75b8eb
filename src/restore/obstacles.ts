/** What forbids a restore, what a person should know, and what could not be checked. Pure. */
import { isGuid } from "../base/guid.ts";
import { foldId } from "../database/schema.ts";
import { readState } from "../database/state.ts";
import type { Key } from "../tree/key.ts";
import { compareLayouts } from "./layouts.ts";
import type { Blocker } from "../base/blocked.ts";
import type { RestoreInput } from "./plan-types.ts";
import type { Hold } from "./hold.ts";
import type { TreeChanges } from "./restored-tree.ts";

/** Filled by the functions here. */
export interface Notes {
  readonly blockers: Blocker[];
  readonly warnings: string[];
  readonly notChecked: string[];
}

/** As identities have it; a set that another program wrote may spell it otherwise or have none. */
export function instanceOf({ set, present, ownInstance }: RestoreInput): string {
  const inSet = foldId(set.cluster.instance);
  if (inSet !== "") return inSet;
  return present.state === "readable" ? present.cluster.instance : (ownInstance ?? "");
}

/** Whether the present cluster is the one the set is of, as far as anybody knows. */
export function judgeIdentity(input: RestoreInput, notes: Notes): boolean {
  const { set, present, ownInstance, adoptIdentity } = input;
  const here = present.state === "readable" ? present.cluster.instance : ownInstance;
  const name = present.state === "readable" ? ` (${present.cluster.name})` : "";
  if (
    set.tree === undefined ||
    here === undefined ||
    set.cluster.instance === "" ||
    foldId(set.cluster.instance) === here
  ) {
    if (set.tree !== undefined && (here === undefined || set.cluster.instance === "")) {
      notes.notChecked.push("whether the set is of this cluster: there is nothing to compare its instance id with");
    }
    if (set.tree !== undefined && !isGuid(instanceOf(input))) {
      notes.blockers.push({
        name: "CLUSTER_INSTANCE_ID_MISMATCH",
        sentence: "Neither the set nor this node says which cluster it is of.",
        next: "Use a set that was taken by clubar.",
      });
    }
    return true;
  }
  const sentence = `The set is of the cluster ${set.cluster.name}, instance ${set.cluster.instance}; here is instance ${here}${name}.`;
  if (adoptIdentity)
    notes.warnings.push(`${sentence} Its identity is adopted: never run it beside the cluster that it came from.`);
  else {
    notes.blockers.push({
      name: "CLUSTER_INSTANCE_ID_MISMATCH",
      sentence,
      next: "Choose a set of this cluster, or adopt the other cluster's identity on purpose (--adopt-identity).",
    });
  }
  return false;
}

/** A damaged set is never restored. */
export function judgeSet({ set }: RestoreInput, { blockers }: Notes): void {
  if (set.damage.length === 0) return;
  blockers.push({
    name: "DATABASE_BACKUP_CORRUPT",
    sentence: `The set ${set.path} is damaged: ${set.damage.join("; ").replace(/\.$/, "")}.`,
    next: "Use another copy of the set, or another set. A set of `clubar vss backup` has the cluster's part in its folder `cluster`.",
  });
}

/** Running and unknown nodes. */
export function judgeNodes({ nodes, force }: RestoreInput, { blockers, warnings }: Notes): void {
  for (const { name, state, evidence } of nodes) {
    if (state === "stopped") continue;
    if (force) {
      warnings.push(
        state === "running"
          ? `Node ${name} runs the cluster service (${evidence}); it is told to stop.`
          : `Node ${name} is unknown (${evidence}). What it runs is not started elsewhere before it has reported, proved that it ` +
              `stopped, its permit is over and everything dies with its host, or a person confirms: clubar node confirm-down ${name}.`,
      );
      continue;
    }
    blockers.push({
      name: "CLUSTER_NODE_UP",
      sentence:
        state === "running"
          ? `Node ${name} runs the cluster service: ${evidence}.`
          : `Whether node ${name} runs is unknown: ${evidence}. Unknown is not down.`,
      next: `Stop its service (clubar node stop ${name}), or restore with force, which tries to.`,
    });
  }
}

/** This node, evicted ones, and those that joined later. */
export function judgeMembers(
  input: RestoreInput,
  presentTree: Key | undefined,
  changes: TreeChanges,
  notes: Notes,
): void {
  const { set, self, present } = input;
  if (set.tree === undefined) return;
  const members = readState(set.tree).nodes;
  const isMember = members.has(self.id) && !changes.dropNodes.includes(self.id);
  if (!isMember) {
    const names = [...members.values()].filter(({ id }) => !changes.dropNodes.includes(id)).map(({ name }) => name);
    notes.blockers.push({
      name: "CLUSTER_NODE_NOT_FOUND",
      sentence: `This node, ${self.name} (${self.id}), is no member of the cluster in the set, so it could not form it.`,
      next: `Restore on one of its nodes: ${names.join(", ")}.`,
    });
  }
  const named = members.get(self.id)?.name;
  if (named !== undefined && named.toLowerCase() !== self.name.toLowerCase()) {
    notes.warnings.push(`This node is called ${self.name}; in the set node ${self.id} is called ${named}.`);
  }
  for (const id of changes.dropNodes) {
    notes.warnings.push(
      `Node ${members.get(id)?.name ?? id} was evicted after the backup and stays evicted; it is taken out of all lists of owners.`,
    );
  }
  for (const user of changes.dropUsers ?? []) {
    notes.warnings.push(
      `What user ${user} was given was revoked or replaced after the backup and stays worth nothing.`,
    );
  }
  for (const id of changes.leftOut) {
    notes.warnings.push(
      `Node ${nodeName(input, presentTree, id)} joined after the backup: it is no member after the restore and must join again.`,
    );
  }
  if (presentTree === undefined && present.state !== "readable") {
    const why = present.state === "none" ? `in ${input.place} is no cluster yet` : "the present database can't be read";
    notes.notChecked.push(`whether a node of the set was evicted after the backup: ${why}`);
  }
}

/** For people. */
export function nodeName(input: RestoreInput, presentTree: Key | undefined, id: string): string {
  const known = presentTree === undefined ? undefined : readState(presentTree).nodes.get(id)?.name;
  return known ?? input.nodes.find((node) => node.id === id)?.name ?? id;
}

/** The partitions of the quorum disk. */
export function judgeLayout({ set, quorumDevice, force }: RestoreInput, notes: Notes): void {
  const compared = compareLayouts(set.quorumDevice, quorumDevice);
  if (compared.result === "NOT CHECKED") notes.notChecked.push(`quorum disk layout: ${compared.why}`);
  if (compared.result !== "different") return;
  if (force) notes.warnings.push(`${compared.why} The restore goes on because it is forced; no disk is changed.`);
  else notes.blockers.push({ name: "QUORUM_DISK_NOT_FOUND", sentence: compared.why, next: compared.next });
}

/** Groups that stay offline. */
export function judgeHold(held: readonly Hold[], asked: boolean | undefined, { warnings }: Notes): void {
  for (const { name, why } of held) {
    warnings.push(
      `Group ${name} stays offline afterwards until it is released (clubar group release "${name}"): ${why}` +
        (asked === undefined ? " With --no-hold it comes online with the set's settings." : ""),
    );
  }
}
