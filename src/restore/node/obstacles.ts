/** What forbids the restore of a node. */
import { foldId } from "../../database/schema.ts";
import type { Blocker } from "../../base/blocked.ts";
import type { NodeRestoreFacts } from "./plan.ts";

/** Empty when nothing does. */
export function isBlockedBy(facts: NodeRestoreFacts): readonly Blocker[] {
  const found = [
    facts.waits,
    damage(facts),
    otherNode(facts),
    otherCluster(facts),
    evicted(facts),
    runsElsewhere(facts),
  ];
  return found.flatMap((blocker) => blocker ?? []);
}

function damage({ set }: NodeRestoreFacts): Blocker | undefined {
  if (set.damage.length === 0) return undefined;
  return {
    name: "DATABASE_BACKUP_CORRUPT",
    sentence: `The set ${set.path} is damaged: ${set.damage.join("; ").replace(/\.$/, "")}.`,
    next: "Use another copy of the set, or another set.",
  };
}

function otherNode({ set, live, data }: NodeRestoreFacts): Blocker | undefined {
  if (live.state !== "node" || live.id === set.node.id) return undefined;
  return {
    name: "REFUSED_FOR_SAFETY",
    sentence: `The set is of node ${set.node.name} (${set.node.id}); ${data} is node ${live.name} (${live.id}).`,
    next: `Name the data folder of node ${set.node.name} with --data, or use a set of node ${live.name}.`,
  };
}

function otherCluster({ set, live, quorum }: NodeRestoreFacts): Blocker | undefined {
  const here =
    quorum.state === "readable" ? quorum.instance : live.state === "node" ? live.instance : set.cluster.instance;
  const mine = live.state === "node" ? live.instance : here;
  const own = foldId(set.cluster.instance);
  if (foldId(here) === own && foldId(mine) === own) return undefined;
  return {
    name: "CLUSTER_INSTANCE_ID_MISMATCH",
    sentence: `The set is of cluster ${set.cluster.name}, instance ${set.cluster.instance}; here is instance ${here}.`,
    next: "Choose a set of this cluster.",
  };
}

function evicted({ set, quorum }: NodeRestoreFacts): Blocker | undefined {
  if (quorum.state !== "readable" || foldId(quorum.instance) !== foldId(set.cluster.instance)) return undefined;
  if (quorum.memberName !== undefined) return undefined;
  return {
    name: "CLUSTER_NODE_NOT_MEMBER",
    sentence: `Node ${set.node.name} (${set.node.id}) was evicted after the backup and stays evicted.`,
    next: "Let the machine join the cluster again with an empty data folder: clubar cluster join",
  };
}

function runsElsewhere({ set, elsewhere }: NodeRestoreFacts): Blocker | undefined {
  if (elsewhere === undefined) return undefined;
  return {
    name: "CLUSTER_NODE_UP",
    sentence: `Node ${set.node.name} runs from another folder: ${elsewhere}. One node can't run twice.`,
    next: "Stop it there first.",
  };
}
