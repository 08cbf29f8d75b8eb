/** Makes a data folder a node: of a new cluster, or of one that runs. */
import { fail, Failure } from "../base/errors.ts";
import { failureOf } from "../base/failure-of.ts";
import { newGuid } from "../base/guid.ts";
import { type Outside, OutsideError } from "../base/outside.ts";
import { connectPinned } from "../base/outside-node-tls.ts";
import { isTlsAddress, parseHostPort } from "../base/tls-address.ts";
import { initialDatabase } from "../database/initial-database.ts";
import { imageOf } from "../membership/copy-image.ts";
import { discardQuorumFolder } from "../quorum/disk/generation.ts";
import { isEtcdPlace } from "../quorum/etcd/place.ts";
import { openQuorum, settledPlace } from "../quorum/open.ts";
import type { ClusterIdentity, Quorum } from "../quorum/quorum.ts";
import { firstTag } from "../quorum/tag.ts";
import { type Caller, callerOf, dial } from "../rpc/call.ts";
import { applyEdits } from "../tree/edit.ts";
import { fileTime } from "../tree/key.ts";
import { describeNode, fingerprintOf, type JoinToken, newTrust, nodeCertificateLife } from "../trust/trust.ts";
import { ownKey, parseToken, writeTrust } from "../trust/trust.ts";
import { takeClusterKeys } from "./cluster-key-calls.ts";
import { missingFolders, removeEmpty } from "./made-folders.ts";
import type { EnrolAnswer, EnrolRequest } from "./enrolment.ts";
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
  /** `HOST:PORT` under which other machines reach the node; none: it is reached on its machine only. */
  readonly listen?: readonly string[];
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
  const guid = (): string => newGuid(outside.random);
  const identity = { name: cluster, instance: guid(), generation: firstTag.generation, lineage: guid() };
  const isFolder = !isEtcdPlace(request.quorum);
  const made = await missingFolders(outside.files, [request.data, ...(isFolder ? [request.quorum] : [])]);
  try {
    await createFirstNode(request, identity, guid);
    return identity;
  } catch (error) {
    if (isFolder) await discardQuorumFolder(outside, request.quorum, identity);
    await removeEmpty(outside.files, made);
    throw error;
  }
}

async function createFirstNode(request: SetUp, identity: ClusterIdentity, newId: () => string): Promise<void> {
  const { outside } = request;
  await prepareFolder(request);
  const quorum = await openQuorum(outside, request.quorum, { insist: request.insist === true, data: request.data });
  const wall = outside.clock.wall();
  const hosts = (request.listen ?? []).map((place) => parseHostPort(place).host);
  const trust = await newTrust(outside.random, wall, { node: "1", hosts, life: nodeCertificateLife });
  const bare = initialDatabase({
    clusterName: identity.name,
    instance: identity.instance,
    nodeId: "1",
    nodeName: request.node,
    time: fileTime(wall),
    newGuid: newId,
  });
  const { edits = [] } = describeNode(bare, "1", ownKey(trust), request.listen ?? []) ?? {};
  const tree = applyEdits(bare, edits, fileTime(wall));
  await explained(
    quorum.create(identity, imageOf(tree, firstTag, wall)),
    `The cluster can't be created in ${request.quorum}`,
    "No cluster was created; what was begun there is in force nowhere.",
  );
  await explained(
    writeTrust(outside.files, request.data, trust).then(() =>
      writeNodeRecord(outside.files, request.data, configOf(request, identity, "1")),
    ),
    `${request.data} can't be made the first node`,
    `The quorum ${request.quorum} holds a new cluster without any node: remove that folder before you try again.`,
  );
}

/**
 * Makes this folder a node of the cluster whose quorum this is, on the machine of its leader: some node of it must lead now, and answer on
 * a socket. ACCESS_DENIED when the leader is reached over the network: that takes a token.
 */
export async function joinNode(asked: SetUp): Promise<ClusterIdentity> {
  const { outside } = asked;
  const request = { ...asked, quorum: await settledPlace(outside, asked.quorum, "join") };
  await checkFolder(request);
  const { quorum, identity } = await findCluster(request, request.quorum);
  const caller = await dialLeader(outside, quorum, identity);
  try {
    return await becomeNode(request, caller, undefined);
  } finally {
    caller.close();
  }
}

/** The same with a token, from anywhere. The quorum is where the cluster says unless `quorum` names another way to it. */
export async function joinByToken(
  asked: Omit<SetUp, "quorum"> & { readonly quorum?: string; readonly token: string },
): Promise<ClusterIdentity> {
  const { outside, quorum: given } = asked;
  const token = parseToken(asked.token);
  await checkFolder(asked);
  const place = given === undefined ? {} : { quorum: await settledPlace(outside, given, "join") };
  const request = { ...asked, ...place };
  if (request.quorum !== undefined) await findCluster(request, request.quorum);
  const caller = await dialPinned(outside, token);
  try {
    return await becomeNode(request, caller, token);
  } finally {
    caller.close();
  }
}

/** One of the nodes that the token names; ACCESS_DENIED when another one answers there. */
async function dialPinned(outside: Outside, { nodes, authority }: JoinToken): Promise<Caller> {
  let trouble: unknown;
  for (const { places, key } of nodes) {
    try {
      const connection = await connectPinned(
        places.map((place) => parseHostPort(place)),
        { key, authority },
      );
      return callerOf(outside, connection, places.join(", "), undefined);
    } catch (error) {
      if (error instanceof Failure && error.name === "ACCESS_DENIED") throw error;
      trouble ??= error;
    }
  }
  throw fail("CLUSTER_NODE_UNREACHABLE", {
    happened: `Nobody answers at ${nodes.flatMap(({ places }) => places).join(", ")}.`,
    unchanged: "Nothing was changed; the token was not used.",
    next: "Look whether the service of the node that gave the token runs and its port can be reached from here.",
    cause: trouble,
  });
}

/** Enrols and writes what makes the folder a node. */
async function becomeNode(
  request: Omit<SetUp, "quorum"> & { readonly quorum?: string },
  caller: Caller,
  token: JoinToken | undefined,
): Promise<ClusterIdentity> {
  const { outside, data, node: name, listen = [] } = request;
  await prepareFolder(request);
  const { makeRequest } = await import("../trust/certificate.ts");
  const { key, request: certificateRequest } = await makeRequest(outside.random);
  const asked: EnrolRequest = {
    name,
    request: certificateRequest,
    listen,
    ...(token === undefined ? {} : { token: { id: token.id, secret: token.secret } }),
  };
  const { node, quorum, insist, timingFactor, instance, trust, clusterKeys } = (await caller.call(
    "enrol",
    asked,
    enrolLimit,
  )) as EnrolAnswer;
  if (trust !== undefined) {
    const { certificate, authority } = trust;
    if (token !== undefined && fingerprintOf(authority.certificate) !== token.authority) throw otherAuthority();
    await writeTrust(outside.files, data, { version: 1, authority, node: { certificate, key } });
  }
  const place = await settledPlace(outside, request.quorum ?? quorum, "join");
  const set = { ...request, quorum: place, insist: request.insist ?? insist };
  const { identity } = await findCluster(set, place);
  if (identity.instance !== instance) throw otherCluster(place);
  await takeClusterKeys(outside, data, clusterKeys);
  await writeNodeRecord(outside.files, data, configOf({ timingFactor, ...set }, identity, node));
  return identity;
}

/** QUORUM_DISK_NOT_FOUND when there is none. */
async function findCluster(
  { outside, insist }: Pick<SetUp, "outside" | "insist">,
  place: string,
): Promise<{ readonly quorum: Quorum; readonly identity: ClusterIdentity }> {
  const quorum = await openQuorum(outside, place, { insist: insist === true });
  const identity = await quorum.identity();
  if (identity !== undefined) return { quorum, identity };
  throw fail("QUORUM_DISK_NOT_FOUND", {
    happened: `There is no cluster in ${place}.`,
    unchanged: "Nothing was changed.",
    next: "Check the path, or create a cluster with `clubar cluster create`.",
  });
}

/** How long the cluster may take to take a node in, in milliseconds. */
const enrolLimit = 10_000;

/** How long a leader may take to be found: a cluster that was just created needs a moment to form. */
const leaderLimit = 10_000;

async function dialLeader(outside: Outside, quorum: Quorum, identity: ClusterIdentity): Promise<Caller> {
  const until = outside.clock.boot() + leaderLimit;
  for (;;) {
    const leader = await quorum.leader();
    if (leader !== undefined && isTlsAddress(leader.endpoint)) throw needsToken(leader.endpoint);
    try {
      if (leader !== undefined) return await dial(outside, leader.endpoint, identity.instance);
    } catch (cause) {
      if (outside.clock.boot() >= until) throw noLeader(identity.name, cause);
    }
    if (outside.clock.boot() >= until) throw noLeader(identity.name);
    await outside.timers.sleep(100);
  }
}

async function checkFolder({ outside, data, node, listen = [] }: Omit<SetUp, "quorum">): Promise<void> {
  checkName("node", node);
  for (const place of listen) parseHostPort(place);
  const present = await readNodeRecord(outside.files, data);
  if (present === undefined) return;
  throw fail("CLUSTER_NODE_ALREADY_MEMBER", {
    happened: `${data} is already node ${present.name} of cluster ${present.cluster}.`,
    unchanged: "Nothing was changed.",
    next: "Use another folder with --data.",
  });
}

/** Before the quorum knows of the node: afterwards a data folder that can't be written would leave a node that nobody is. */
async function prepareFolder({
  outside: { files, random },
  data,
  quorum,
}: Omit<SetUp, "quorum"> & { readonly quorum?: string }): Promise<void> {
  if (data === quorum) {
    throw fail("INVALID_PARAMETER", {
      happened: `${data} can't be both the data folder of a node and the quorum folder.`,
      unchanged: "Nothing was changed.",
      next: "Name two folders.",
    });
  }
  const found = quorum === undefined ? undefined : await files.stat(quorum).catch(() => undefined);
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
    ...(request.listen === undefined || request.listen.length === 0 ? {} : { listen: request.listen }),
  };
}

function needsToken(endpoint: string): Error {
  return fail("ACCESS_DENIED", {
    happened: `The leader of this cluster answers over the network (${endpoint}), and takes nobody in without a token.`,
    unchanged: "Nothing was changed.",
    next: "Get one with `clubar node token` on a node of the cluster, then join with --token-file.",
  });
}

function otherAuthority(): Error {
  return fail("ACCESS_DENIED", {
    happened: "The cluster answered with another authority than the token says.",
    unchanged: "This folder is no node; the token is used up.",
    next: "Find out who answers there. On the cluster, evict the node that was added.",
  });
}

function otherCluster(place: string): Error {
  return fail("CLUSTER_INSTANCE_ID_MISMATCH", {
    happened: `The quorum in ${place} is another cluster's than the one that took this node in.`,
    unchanged: "This folder is no node; the token is used up.",
    next: "Evict the node that was added, then join again with the right --quorum.",
  });
}

function noLeader(cluster: string, cause?: unknown): Error {
  return fail("NO_QUORUM", {
    happened: `No node leads cluster ${cluster} now.`,
    unchanged: "Nothing was changed.",
    next: "Start the service on a node of the cluster (`clubar service`), then try again.",
    cause,
  });
}
