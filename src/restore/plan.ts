/**
 * A restore as a plan: from what is there to what would happen, what would be lost and who forbids it (docs/safety.md §5). Pure: the dry
 * run, the check before the act and the act itself use this one answer.
 */
import type { ErrorName } from "../base/errors.ts";
import { isGuid } from "../base/guid.ts";
import { foldId } from "../database/schema.ts";
import { readState } from "../database/state.ts";
import { compareTags, formatTag, type Tag } from "../quorum/tag.ts";
import { emptyKey, fileTime, type Key } from "../tree/key.ts";
import { type Changes, changesBetween } from "./differences.ts";
import { compareLayouts, type Layout } from "./layouts.ts";
import { configurationOf, restoredTree, type TreeChanges, treeChanges } from "./restored-tree.ts";

/** A set that was read whole; `damage` names what is wrong with it. */
export interface SetFacts {
  readonly path: string;
  /** One digest over all its files. */
  readonly digest: string;
  readonly cluster: { readonly name: string; readonly instance: string };
  readonly generation: number;
  readonly lineage: string | undefined;
  readonly tag: Tag | undefined;
  readonly time: number | undefined;
  /** undefined when it is too damaged to be read. */
  readonly tree: Key | undefined;
  /** `{GUID}/0000000n.CPT` of the versions in it. */
  readonly versions: readonly string[];
  readonly quorumDevice: Layout;
  readonly damage: readonly string[];
  readonly notChecked: readonly string[];
}

/** What is in the quorum now. */
export type PresentFacts =
  | { readonly state: "none" }
  | { readonly state: "unreadable"; readonly why: string }
  | {
      readonly state: "readable";
      readonly cluster: { readonly name: string; readonly instance: string };
      readonly generation: number;
      readonly lineage: string;
      readonly tag: Tag;
      readonly tree: Key;
      /** Content digest of `configurationOf(tree)`. */
      readonly contentDigest: string;
    };

/** What is known of another node. Unknown is not down. */
export interface NodeFact {
  readonly id: string;
  readonly name: string;
  readonly state: "running" | "stopped" | "unknown";
  /** How that is known, as the end of a sentence: "its service answers". */
  readonly evidence: string;
  /** The highest generation it has seen. */
  readonly generation?: number;
}

/** What a restore is planned from. */
export interface RestoreInput {
  readonly set: SetFacts;
  readonly present: PresentFacts;
  /** The quorum folder to restore into. */
  readonly place: string;
  /** The place that this node used until now, when a drive names another one. */
  readonly formerPlace?: string;
  readonly drive?: string;
  /** Every node but this one, of the set and of the present cluster. */
  readonly nodes: readonly NodeFact[];
  readonly self: { readonly id: string; readonly name: string };
  /** The cluster that this node belongs to by its own record, for when the quorum can't tell. */
  readonly ownInstance?: string;
  readonly quorumDevice: Layout;
  /** The highest generation seen in the quorum, finished or not. */
  readonly highestGeneration: number;
  readonly force: boolean;
  readonly adoptIdentity: boolean;
  /** The folder for safety backups. */
  readonly safetyFolder: string;
  /** Random: names the plan, and the lineage of its generation. */
  readonly id: string;
  readonly lineage: string;
  /** Wall time in milliseconds. */
  readonly now: number;
}

/** Something that forbids the restore. */
export interface Blocker {
  readonly name: ErrorName;
  readonly sentence: string;
  readonly next: string;
}

/** An idempotent step. */
export interface Step {
  readonly kind: "stop-nodes" | "safety-backup" | "safety-copy" | "build" | "verify-built" | "switch" | "place" | "finish";
  /** What it does, for people. */
  readonly what: string;
}

/** A plan; plain JSON. It may be executed only when `blockers` is empty. */
export interface RestorePlan {
  readonly id: string;
  readonly time: number;
  readonly place: string;
  readonly formerPlace: string | undefined;
  readonly drive: string | undefined;
  readonly set: { readonly path: string; readonly digest: string; readonly tag: string | undefined; readonly time: number | undefined };
  /** Of the quorum when the plan was made; undefined when there was none or it could not be read. */
  readonly present: { readonly tag: string; readonly contentDigest: string } | undefined;
  readonly identity: { readonly name: string; readonly instance: string; readonly generation: number; readonly lineage: string };
  readonly generation: { readonly from: number; readonly to: number };
  readonly tag: Tag;
  readonly treeChanges: TreeChanges;
  readonly force: boolean;
  /** Node ids that are told to stop. */
  readonly stopNodes: readonly string[];
  /** Where the present state goes first; undefined when there is none. */
  readonly safety: string | undefined;
  readonly steps: readonly Step[];
  readonly blockers: readonly Blocker[];
  readonly warnings: readonly string[];
  readonly changes: Changes | undefined;
  /** Updates after the set, which the restore takes back. */
  readonly lost: { readonly updates: number | undefined; readonly sentence: string };
  /** Names of nodes that must join again. */
  readonly mustJoinAgain: readonly string[];
  readonly notChecked: readonly string[];
}

/** Fails never: what stands in the way is among the blockers. */
export function planRestore(input: RestoreInput): RestorePlan {
  const { set, present, place } = input;
  const notes: Notes = { blockers: [], warnings: [], notChecked: [...set.notChecked] };
  const same = judgeIdentity(input, notes);
  const presentTree = present.state === "readable" && same ? present.tree : undefined;
  const changes = treeChanges(set.tree ?? emptyKey("Cluster", 0n), presentTree, new Set(set.versions));
  judgeSet(input, notes);
  judgeNodes(input, notes);
  judgeMembers(input, presentTree, changes, notes);
  judgeLayout(input, notes);
  const generations = [set.generation, input.highestGeneration, presentGeneration(present), ...input.nodes.map(({ generation }) => generation ?? 0)];
  const from = presentGeneration(present);
  const to = Math.max(...generations) + 1;
  const sequence = Math.max(set.tag?.sequence ?? 0, present.state === "readable" ? present.tag.sequence : 0) + 1;
  const instance = instanceOf(input);
  const stopNodes = input.nodes.filter(({ state }) => state === "running").map(({ id }) => id);
  const safety = present.state === "none" ? undefined : `${input.safetyFolder}/${safetyName(input)}`;
  return {
    id: input.id,
    time: input.now,
    place,
    formerPlace: input.formerPlace,
    drive: input.drive,
    set: { path: set.path, digest: set.digest, tag: set.tag === undefined ? undefined : formatTag(set.tag), time: set.time },
    present: present.state === "readable" ? { tag: formatTag(present.tag), contentDigest: present.contentDigest } : undefined,
    identity: { name: set.cluster.name, instance, generation: to, lineage: input.lineage },
    generation: { from, to },
    tag: { generation: to, epoch: 0, sequence },
    treeChanges: changes,
    force: input.force,
    stopNodes: input.force ? stopNodes : [],
    safety,
    steps: stepsOf(input, input.force ? stopNodes : [], safety, to),
    ...notes,
    changes: changesOf(input, changes, presentTree),
    lost: lostUpdates(input, same),
    mustJoinAgain: changes.leftOut.map((id) => nodeName(input, presentTree, id)),
  };
}

interface Notes {
  readonly blockers: Blocker[];
  readonly warnings: string[];
  readonly notChecked: string[];
}

function presentGeneration(present: PresentFacts): number {
  return present.state === "readable" ? present.generation : 0;
}

/** As identities have it; a set that another program wrote may spell it otherwise or have none. */
function instanceOf({ set, present, ownInstance }: RestoreInput): string {
  const inSet = foldId(set.cluster.instance);
  if (inSet !== "") return inSet;
  return present.state === "readable" ? present.cluster.instance : (ownInstance ?? "");
}

/** Whether the present cluster is the one the set is of, as far as anybody knows. */
function judgeIdentity(input: RestoreInput, notes: Notes): boolean {
  const { set, present, ownInstance, adoptIdentity } = input;
  const here = present.state === "readable" ? present.cluster.instance : ownInstance;
  const name = present.state === "readable" ? ` (${present.cluster.name})` : "";
  if (set.tree === undefined || here === undefined || set.cluster.instance === "" || foldId(set.cluster.instance) === here) {
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
  if (adoptIdentity) notes.warnings.push(`${sentence} Its identity is adopted: never run it beside the cluster that it came from.`);
  else {
    notes.blockers.push({
      name: "CLUSTER_INSTANCE_ID_MISMATCH",
      sentence,
      next: "Choose a set of this cluster, or adopt the other cluster's identity on purpose (--adopt-identity).",
    });
  }
  return false;
}

function judgeSet({ set }: RestoreInput, { blockers }: Notes): void {
  if (set.damage.length === 0) return;
  blockers.push({
    name: "DATABASE_BACKUP_CORRUPT",
    sentence: `The set ${set.path} is damaged: ${set.damage.join("; ")}.`,
    next: "Use another copy of the set, or another set.",
  });
}

function judgeNodes({ nodes, force }: RestoreInput, { blockers, warnings }: Notes): void {
  for (const { name, state, evidence } of nodes) {
    if (state === "stopped") continue;
    if (force) {
      warnings.push(
        state === "running"
          ? `Node ${name} runs the cluster service (${evidence}); it is told to stop.`
          : `Node ${name} is unknown (${evidence}). What it runs is not started elsewhere before it has reported, proved that it stopped, ` +
              `its permit is over and everything dies with its host, or a person confirms: clubar node confirm-down ${name}.`,
      );
      continue;
    }
    blockers.push({
      name: "CLUSTER_NODE_UP",
      sentence:
        state === "running" ? `Node ${name} runs the cluster service: ${evidence}.` : `Whether node ${name} runs is unknown: ${evidence}. Unknown is not down.`,
      next: `Stop its service (clubar node stop ${name}), or restore with force, which tries to.`,
    });
  }
}

function judgeMembers(input: RestoreInput, presentTree: Key | undefined, changes: TreeChanges, notes: Notes): void {
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
    notes.warnings.push(`Node ${members.get(id)?.name ?? id} was evicted after the backup and stays evicted; it is taken out of all lists of owners.`);
  }
  for (const id of changes.leftOut) {
    notes.warnings.push(`Node ${nodeName(input, presentTree, id)} joined after the backup: it is no member after the restore and must join again.`);
  }
  if (presentTree === undefined && present.state !== "readable") {
    notes.notChecked.push("whether a node of the set was evicted after the backup: the present database can't be read");
  }
}

function nodeName(input: RestoreInput, presentTree: Key | undefined, id: string): string {
  const known = presentTree === undefined ? undefined : readState(presentTree).nodes.get(id)?.name;
  return known ?? input.nodes.find((node) => node.id === id)?.name ?? id;
}

function judgeLayout({ set, quorumDevice, force }: RestoreInput, notes: Notes): void {
  const compared = compareLayouts(set.quorumDevice, quorumDevice);
  if (compared.result === "NOT CHECKED") notes.notChecked.push(`quorum disk layout: ${compared.why}`);
  if (compared.result !== "different") return;
  if (force) notes.warnings.push(`${compared.why} The restore goes on because it is forced; no disk is changed.`);
  else notes.blockers.push({ name: "QUORUM_DISK_NOT_FOUND", sentence: compared.why, next: compared.next });
}

/** `2031-04-02T02-00-07-123Z-1-3-276`; the id tells two of one moment apart. */
function safetyName({ now, present, id }: RestoreInput): string {
  const time = new Date(now).toISOString().replace(/[:.]/g, "-");
  return present.state === "readable" ? `${time}-${formatTag(present.tag).replaceAll(":", "-")}` : `${time}-copy-${id.slice(0, 8)}`;
}

function stepsOf({ present, place, formerPlace, set }: RestoreInput, stopNodes: readonly string[], safety: string | undefined, to: number): Step[] {
  const steps: Step[] = [];
  if (stopNodes.length > 0) steps.push({ kind: "stop-nodes", what: `Tell ${stopNodes.length} other nodes to stop.` });
  if (present.state === "readable") steps.push({ kind: "safety-backup", what: `Back the present state up to ${safety ?? ""}.` });
  if (present.state === "unreadable") {
    steps.push({ kind: "safety-copy", what: `Copy the present quorum folder, which can't be read (${present.why}), to ${safety ?? ""}.` });
  }
  steps.push({ kind: "build", what: `Build generation ${to} from ${set.path} in ${place}, beside what is in force.` });
  steps.push({ kind: "verify-built", what: "Read it back and compare." });
  steps.push({ kind: "switch", what: `Put generation ${to} in force.` });
  if (formerPlace !== undefined && formerPlace !== place) steps.push({ kind: "place", what: `Use ${place} as the quorum from now on.` });
  steps.push({ kind: "finish", what: "Note the result." });
  return steps;
}

function changesOf({ set, now }: RestoreInput, changes: TreeChanges, presentTree: Key | undefined): Changes | undefined {
  if (set.tree === undefined || presentTree === undefined) return undefined;
  return changesBetween(configurationOf(presentTree), configurationOf(restoredTree(set.tree, changes, fileTime(now))));
}

function lostUpdates({ set, present }: RestoreInput, same: boolean): RestorePlan["lost"] {
  if (present.state !== "readable") return { updates: undefined, sentence: "Nobody knows what was changed after the backup: the present database can't be read." };
  if (!same) return { updates: undefined, sentence: "All of the present cluster's database is replaced." };
  const now = formatTag(present.tag);
  if (set.tag === undefined) return { updates: undefined, sentence: `Everything changed since the backup is taken back; the database is at ${now}.` };
  if (set.lineage !== present.lineage || compareTags(set.tag, present.tag) > 0) {
    return { updates: undefined, sentence: `The set (${formatTag(set.tag)}) and the present database (${now}) have different histories.` };
  }
  const updates = present.tag.sequence - set.tag.sequence;
  if (updates === 0) return { updates, sentence: `No update was made after the backup (${now}).` };
  return { updates, sentence: `${updates} updates after the backup are taken back: from ${now} to ${formatTag(set.tag)}.` };
}
