/** What the restore of a VSS set would do to the node and, when it is authoritative, to the cluster. */
import type { Outside } from "../../base/outside.ts";
import type { Blocker } from "../../base/blocked.ts";
import type { NodeRestorePlan, NodeSetFacts, RestorePlan } from "../../restore/restore.ts";
import { parseTag } from "../../quorum/tag.ts";
import { vssFile } from "./layout.ts";
import type { RestoreDoor } from "./node-door.ts";
import { readVssSet, type VssSet } from "./read-set.ts";

/** A plan. It may be carried out only when `blockers` is empty. */
export interface VssRestorePlan {
  readonly set: VssSet;
  readonly node: NodeRestorePlan;
  /** The restore of the whole cluster; undefined for a node restore. */
  readonly cluster: RestorePlan | undefined;
  readonly authoritative: boolean;
  readonly blockers: readonly Blocker[];
}

/** The dry run. DATABASE_BACKUP_CORRUPT when a part of the set is damaged; everything else that forbids it is in the plan. */
export async function planVssRestore(
  outside: Pick<Outside, "files">,
  door: RestoreDoor,
  request: { readonly path: string; readonly authoritative: boolean },
): Promise<VssRestorePlan> {
  const set = await readVssSet(outside, request.path);
  const node = await door.planNode(factsOf(set));
  const { authoritative } = request;
  const cluster = authoritative && set.clusterPath !== undefined ? await door.planCluster(set.clusterPath) : undefined;
  const blockers = [...node.blockers, ...(cluster?.blockers ?? []).map(withoutForce)];
  if (authoritative && cluster === undefined) {
    blockers.push({
      name: "CLUSTER_INVALID_REQUEST",
      sentence:
        `The set ${set.path} has no part for the cluster: node ${set.manifest.node.name} was backed up while its service did not run, ` +
        "and a ClusDb alone is not the state of a cluster.",
      next: "Restore the node only, or use a set that was taken of a node whose service ran.",
    });
  }
  return { set, node, cluster, authoritative, blockers };
}

/** An authoritative restore stops nobody: there is no force to advise. */
function withoutForce(blocker: Blocker): Blocker {
  if (blocker.name !== "CLUSTER_NODE_UP") return blocker;
  return {
    ...blocker,
    next:
      "Stop the service there (clubar node stop NAME). When a machine is certainly off, say so: clubar node confirm-down NAME, " +
      "or with this command --confirm-down NAME.",
  };
}

function factsOf(set: VssSet): NodeSetFacts {
  const { path, digest, manifest, files } = set;
  const prefix = `${vssFile.node}/`;
  const tag = parseTag(manifest.clusDb?.tag ?? "");
  return {
    path,
    digest,
    time: manifest.time,
    node: manifest.node,
    cluster: manifest.cluster,
    clusDb: tag === undefined ? undefined : { tag, lineage: manifest.clusDb?.lineage ?? "" },
    files: [...files]
      .filter(([name]) => name.startsWith(prefix))
      .map(([name, bytes]) => ({ name: name.slice(prefix.length), size: bytes.length })),
    damage: [],
  };
}
