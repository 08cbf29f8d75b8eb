/** A restore on a node whose service does not run. */
import { inspectBackup } from "../backup/backup.ts";
import { refuseBlocked } from "../base/blocked.ts";
import { fail } from "../base/errors.ts";
import type { Outside } from "../base/outside.ts";
import { checkRestore, executeRestore, type RestorePlan } from "../restore/restore.ts";
import { outcomeView, planView, type RestoreOutcome, type RestorePlanView, type RestoreRequest } from "../api/api.ts";
import { askNode, whoHolds } from "./ask-node.ts";
import { resolveDrive } from "./drives.ts";
import { type NodeRecord, readNodeRecord, writeNodeRecord } from "./node-record.ts";

/** Where the restore takes place. */
export interface OfflinePlace {
  readonly outside: Outside;
  /** Absolute path of the node's data folder. */
  readonly data: string;
  /** For a folder that holds no node: which node of the set it becomes, and its quorum folder. */
  readonly become?: { readonly node: string; readonly quorum: string };
}

/** A plan that may be carried out. */
export interface OfflineRestore {
  readonly view: RestorePlanView;
  /** Does it. Rejects with the first blocker, BUSY, or what a step ran into. */
  readonly carryOut: () => Promise<RestoreOutcome>;
}

/** Plans. CLUSTER_NOT_INSTALLED when the folder holds no node, BUSY when a process of it runs, and what `checkRestore` rejects with. */
export async function planOffline(at: OfflinePlace, request: RestoreRequest): Promise<OfflineRestore> {
  const { outside, data } = at;
  const { files } = outside;
  const found = await readNodeRecord(files, data);
  const record = found ?? (await recordToBe(at, request.path));
  if (found !== undefined) await refuseRunning(at);
  const place = request.drive === undefined ? record.quorum : await resolveDrive(files, data, request.drive);
  const { force, drive, adopt, hold, path } = request;
  const check = (): Promise<RestorePlan> =>
    checkRestore(
      {
        outside,
        data,
        place,
        ...(place === record.quorum ? {} : { formerPlace: record.quorum }),
        self: { id: record.node, name: record.name },
        ...(found === undefined ? {} : { ownInstance: record.instance }),
        insist: record.insist,
        askNode: ({ endpoint }) => askNode(outside, endpoint),
      },
      {
        path,
        force,
        ...(drive === undefined ? {} : { drive }),
        ...(adopt === true ? { adoptIdentity: true } : {}),
        ...(hold === undefined ? {} : { hold }),
      },
    );
  const plan = await check();
  const carryOutStill = async (): Promise<RestoreOutcome> => {
    // Between the plan and a person's yes anything may have started.
    if (found !== undefined) await refuseRunning(at);
    refuseBlocked((await check()).blockers);
    return carryOut(at, record, plan);
  };
  return { view: planView(plan), carryOut: carryOutStill };
}

async function carryOut(
  { outside, data }: OfflinePlace,
  record: NodeRecord,
  plan: RestorePlan,
): Promise<RestoreOutcome> {
  const remember = (quorum: string): Promise<void> => {
    const { name: cluster, instance } = plan.identity;
    return writeNodeRecord(outside.files, data, { ...record, quorum, cluster, instance });
  };
  const { name: node, insist } = record;
  const result = await executeRestore(
    { outside, data, node, insist, rememberPlace: remember, stopNodes: stopOthers },
    plan,
  );
  if (result.outcome === "restored") await remember(plan.place);
  return outcomeView(result);
}

/** Without a service of its own this node can't speak to the others: their services see the new generation and give up theirs. */
function stopOthers({ stopNodes, place }: RestorePlan): Promise<readonly string[]> {
  throw fail("CLUSTER_NODE_UP", {
    happened: `Nodes ${stopNodes.join(", ")} run, and without a service of its own this node can't stop them.`,
    unchanged: `The quorum ${place} is as it was.`,
    next: "Stop them (`clubar node stop` there), or start this node's service and restore through it.",
  });
}

async function refuseRunning({ outside, data }: OfflinePlace): Promise<void> {
  const { state, evidence } = await whoHolds(outside, data);
  if (state !== "running") return;
  throw fail("BUSY", {
    happened: `The service of ${data} does not answer, but ${evidence.replace(/^its /, "its own ")}.`,
    unchanged: "Nothing was changed.",
    next: "Wait a second and try again; if it stays, end that process.",
  });
}

async function recordToBe({ outside, data, become }: OfflinePlace, path: string): Promise<NodeRecord> {
  if (become === undefined) {
    throw fail("CLUSTER_NOT_INSTALLED", {
      happened: `${data} holds no node.`,
      unchanged: "Nothing was changed.",
      next: "Name the node's data folder with --data; for a new machine say --node NAME --quorum FOLDER.",
    });
  }
  const set = await inspectBackup(outside, path);
  const node = set.nodes.find(({ name }) => name.toLowerCase() === become.node.toLowerCase());
  if (node === undefined) {
    const known = set.nodes.map(({ name }) => name).join(", ");
    throw fail("CLUSTER_NODE_NOT_FOUND", {
      happened: `The backup ${path} has no node "${become.node}"; it has ${known === "" ? "none" : known}.`,
      unchanged: "Nothing was changed.",
      next: "Name one of these with --node.",
    });
  }
  const { name: cluster, instance } = set.cluster;
  return {
    version: 1,
    node: node.id,
    name: node.name,
    cluster,
    instance,
    quorum: become.quorum,
    insist: false,
    timingFactor: 1,
  };
}
