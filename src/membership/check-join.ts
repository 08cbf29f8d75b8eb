/** Whom a leader does not take in, by what the database says of the node and what the node says of itself. */
import { fail } from "../base/errors.ts";
import type { ClusterIdentity } from "../quorum/quorum.ts";
import type { Key } from "../tree/key.ts";
import { isConfigured, nodeRecord } from "./node-records.ts";
import { refuseOtherFolder } from "./other-folder.ts";
import { refuseWhileFenced } from "./while-fenced.ts";
import type { JoinRequest } from "./wire.ts";

/**
 * Throws the refusal. `unconfirmed`: permits that an earlier leader granted may still hold. CLUSTER_NODE_NOT_MEMBER, CLUSTER_POISONED,
 * CLUSTER_DATABASE_SEQMISMATCH, and what fencing and a second folder are refused with.
 */
export function checkJoin(request: JoinRequest, tree: Key, identity: ClusterIdentity, unconfirmed: boolean): void {
  const { node, incarnation } = request;
  if (!isConfigured(tree, node)) {
    throw fail("CLUSTER_NODE_NOT_MEMBER", {
      happened: `Node ${node} is not a member of cluster ${identity.name}: it was evicted or never joined.`,
      unchanged: "Nothing was changed on either side.",
      next: "To make it a member again, join with an empty data folder: `clubar cluster join`.",
    });
  }
  const record = nodeRecord(tree, node);
  if (record !== undefined && !record.up && record.incarnation === incarnation) {
    throw fail("CLUSTER_POISONED", {
      happened: `This life of node ${node} was declared ended; it must start a new one.`,
    });
  }
  refuseWhileFenced(tree, node);
  refuseOtherFolder(tree, request, unconfirmed);
  if (request.admitted !== 0 && request.admitted < identity.generation) {
    throw fail("CLUSTER_POISONED", {
      happened:
        `This life of node ${node} is of generation ${request.admitted}; ` +
        `the cluster was restored to ${identity.generation}.`,
      unchanged: "Its copy of the database was not changed.",
      next: "The node ends what it runs and comes back by itself.",
    });
  }
  const sameCount = request.tag.generation === identity.generation;
  if (request.tag.generation > identity.generation || (sameCount && request.lineage !== identity.lineage)) {
    throw fail("CLUSTER_DATABASE_SEQMISMATCH", {
      happened: `Node ${node} holds a database of generation ${request.tag.generation} that did not come from this cluster's history.`,
      unchanged: "Neither copy was changed; they are never merged.",
      next: "Find out which history is right, then restore the cluster from it or move that node's ClusDb aside.",
    });
  }
}
