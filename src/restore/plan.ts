/**
 * A restore as a plan: from what is there to what would happen, what would be lost and who forbids it (docs/safety.md §5). Pure: the dry
 * run, the check before the act and the act itself use this one answer.
 */
import { compareTags, formatTag } from "../quorum/tag.ts";
import { foldId } from "../database/schema.ts";
import { emptyKey, fileTime, type Key } from "../tree/key.ts";
import { type Changes, changesBetween } from "./differences.ts";
import {
  instanceOf,
  judgeHold,
  judgeIdentity,
  judgeLayout,
  judgeMembers,
  judgeNodes,
  judgeSet,
  nodeName,
  type Notes,
} from "./obstacles.ts";
import { groupsToHold, type ReplacedNode } from "./hold.ts";
import { longPermit } from "../membership/long-permit.ts";
import type { PresentFacts, RestoreInput, RestorePlan, Step } from "./plan-types.ts";
import { configurationOf, restoredTree, type TreeChanges, treeChanges } from "./restored-tree.ts";

/** Fails never: what stands in the way is among the blockers. */
export function planRestore(input: RestoreInput): RestorePlan {
  const { set, present, place } = input;
  const notes: Notes = { blockers: [], warnings: [], notChecked: [...set.notChecked] };
  const same = judgeIdentity(input, notes);
  const presentTree = present.state === "readable" && same ? present.tree : undefined;
  const knownTree = presentTree ?? formerTree(input);
  const setTree = set.tree ?? emptyKey("Cluster", 0n);
  const held = groupsToHold(setTree, knownTree ?? input.lastKnown, input.hold, replacedNode(input));
  const changes = {
    ...treeChanges(setTree, knownTree, new Set(set.versions)),
    hold: held.map(({ name: _, ...hold }) => hold),
    ...longPermitOf(knownTree ?? input.lastKnown),
  };
  judgeSet(input, notes);
  judgeNodes(input, notes);
  judgeMembers(input, knownTree, changes, notes);
  judgeLayout(input, notes);
  judgeHold(held, input.hold, notes);
  const generations = [
    set.generation,
    input.highestGeneration,
    presentGeneration(present),
    ...input.nodes.map(({ generation }) => generation ?? 0),
  ];
  const from = presentGeneration(present);
  const to = Math.max(...generations) + 1;
  const sequence = Math.max(set.tag?.sequence ?? 0, present.state === "readable" ? present.tag.sequence : 0) + 1;
  const instance = instanceOf(input);
  const stopNodes = input.nodes.filter(({ state }) => state === "running").map(({ id }) => id);
  const safety =
    present.state === "none" ? undefined : (input.agreed?.safety ?? `${input.safetyFolder}/${safetyName(input)}`);
  return {
    id: input.id,
    time: input.now,
    place,
    formerPlace: input.formerPlace,
    drive: input.drive,
    set: {
      path: set.path,
      digest: set.digest,
      tag: set.tag === undefined ? undefined : formatTag(set.tag),
      time: set.time,
    },
    present:
      present.state === "readable" ? { tag: formatTag(present.tag), contentDigest: present.contentDigest } : undefined,
    identity: { name: set.cluster.name, instance, generation: to, lineage: input.lineage },
    generation: { from, to },
    tag: { generation: to, epoch: 0, sequence },
    treeChanges: changes,
    force: input.force,
    stopNodes: input.force ? stopNodes : [],
    safety,
    steps: stepsOf(input, input.force ? stopNodes : [], safety, to, instance),
    ...notes,
    held,
    changes: changesOf(input, changes, presentTree),
    lost: lostUpdates(input, same),
    mustJoinAgain: changes.leftOut.map((id) => nodeName(input, knownTree, id)),
  };
}

/** The same cluster's database in the place that is left: it knows whom it has evicted since the backup. */
function formerTree({ set, former }: RestoreInput): Key | undefined {
  const isSame = former?.state === "readable" && foldId(former.cluster.instance) === foldId(set.cluster.instance);
  return isSame ? former.tree : undefined;
}

function replacedNode({ self, ownFilesKeptIn }: RestoreInput): ReplacedNode | undefined {
  return ownFilesKeptIn === undefined ? undefined : { ...self, saved: ownFilesKeptIn };
}

function longPermitOf(tree: Key | undefined): Pick<TreeChanges, "longPermit"> {
  const found = tree === undefined ? undefined : longPermit(tree);
  return found === undefined ? {} : { longPermit: found };
}

function presentGeneration(present: PresentFacts): number {
  return present.state === "readable" ? present.generation : 0;
}

/** `2031-04-02T02-00-07-123Z-1-3-276`; the id tells two of one moment apart. */
function safetyName({ now, present, id }: RestoreInput): string {
  const time = new Date(now).toISOString().replace(/[:.]/g, "-");
  return present.state === "readable"
    ? `${time}-${formatTag(present.tag).replaceAll(":", "-")}`
    : `${time}-copy-${id.slice(0, 8)}`;
}

function stepsOf(
  { present, place, formerPlace, set, ownInstance }: RestoreInput,
  stopNodes: readonly string[],
  safety: string | undefined,
  to: number,
  instance: string,
): Step[] {
  const steps: Step[] = [];
  const nodes = stopNodes.length === 1 ? "node" : "nodes";
  if (stopNodes.length > 0)
    steps.push({ kind: "stop-nodes", what: `Tell ${stopNodes.length} other ${nodes} to stop.` });
  if (present.state === "readable")
    steps.push({ kind: "safety-backup", what: `Back the present state up to ${safety ?? ""}.` });
  if (present.state === "unreadable") {
    steps.push({
      kind: "safety-copy",
      what: `Copy the present quorum folder, which can't be read (${present.why}), to ${safety ?? ""}.`,
    });
  }
  steps.push({ kind: "build", what: `Build generation ${to} from ${set.path} in ${place}, beside what is in force.` });
  steps.push({ kind: "verify-built", what: "Read it back and compare." });
  steps.push({ kind: "switch", what: `Put generation ${to} in force.` });
  if (formerPlace !== undefined && formerPlace !== place)
    steps.push({ kind: "place", what: `Use ${place} as the quorum from now on.` });
  else if (ownInstance !== undefined && instance !== ownInstance)
    steps.push({ kind: "place", what: `Make this node one of cluster ${set.cluster.name}.` });
  steps.push({ kind: "finish", what: "Note the result." });
  return steps;
}

function changesOf(
  { set, now }: RestoreInput,
  changes: TreeChanges,
  presentTree: Key | undefined,
): Changes | undefined {
  if (set.tree === undefined || presentTree === undefined) return undefined;
  return changesBetween(configurationOf(presentTree), configurationOf(restoredTree(set.tree, changes, fileTime(now))));
}

function lostUpdates({ set, present, place }: RestoreInput, same: boolean): RestorePlan["lost"] {
  if (present.state === "none")
    return {
      updates: undefined,
      sentence: `What was changed after the backup is not shown: in ${place} is no cluster yet to compare the set with.`,
    };
  if (present.state !== "readable")
    return {
      updates: undefined,
      sentence: "Nobody knows what was changed after the backup: the present database can't be read.",
    };
  if (!same) return { updates: undefined, sentence: "All of the present cluster's database is replaced." };
  const now = formatTag(present.tag);
  if (set.tag === undefined)
    return {
      updates: undefined,
      sentence: `Everything changed since the backup is taken back; the database is at ${now}.`,
    };
  if (set.lineage !== present.lineage || compareTags(set.tag, present.tag) > 0) {
    return {
      updates: undefined,
      sentence: `The set (${formatTag(set.tag)}) and the present database (${now}) have different histories.`,
    };
  }
  const updates = present.tag.sequence - set.tag.sequence;
  if (updates === 0) return { updates, sentence: `No update was made after the backup (${now}).` };
  return {
    updates,
    sentence: `${updates} updates after the backup are taken back: from ${now} to ${formatTag(set.tag)}.`,
  };
}
