/** Makes a data folder a node: of a new cluster, or of one that runs. */
import { fail } from "../base/errors.ts";
import { failureOf } from "../base/failure-of.ts";
import { newGuid } from "../base/guid.ts";
import { type Outside, OutsideError } from "../base/outside.ts";
import { initialDatabase } from "../database/initial-database.ts";
import { imageOf } from "../membership/copy-image.ts";
import { openQuorum, settledPlace } from "../quorum/open.ts";
import type { ClusterIdentity, Quorum } from "../quorum/quorum.ts";
import { firstTag } from "../quorum/tag.ts";
import { type Caller, dial } from "../rpc/call.ts";
import { fileTime } from "../tree/key.ts";
import { type NodeRecord, readNodeRecord, writeNodeRecord } from "../clusapi/node-record.ts";

/** What both ways of becoming a node ask for. */
export interface SetUp {
  readonly outside: Outside;
  /** Absolute path of the node's data folder. */
  readonly data: string;
  /** The node's name. */
  readonly node: string;
  /** Absolute path of the quorum folder. */
  readonly quorum: string;
  readonly insist?: boolean;
  /** Stretches all times; the same on every node. */
  readonly timingFactor?: number;
}

const namePattern = /^[\p{L}\p{N}][\p{L}\p{N}_.-]{0,62}$/u;

/** Creates a cluster whose only node is this one. 5040 when the folder holds a node, 5010 when the quorum holds a cluster. */
export async function createNode(asked: SetUp & { readonly cluster: string }): Promise<ClusterIdentity> {
  const { outside, cluster } = asked;
  const request = { ...asked, quorum: await settledPlace(outside, asked.quorum, "create") };
  checkName("cluster", cluster);
  await checkFolder(request);
  await prepareFolder(request);
  const quorum = await openQuorum(outside, request.quorum, { insist: request.insist === true, data: request.data });
  const guid = (): string => newGuid(outside.random);
  const identity: ClusterIdentity = {
    name: cluster,
    instance: guid(),
    generation: firstTag.generation,
    lineage: guid(),
  };
  const wall = outside.clock.wall();
  const tree = initialDatabase({
    clusterName: cluster,
    instance: identity.instance,
    nodeId: "1",
    nodeName: request.node,
    time: fileTime(wall),
    newGuid: guid,
  });
  await explained(
    quorum.create(identity, imageOf(tree, firstTag, wall)),
    `The cluster can't be created in ${request.quorum}`,
    "No cluster was created; what was begun there is in force nowhere.",
  );
  await explained(
    writeNodeRecord(outside.files, request.data, configOf(request, identity, "1")),
    `${request.data} can't be made the first node`,
    `The quorum ${request.quorum} holds a new cluster without any node: remove that folder before you try again.`,
  );
  return identity;
}

/** Makes this folder a node of the cluster whose quorum this is; some node of it must lead now. */
export async function joinNode(asked: SetUp): Promise<ClusterIdentity> {
  const { outside } = asked;
  const request = { ...asked, quorum: await settledPlace(outside, asked.quorum, "join") };
  await checkFolder(request);
  const quorum = await openQuorum(outside, request.quorum, { insist: request.insist === true });
  const identity = await quorum.identity();
  if (identity === undefined) {
    throw fail("QUORUM_DISK_NOT_FOUND", {
      happened: `There is no cluster in ${request.quorum}.`,
      unchanged: "Nothing was changed.",
      next: "Check the path, or create a cluster with `clubar cluster create`.",
    });
  }
  const caller = await dialLeader(outside, quorum, identity);
  try {
    await prepareFolder(request);
    const node = (await caller.call("add-node", { name: request.node }, 10_000)) as string;
    await writeNodeRecord(outside.files, request.data, configOf(request, identity, node));
  } finally {
    caller.close();
  }
  return identity;
}

/** How long a leader may take to be found: a cluster that was just created needs a moment to form. */
const leaderLimit = 10_000;

async function dialLeader(outside: Outside, quorum: Quorum, identity: ClusterIdentity): Promise<Caller> {
  const until = outside.clock.boot() + leaderLimit;
  for (;;) {
    const leader = await quorum.leader();
    try {
      if (leader !== undefined) return await dial(outside, leader.endpoint, identity.instance);
    } catch (cause) {
      if (outside.clock.boot() >= until) throw noLeader(identity.name, cause);
    }
    if (outside.clock.boot() >= until) throw noLeader(identity.name);
    await outside.timers.sleep(100);
  }
}

async function checkFolder({ outside, data, node }: SetUp): Promise<void> {
  checkName("node", node);
  const present = await readNodeRecord(outside.files, data);
  if (present === undefined) return;
  throw fail("CLUSTER_NODE_ALREADY_MEMBER", {
    happened: `${data} is already node ${present.name} of cluster ${present.cluster}.`,
    unchanged: "Nothing was changed.",
    next: "Use another folder with --data.",
  });
}

/** Before the quorum knows of the node: afterwards a data folder that can't be written would leave a node that nobody is. */
async function prepareFolder({ outside: { files, random }, data, quorum }: SetUp): Promise<void> {
  if (data === quorum) {
    throw fail("INVALID_PARAMETER", {
      happened: `${data} can't be both the data folder of a node and the quorum folder.`,
      unchanged: "Nothing was changed.",
      next: "Name two folders.",
    });
  }
  const found = await files.stat(quorum).catch(() => undefined);
  if (found?.kind === "file") {
    throw fail("DIRECTORY", {
      happened: `${quorum} is a file; a quorum is a folder.`,
      unchanged: "Nothing was changed.",
      next: "Name a folder with --quorum; it need not exist.",
    });
  }
  const probe = `${data}/.${newGuid(random)}.tmp~`;
  try {
    await files.makeFolder(data);
    const handle = await files.open(probe, "create");
    await handle.close();
    await files.unlink(probe);
  } catch (cause) {
    const { name, happened } = failureOf(cause);
    throw fail(name, {
      happened: `${data} can't be used as the node's data folder: ${happened}.`,
      unchanged: "The quorum was not changed.",
      next: "Name a folder with --data that you may write to.",
      cause,
    });
  }
}

/** What the outside refuses, in words: a full disk, a folder that may not be written. Failures say enough by themselves. */
async function explained<T>(work: Promise<T>, what: string, unchanged: string): Promise<T> {
  try {
    return await work;
  } catch (cause) {
    if (!(cause instanceof OutsideError)) throw cause;
    const { name, happened, next } = failureOf(cause);
    const why =
      name === "DISK_FULL" ? "its disk is full" : name === "ACCESS_DENIED" ? "it may not be written" : happened;
    throw fail(name, { happened: `${what}: ${why}.`, unchanged, next, cause });
  }
}

function checkName(what: string, name: string): void {
  if (namePattern.test(name)) return;
  throw fail("INVALID_NAME", {
    happened: `"${name}" can't be the name of a ${what}.`,
    unchanged: "Nothing was changed.",
    next: "Use up to 63 letters, digits, dots, dashes and underscores, beginning with a letter or digit.",
  });
}

function configOf(request: SetUp, identity: ClusterIdentity, node: string): NodeRecord {
  return {
    version: 1,
    node,
    name: request.node,
    cluster: identity.name,
    instance: identity.instance,
    quorum: request.quorum,
    insist: request.insist === true,
    timingFactor: request.timingFactor ?? 1,
  };
}

function noLeader(cluster: string, cause?: unknown): Error {
  return fail("NO_QUORUM", {
    happened: `No node leads cluster ${cluster} now.`,
    unchanged: "Nothing was changed.",
    next: "Start the service on a node of the cluster (`clubar service`), then try again.",
    cause,
  });
}
