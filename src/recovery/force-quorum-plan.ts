/**
 * A forced quorum as a plan: from which copy of the database, under which generation, what is lost, and who forbids it. Pure. The plan is
 * one of a restore, whose steps, journal and single rename carry it out (src/restore/DESIGN.md).
 */
import { longPermit } from "../membership/long-permit.ts";
import type { Blocker } from "../base/blocked.ts";
import { readState } from "../database/state.ts";
import { compareTags, formatTag } from "../quorum/tag.ts";
import { copyChanges, type Hold, lastOwners, type LostVersion, type RestorePlan } from "../restore/restore.ts";
import type { QuorumFact } from "./doctor-quorum.ts";
import { type Copy, isBehind, nameOf, type NodeCopy, rivals } from "./force-quorum-copies.ts";

/** What a person asks for. */
export interface ForceQuorumRequest {
  /** Node or generation whose copy is taken; the newest one unless given. */
  readonly from?: string;
  /** Takes unknown nodes for stopped, an older copy than the newest, or a retired folder. */
  readonly force: boolean;
  /** Every group stays offline afterwards until it is released. */
  readonly hold: boolean;
}

/** All that a plan rests on. */
export interface ForceQuorumInput {
  readonly request: ForceQuorumRequest;
  readonly self: { readonly id: string; readonly name: string };
  /** Where the cluster is to live. */
  readonly quorum: QuorumFact;
  /** Where this node's record says that it lived until now, when that is elsewhere. */
  readonly former: QuorumFact | undefined;
  readonly nodes: readonly NodeCopy[];
  /** All copies, the newest first. */
  readonly copies: readonly Copy[];
  /** The one that is taken and its files; undefined when there is none. */
  readonly chosen: ChosenCopy | undefined;
  readonly highestGeneration: number;
  readonly safetyFolder: string;
  /** Random GUIDs. */
  readonly id: string;
  readonly lineage: string;
  /** Wall time in milliseconds. */
  readonly now: number;
}

/** A copy with the files that go with it. */
export interface ChosenCopy {
  readonly copy: Copy;
  readonly versions: readonly { readonly name: string; readonly path: string }[];
  readonly lost: readonly LostVersion[];
  readonly digest: string;
}

/** The copy that a request means; undefined when nobody has it. */
export function chooseCopy(copies: readonly Copy[], from: string | undefined): Copy | undefined {
  if (from === undefined) return copies[0];
  const wanted = from.toLowerCase();
  return copies.find(({ node, at }) =>
    node === undefined ? at.kind === "generation" && at.name.toLowerCase() === wanted : node.toLowerCase() === wanted,
  );
}

/** Fails never: what stands in the way is among the blockers. */
export function planForceQuorum(input: ForceQuorumInput): RestorePlan {
  const { chosen, quorum, former, request } = input;
  const { blockers, warnings } = judge(input);
  // Of what nobody would do there is nothing to tell.
  const isIdle = chosen === undefined || blockers.some(({ name }) => name === "INVALID_STATE");
  const to = Math.max(input.highestGeneration, ...input.copies.map(({ tag }) => tag.generation)) + 1;
  const sequence = Math.max(0, ...input.copies.map(({ tag }) => tag.sequence)) + 1;
  const held = chosen === undefined ? [] : groupsToHold(chosen, request.hold);
  const safety =
    quorum.condition === "missing" || quorum.condition === "empty"
      ? undefined
      : `${input.safetyFolder}/${new Date(input.now).toISOString().replace(/[:.]/g, "-")}-quorum-${input.id.slice(0, 8)}`;
  const name = chosen?.copy.clusterName ?? "";
  const label = chosen?.copy.label ?? "nothing";
  return {
    id: input.id,
    time: input.now,
    place: quorum.place,
    formerPlace: former?.place,
    drive: undefined,
    set: {
      path: label,
      digest: chosen?.digest ?? "",
      tag: chosen === undefined ? undefined : formatTag(chosen.copy.tag),
      time: undefined,
    },
    ...(chosen === undefined ? {} : { copy: sourceOf(input, chosen) }),
    present: undefined,
    identity: { name, instance: chosen?.copy.instance ?? "", generation: to, lineage: input.lineage },
    generation: { from: chosen?.copy.tag.generation ?? 0, to },
    tag: { generation: to, epoch: 0, sequence },
    treeChanges:
      chosen === undefined
        ? { dropNodes: [], leftOut: [], nextNodeId: 1, nextNumbers: {}, dropVersions: [], hold: [] }
        : { ...changesOf(input, chosen), hold: held.map(({ name: _, ...hold }) => hold), ...longPermitOf(input) },
    force: request.force,
    stopNodes: [],
    safety,
    steps: isIdle ? [] : stepsOf(input, safety, to, label),
    blockers,
    warnings: isIdle ? [] : [...warnings, ...held.map((hold) => heldSentence(hold))],
    held,
    changes: undefined,
    lost: { updates: undefined, sentence: isIdle ? "" : lostSentence(input, chosen.copy) },
    mustJoinAgain: [],
    notChecked: input.nodes
      .filter(({ isSelf, copy }) => !isSelf && copy === undefined)
      .map(({ name: node, why }) => `the copy of node ${node}, which may be newer: ${why ?? "nobody can say"}`),
  };
}

/** Of any copy that can be looked at: a node that granted or holds one has it in its own. */
function longPermitOf({ copies }: ForceQuorumInput): Pick<RestorePlan["treeChanges"], "longPermit"> {
  const found = copies.map(({ tree }) => longPermit(tree)).filter((one) => one !== undefined);
  const [longest] = found.sort((a, b) => b.permit - a.permit);
  return longest === undefined ? {} : { longPermit: longest };
}

function sourceOf(
  { quorum }: ForceQuorumInput,
  { copy, versions, lost }: ChosenCopy,
): NonNullable<RestorePlan["copy"]> {
  const replaces = quorum.generations.find(({ inForce }) => inForce)?.tag;
  return { label: copy.label, database: copy.at, versions, lost, ...(replaces === undefined ? {} : { replaces }) };
}

function changesOf({ copies }: ForceQuorumInput, { copy, versions }: ChosenCopy): ReturnType<typeof copyChanges> {
  const others = copies.filter((one) => one !== copy).map(({ tree }) => tree);
  return copyChanges(copy.tree, others, new Set(versions.map(({ name }) => name)));
}

function judge(input: ForceQuorumInput): Notes {
  const notes: Notes = { blockers: [], warnings: [] };
  const { chosen, self } = input;
  judgePlace(input, notes);
  judgeNodes(input, notes);
  judgeCopy(input, notes);
  if (chosen !== undefined && !readState(chosen.copy.tree).nodes.has(self.id)) {
    notes.blockers.push({
      name: "CLUSTER_NODE_NOT_FOUND",
      sentence: `This node, ${self.name}, is no member in ${nameOf(chosen.copy)}: it was evicted.`,
      next: "Force the quorum on one of the cluster's nodes.",
    });
  }
  for (const { path, resourceName, name } of chosen?.lost ?? []) {
    notes.warnings.push(
      `LOST: nobody has the file of checkpoint ${path} of "${resourceName}" (${name}). The resource comes online ` +
        `only where it ran last, until it is re-created from the live settings there (clubar recover checkpoints "${resourceName}").`,
    );
  }
  return notes;
}

interface Notes {
  readonly blockers: Blocker[];
  readonly warnings: string[];
}

function judgePlace({ quorum, former, request, copies }: ForceQuorumInput, { blockers, warnings }: Notes): void {
  const { condition, sentence, place } = quorum;
  const block = (name: Blocker["name"], next: string, text = sentence): void => {
    blockers.push({ name, sentence: text, next });
  };
  const [newest] = copies;
  if (condition === "in order" && newest !== undefined && isBehind(quorum, newest)) {
    warnings.push(`${sentence} It went back: ${nameOf(newest)} is newer or of another history.`);
  } else if (condition === "in order")
    block("INVALID_STATE", "Nothing has to be forced: start the service of the nodes.");
  if (condition === "foreign")
    block("CLUSTER_INSTANCE_ID_MISMATCH", "Find this cluster's own quorum folder, or name an empty one with --quorum.");
  if (condition === "no folder") block("DIRECTORY", "Name a folder with --quorum.");
  if (condition === "unreadable")
    block("ACCESS_DENIED", "Give this user the right to it, or name a folder with --quorum.");
  if (condition === "shared") block("INVALID_PARAMETER", "Name a folder on a local disk with --quorum.");
  if (condition === "retired") {
    const next = "Find where it went on (clubar doctor on its other nodes); to come back here on purpose, say --force.";
    if (request.force) warnings.push(`${sentence} It is taken back into use, because that is forced.`);
    else block("REFUSED_FOR_SAFETY", next);
  }
  if (condition === "missing" || condition === "empty") {
    warnings.push(
      `${sentence} If its disk is only not mounted, mount it instead: what is on it is not older than any node's copy.`,
    );
  }
  if (former?.condition === "in order") {
    block(
      "INVALID_STATE",
      `Start the service, or move the cluster with a backup: clubar drive set k: ${place}, clubar restore SET noforce k:`,
      `The cluster lives in ${former.place}. ${former.sentence}`,
    );
  }
}

function judgeNodes({ nodes, request }: ForceQuorumInput, { blockers, warnings }: Notes): void {
  for (const { name, isSelf, life } of nodes) {
    if (isSelf || life.state === "stopped") continue;
    if (life.state === "alone") {
      warnings.push(`Node ${name} runs without a leader (${life.evidence}); it joins afterwards by itself.`);
    } else if (life.state === "living") {
      blockers.push({
        name: "CLUSTER_NODE_UP",
        sentence: `Node ${name} is a member of the cluster under a living quorum: ${life.evidence}.`,
        next: "Nothing has to be forced: let this node use the same quorum folder as that one.",
      });
    } else if (request.force) {
      warnings.push(
        `Node ${name} is unknown (${life.evidence}). What it runs is not started elsewhere before its permit is over and everything ` +
          `dies with its host, or a person confirms: clubar node confirm-down ${name}. If it still lives under a quorum that ` +
          "can't be seen from here, that does not hold: then both run the same.",
      );
    } else {
      blockers.push({
        name: "CLUSTER_NODE_UP",
        sentence: `Whether node ${name} runs is unknown: ${life.evidence}. Unknown is not down.`,
        next: `Stop its service, or say --force when it is certainly off.`,
      });
    }
  }
}

function judgeCopy({ copies, chosen, request }: ForceQuorumInput, { blockers, warnings }: Notes): void {
  const [newest] = copies;
  if (chosen === undefined) {
    const named = copies.map((copy) => `${fromName(copy)} (${nameOf(copy)})`).join(", ");
    blockers.push(
      request.from === undefined || newest === undefined
        ? {
            name: "QUORUM_DISK_NOT_FOUND",
            sentence: "No node that can be looked at has a copy of the cluster database.",
            next: "Restore a backup set: clubar restore SET noforce",
          }
        : {
            name: "FILE_NOT_FOUND",
            sentence: `Nobody has a copy named "${request.from}"; there are ${named}.`,
            next: `Name one of these, or leave --from away: then ${fromName(newest)}, the newest, is taken.`,
          },
    );
    return;
  }
  if (newest !== undefined && compareTags(chosen.copy.tag, newest.tag) < 0) {
    const sentence = `${nameOf(newest)} is newer than ${nameOf(chosen.copy)}.`;
    if (request.force) warnings.push(`${sentence} Its newer updates are given up, because that is forced.`);
    else blockers.push({ name: "REFUSED_FOR_SAFETY", sentence, next: "Leave --from away, or say --force." });
  }
  const histories = rivals(copies);
  if (histories.length === 0) return;
  const sentence = `There are two histories under one generation: ${histories.map(nameOf).join(", ")}. They are never merged.`;
  if (request.from !== undefined && request.force) warnings.push(`${sentence} The one you named is taken.`);
  else {
    blockers.push({
      name: "CLUSTER_DATABASE_SEQMISMATCH",
      sentence,
      next: "Find out which is right, then say --from NODE --force.",
    });
  }
}

/** As `--from` takes it. */
function fromName({ node, at, label }: Copy): string {
  return node ?? (at.kind === "generation" ? at.name : label);
}

/** Those that are held already, and all with resources when a person wants to look first. */
function groupsToHold({ copy }: ChosenCopy, asked: boolean): readonly Hold[] {
  const { groups } = readState(copy.tree);
  const owners = lastOwners(copy.tree);
  return [...groups.values()].flatMap(({ id, name, resources, held, heldOn }): Hold[] => {
    if (held !== undefined) return [{ id, name, why: held, ...(heldOn === undefined ? {} : { on: heldOn }) }];
    if (!asked || resources.length === 0) return [];
    return [{ id, name, why: "a person asked for it when the quorum was forced.", ...owners(id) }];
  });
}

function heldSentence({ name, why }: Hold): string {
  return `Group ${name} stays offline afterwards until it is released (clubar group release "${name}"): ${why}`;
}

function lostSentence({ copies }: ForceQuorumInput, copy: Copy): string {
  const newest = copies[0] === copy ? "No newer copy is known; updates" : "Updates";
  return `The cluster goes on from ${nameOf(copy)}. ${newest} that were acknowledged after it are lost.`;
}

function stepsOf(
  { quorum, former }: ForceQuorumInput,
  safety: string | undefined,
  to: number,
  label: string,
): RestorePlan["steps"] {
  const { place } = quorum;
  return [
    ...(safety === undefined
      ? []
      : [{ kind: "safety-copy" as const, what: `Copy the present quorum folder ${place} as it is to ${safety}.` }]),
    { kind: "build", what: `Build generation ${to} from ${label} in ${place}, beside what is there.` },
    { kind: "verify-built", what: "Read it back and compare." },
    { kind: "switch", what: `Put generation ${to} in force.` },
    ...(former === undefined ? [] : [{ kind: "place" as const, what: `Use ${place} as the quorum from now on.` }]),
    { kind: "finish", what: "Note the result." },
  ];
}
