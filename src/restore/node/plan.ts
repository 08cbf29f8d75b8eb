/** The restore of one node as a plan: what goes into place, what is kept, who forbids it. Decides from facts and changes nothing. */
import { clusterKeysFile } from "../../quorum/etcd/cluster-keys.ts";
import type { Tag } from "../../quorum/tag.ts";
import { formatTag } from "../../quorum/tag.ts";
import { isBlockedBy } from "./obstacles.ts";
import type { Blocker } from "../../base/blocked.ts";

/** What is in the set. */
export interface NodeSetFacts {
  readonly path: string;
  readonly digest: string;
  /** Wall time in milliseconds. */
  readonly time: number;
  readonly node: { readonly id: string; readonly name: string };
  readonly cluster: { readonly name: string; readonly instance: string };
  /** Of the ClusDb in it; undefined without one. */
  readonly clusDb: { readonly tag: Tag; readonly lineage: string } | undefined;
  /** By the names they have below a data folder. */
  readonly files: readonly { readonly name: string; readonly size: number }[];
  readonly damage: readonly string[];
}

/** What the data folder holds. */
export type LiveNode =
  | { readonly state: "none" }
  | { readonly state: "damaged"; readonly why: string }
  | { readonly state: "node"; readonly id: string; readonly name: string; readonly instance: string };

/** What the quorum says of the node. */
export type QuorumOfNode =
  | { readonly state: "none" | "unreadable"; readonly why: string }
  | {
      readonly state: "readable";
      readonly instance: string;
      readonly generation: number;
      readonly lineage: string;
      /** The node's name there; undefined when it is no member. */
      readonly memberName: string | undefined;
    };

/** What the restore of a node is planned from. */
export interface NodeRestoreFacts {
  readonly set: NodeSetFacts;
  readonly data: string;
  readonly live: LiveNode;
  /** Whether a process of this data folder runs. */
  readonly service: { readonly state: "running" | "stopped"; readonly evidence: string };
  /** How it is known that the same node runs from another folder. */
  readonly elsewhere: string | undefined;
  readonly hives: readonly { readonly name: string; readonly why: string }[];
  readonly quorum: QuorumOfNode;
  /** Another restore that the next start carries out. */
  readonly waits: Blocker | undefined;
  /** A quorum folder that is put into the node's record instead of the set's. */
  readonly place: string;
}

/** A plan; plain data. It may be carried out only when `blockers` is empty. */
export interface NodeRestorePlan {
  readonly lines: readonly string[];
  readonly blockers: readonly Blocker[];
  readonly warnings: readonly string[];
  /** Files of the set that are staged, by the names they have below the data folder. */
  readonly files: readonly string[];
  /** Files wait for the next start of the service. */
  readonly staged: boolean;
}

/** Fails never: what stands in the way is among the blockers. */
export function planNodeRestore(facts: NodeRestoreFacts): NodeRestorePlan {
  const { set, data, live, service, hives } = facts;
  const clusDb = judgeClusDb(facts);
  const files = set.files
    .map(({ name }) => name)
    .filter((name) => (name !== "ClusDb" || clusDb === undefined) && (name !== "node.json" || live.state !== "node"));
  const staged = service.state === "running";
  const when = staged ? "When the node's service next starts" : "At once, because the node's service does not run";
  const keys = files.filter((name) => name.startsWith("keys/")).length;
  const hiveNames = files.flatMap((name) => (name.startsWith("registry/") ? name.slice("registry/".length) : []));
  const parts = [
    ...(files.includes("node.json") ? ["the node's record"] : []),
    ...(files.includes("trust.json") ? ["its certificates"] : []),
    ...(files.includes(clusterKeysFile) ? ["its cluster keys"] : []),
    ...(files.includes("ClusDb") ? ["ClusDb"] : []),
    ...(hiveNames.length === 0 ? [] : [`the hives ${hiveNames.join(", ")}`]),
    ...(keys === 0 ? [] : [`${keys} key container${keys === 1 ? "" : "s"}`]),
  ];
  const tag = set.clusDb === undefined ? "" : `, ClusDb at tag ${formatTag(set.clusDb.tag)}`;
  const lines = [
    `Set: ${set.path}, node ${set.node.name} of cluster ${set.cluster.name}, taken ${new Date(set.time).toISOString()}${tag}.`,
    `Node: ${data}, ${liveText(facts)}; ${service.evidence}.`,
    `Step 1: Lay ${parts.join(", ")} into ${data}/node-restore beside the live files and read them back.`,
    `Step 2: ${when}: keep what KeysNotToRestore names, put what is replaced into ${data}/node-restore/saved-…, put the files in place.`,
    "Step 3: The node joins its cluster and takes the newest database; what applications had under checkpoints comes back with them.",
  ];
  const warnings = [
    ...(clusDb === undefined ? [] : [clusDb]),
    ...hives.map(({ name, why }) => `Nothing can be kept of the live hive ${name}: ${why}`),
    ...(facts.quorum.state === "readable"
      ? []
      : [`Whether the node is still a member is not known: ${facts.quorum.why}`]),
  ];
  return { lines, blockers: isBlockedBy(facts), warnings, files, staged };
}

function liveText({ live }: NodeRestoreFacts): string {
  if (live.state === "none") return "which holds no node";
  if (live.state === "damaged") return `whose record is damaged (${live.why})`;
  return `node ${live.name} (${live.id})`;
}

/** A copy that is newer than the quorum, or of another history, is not put in place: the quorum has the truth. */
function judgeClusDb({ set, quorum }: NodeRestoreFacts): string | undefined {
  if (set.clusDb === undefined || quorum.state !== "readable") return undefined;
  const { tag, lineage } = set.clusDb;
  const other = tag.generation === quorum.generation && lineage !== quorum.lineage;
  if (tag.generation <= quorum.generation && !other) return undefined;
  return (
    `ClusDb is left out: it is of generation ${tag.generation}, and the quorum is at ${quorum.generation} of another history. ` +
    "The node takes the quorum's."
  );
}
