/** A move of the quorum as a plan: what moves, what stays, what happens to the old place, and who forbids it. Pure. */
import type { Tag } from "../../quorum/tag.ts";
import { formatTag } from "../../quorum/tag.ts";
import type { Blocker } from "../../base/blocked.ts";
import type { ClusterIdentity } from "../../quorum/quorum.ts";
import type { ReplaceDiskRequest } from "../replace-disk.ts";
import type { EndName, MoveOrder } from "./move-record.ts";

/** What is known of one node of the cluster, this one included. */
export interface MovingNode {
  readonly name: string;
  /** Unknown is not stopped. */
  readonly state: "running" | "stopped" | "unknown";
  /** How that is known, as the end of a sentence. */
  readonly evidence: string;
  /** Why it can't use the new place; undefined when it can, or is not running. */
  readonly cannotUse?: string;
}

/** What a move is planned from. */
export interface MoveFacts {
  readonly from: EndName;
  readonly to: EndName;
  readonly present: ClusterIdentity;
  readonly tag: Tag;
  /** The highest generation seen in either place. */
  readonly highestGeneration: number;
  /** In bytes. */
  readonly size: number;
  /** Free bytes at the new place; undefined when nobody knows. */
  readonly room: number | undefined;
  /** Current and kept versions of checkpoints that the database names. */
  readonly versions: number;
  /** Why the new place can't hold it. */
  readonly obstacle: string | undefined;
  readonly nodes: readonly MovingNode[];
  /** How long a permit lasts under either quorum, in milliseconds. */
  readonly permits: { readonly from: number; readonly to: number };
  readonly replaces?: ReplaceDiskRequest;
  /** What else forbids it: of the disk that is replaced. */
  readonly more: readonly Blocker[];
  /** Random: names the plan, and the lineage of the new generation. */
  readonly id: string;
  readonly lineage: string;
  /** Wall time in milliseconds. */
  readonly now: number;
}

/** A plan; it may be carried out only when `blockers` is empty. */
export interface MovePlan {
  readonly order: MoveOrder;
  /** How long permits last for the time of the move, in milliseconds. */
  readonly permit: number;
  readonly lines: readonly string[];
  readonly blockers: readonly Blocker[];
  readonly warnings: readonly string[];
}

/** The least that permits last for the time of a move, and how much longer for each megabyte of content, in milliseconds. */
const longPermit = { least: 15_000, megabyte: 500 };

/** A quorum log may grow to this before a snapshot takes its place (facts §1.3); bytes. */
const logRoom = 4096 * 1024;

/** Never fails: what stands in the way is among the blockers. */
export function planMove(facts: MoveFacts): MovePlan {
  const { from, to, present, highestGeneration, replaces } = facts;
  const generation = Math.max(present.generation, highestGeneration) + 1;
  const identity: ClusterIdentity = { ...present, generation, lineage: facts.lineage };
  const order: MoveOrder = {
    from,
    departure: { plan: facts.id, kind: to.kind, to: to.place, identity },
    time: facts.now,
    ...(replaces === undefined ? {} : { replaces }),
  };
  const stopped = facts.nodes.filter(({ state }) => state === "stopped").map(({ name }) => name);
  const { from: before, to: after } = facts.permits;
  const permit = Math.ceil(
    Math.max(longPermit.least, 4 * before, 4 * after) + (facts.size / 2 ** 20) * longPermit.megabyte,
  );
  return {
    order,
    permit,
    lines: linesOf(facts, generation, permit),
    blockers: [...facts.more, ...blockersOf(facts)],
    warnings: warningsOf(facts, stopped),
  };
}

function warningsOf({ to, room }: MoveFacts, stopped: readonly string[]): string[] {
  const [verb, them] = stopped.length === 1 ? ["does", "it"] : ["do", "they"];
  return [
    ...(stopped.length === 0
      ? []
      : [
          `${stopped.join(", ")} ${verb} not run: at the next start ${them} must see the old place` +
            (to.kind === "directory" ? `, or be told (clubar cluster use-quorum ${to.place}).` : "."),
        ]),
    ...(room === undefined ? [`How much room there is at ${to.place} is not known.`] : []),
  ];
}

function linesOf(facts: MoveFacts, generation: number, permit: number): string[] {
  const { from, to, present, tag, versions, size, nodes, permits, replaces } = facts;
  const running = nodes.filter(({ state }) => state === "running").map(({ name }) => name);
  const files = `${versions} checkpoint ${versions === 1 ? "file" : "files"}`;
  const exchange = replaces === undefined ? "" : ", with the new disk resource in the place of the old one";
  return [
    `Quorum: from ${from.place} (${from.kind}) to ${to.place} (${to.kind}).`,
    `Moves: the cluster database, now ${formatTag(tag)}, and ${files}; ${size} bytes. Nothing is taken back.`,
    "Stays: what the nodes have on their own disks, and all data of applications: no file of theirs is copied.",
    "The old place: out of force, its content unchanged. It says where the cluster went, so that a node that comes later finds the way.",
    `Applications stay up: for the time of the move permits last ${permit} ms. For some seconds nothing is changed, started or moved, ` +
      "and a node that fails meanwhile is taken over only when that time has passed.",
    `The cluster goes on under a new generation (${present.generation} → ${generation}); nodes and what they run go along.`,
    ...(permits.from === permits.to
      ? []
      : [`Permits last ${Math.round(permits.to)} ms instead of ${Math.round(permits.from)} ms from then on.`]),
    ...(from.kind === to.kind ? [] : [secrets(to)]),
    `Step 1: Lock both places; ${running.join(", ")} get the longer permits.`,
    `Step 2: Seal ${from.place}: from here on nothing is acknowledged in it. What comes before is moved.`,
    `Step 3: Build generation ${generation} in ${to.place}${exchange}, and read it back.`,
    `Step 4: Put it in force, at once. Until then any failure or death brings ${from.place} back; afterwards it is finished.`,
    `Step 5: ${running.join(", ")} go over to ${to.place}; the first of them leads.`,
  ];
}

function secrets({ kind }: EndName): string {
  return kind === "etcd"
    ? "Key containers are sealed with a cluster key, which only the nodes have. Files that the place names are read on each node."
    : "Key containers lie in the folder as they are, as in a backup set: guard it likewise.";
}

function blockersOf(facts: MoveFacts): Blocker[] {
  const { to, obstacle, size, room, nodes } = facts;
  const blockers: Blocker[] = [];
  if (obstacle !== undefined) {
    blockers.push({
      name: "OBJECT_ALREADY_EXISTS",
      sentence: `${to.place} can't take the quorum: ${obstacle}`,
      next: "Use an empty place, or one that is not there yet.",
    });
  }
  const needed = 2 * size + logRoom;
  if (room !== undefined && room < needed) {
    blockers.push({
      name: "DISK_FULL",
      sentence: `There is too little room at ${to.place}: ${room} bytes are free, ${needed} are needed.`,
      next: "Make room there, or use a larger disk.",
    });
  }
  for (const { name, state, evidence, cannotUse } of nodes) {
    if (state === "unknown") {
      blockers.push({
        name: "CLUSTER_NODE_UP",
        sentence: `Whether node ${name} runs is unknown: ${evidence}. Unknown is not down.`,
        next: `Start its service, stop it in order, or, when its machine is certainly off: clubar node confirm-down ${name}.`,
      });
    } else if (cannotUse !== undefined) {
      blockers.push({
        name: "QUORUM_DISK_NOT_FOUND",
        sentence: `Node ${name} can't use ${to.place}: ${cannotUse.replace(/\.$/, "")}.`,
        next:
          to.kind === "etcd"
            ? "Give that node the way to etcd and the files that the place names, or stop its service."
            : "Mount the new disk at the same place on every node (in /etc/fstab), or stop that node's service.",
      });
    }
  }
  return blockers;
}
