/** A forced quorum, and another quorum folder, on a node whose service does not run. */
import { settledPlace } from "../quorum/open.ts";
import { outcomeView, planView, type RestoreOutcome, type RestorePlanView } from "../api/api.ts";
import { fail } from "../base/errors.ts";
import type { Outside } from "../base/outside.ts";
import { examineQuorum } from "../recovery/doctor-quorum.ts";
import type { ForceQuorumRequest } from "../recovery/force-quorum-plan.ts";
import { checkForceQuorum } from "../recovery/force-quorum.ts";
import { executeRestore, type RestorePlan } from "../restore/restore.ts";
import { askLife } from "./ask-life.ts";
import { whoHolds } from "./ask-node.ts";
import { tellNodes } from "./tell-quorum.ts";
import { type NodeRecord, readNodeRecord, writeNodeRecord } from "./node-record.ts";

/** A node's data folder, and where its cluster is to live when that is elsewhere from now on. */
export interface OfflineNode {
  readonly outside: Outside;
  /** Absolute path of the node's data folder. */
  readonly data: string;
  /** Absolute path of the quorum folder; the recorded one unless given. */
  readonly quorum?: string;
}

/** A plan that may be carried out. */
export interface OfflineForce {
  readonly view: RestorePlanView;
  readonly carryOut: () => Promise<RestoreOutcome>;
}

/** CLUSTER_NOT_INSTALLED when the folder holds no node, BUSY when a process of it runs; everything else is in the plan. */
export async function planForceOffline(node: OfflineNode, request: ForceQuorumRequest): Promise<OfflineForce> {
  const { outside, data } = node;
  const record = await stoppedNode(node);
  const check = (agreed?: RestorePlan): Promise<RestorePlan> =>
    checkForceQuorum(
      {
        outside,
        data,
        self: { id: record.node, name: record.name },
        instance: record.instance,
        recorded: record.quorum,
        place: node.quorum ?? record.quorum,
        insist: record.insist,
        askLife: ({ endpoint }) => askLife(outside, endpoint, record.instance),
      },
      request,
      agreed,
    );
  const plan = await check();
  const rememberPlace = (quorum: string): Promise<void> => writeNodeRecord(outside.files, data, { ...record, quorum });
  const parts = { outside, data, node: record.name, insist: record.insist, rememberPlace };
  const carryOut = async (): Promise<RestoreOutcome> => {
    // Between the plan and a person's yes anything may have started.
    await stoppedNode(node);
    const result = await executeRestore(parts, sameAs(plan, await check(plan)));
    const told = plan.place === record.quorum ? [] : await tellNodes(outside, plan.place, record.node);
    return outcomeView({ ...result, notes: [...result.notes, ...told] });
  };
  return { view: planView(plan), carryOut };
}

/** REVISION_MISMATCH when something else would be put in force by now; what stands in the way is among the blockers. */
function sameAs(shown: RestorePlan, now: RestorePlan): RestorePlan {
  if (now.blockers.length > 0 || now.set.digest === shown.set.digest) return now;
  throw fail("REVISION_MISMATCH", {
    happened: "What would be put in force has changed since the plan was shown.",
    unchanged: "Nothing was changed.",
    next: "Look at the plan again.",
  });
}

/**
 * This node's cluster lives in another quorum from now on: the record is changed, nothing else. INVALID_STATE,
 * CLUSTER_INSTANCE_ID_MISMATCH unless that holds this node's cluster in order.
 */
export async function useQuorum(node: OfflineNode & { readonly quorum: string }): Promise<string> {
  const { outside, data } = node;
  const record = await stoppedNode(node);
  const quorum = await settledPlace(outside, node.quorum, "join");
  const { instance, insist } = record;
  const { condition, sentence } = await examineQuorum(outside, quorum, { instance, insist });
  if (condition !== "in order") {
    throw fail(condition === "foreign" ? "CLUSTER_INSTANCE_ID_MISMATCH" : "INVALID_STATE", {
      happened: sentence,
      unchanged: `Node ${record.name} goes on using ${record.quorum}.`,
      next: "Name the place in which this node's cluster lives now; `clubar doctor` on another node tells.",
    });
  }
  await writeNodeRecord(outside.files, data, { ...record, quorum });
  return `Node ${record.name} uses the quorum ${quorum} from its next start on.`;
}

async function stoppedNode({ outside, data }: OfflineNode): Promise<NodeRecord> {
  const record = await readNodeRecord(outside.files, data);
  if (record === undefined) {
    throw fail("CLUSTER_NOT_INSTALLED", {
      happened: `${data} holds no node.`,
      unchanged: "Nothing was changed.",
      next: "Name the node's data folder with --data.",
    });
  }
  const { state, evidence } = await whoHolds(outside, data);
  if (state !== "running") return record;
  throw fail("BUSY", {
    happened: `A process of ${data} runs: ${evidence}.`,
    unchanged: "Nothing was changed.",
    next: "Wait a second and try again; if it stays, stop this node's service.",
  });
}
