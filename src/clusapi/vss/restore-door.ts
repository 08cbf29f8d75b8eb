/** A node as a restore of its VSS set needs it: what is there, plans, and the service's stop and start. */
import type { StatusView } from "../../api/api.ts";
import { Failure, fail } from "../../base/errors.ts";
import { failureOf } from "../../base/failure-of.ts";
import type { Outside } from "../../base/outside.ts";
import {
  checkNodeRestore,
  checkRestore,
  commitNodeRestore,
  lastNodeRestore,
  lastResult,
  type LiveNode,
  resumeRestore,
} from "../../restore/restore.ts";
import type { VssManifest } from "../../vss/cluster/manifest.ts";
import type { RestoreDoor } from "../../vss/cluster/node-door.ts";
import { planAgain } from "../ask-again.ts";
import { askNode, holderOf } from "../ask-node.ts";
import { clientOf } from "../cluster.ts";
import { type NodeRecord, readNodeRecord, writeNodeRecord } from "../node-record.ts";
import { provenNodes } from "./proven-nodes.ts";

/** How the set is restored. */
export interface RestoreDoorOptions {
  readonly data: string;
  /** Of the set that is restored. */
  readonly manifest: VssManifest;
  /** The record in the set. */
  readonly savedRecord: Uint8Array | undefined;
  /** The quorum folder, when it is another one than the record says. */
  readonly quorum?: string;
  /** Names of nodes that a person says are off. */
  readonly confirmed?: readonly string[];
  /** Leaves the files staged; they go into place when the service next starts. */
  readonly later?: boolean;
  /** Groups after an authoritative restore: true holds all, false none; unless given, those whose settings are newer elsewhere. */
  readonly hold?: boolean;
}

/** How long a service may take to stop in order and to be back, in milliseconds. */
const restartLimit = 180_000;
/** Between stop and start nobody holds the node's locks, for much less than this. */
const goneLimit = 15_000;

/** INVALID_DATA when neither the folder nor the set says which quorum the node uses. */
export async function openRestoreDoor(outside: Outside, options: RestoreDoorOptions): Promise<RestoreDoor> {
  const { data, manifest } = options;
  const { live, record } = await liveNode(outside, data);
  const saved = parsedRecord(options.savedRecord);
  const place = options.quorum ?? record?.quorum ?? saved?.quorum;
  if (record !== undefined && options.quorum !== undefined && options.quorum !== record.quorum) {
    throw fail("INVALID_PARAMETER", {
      happened: `Node ${record.name} uses the quorum ${record.quorum}, and its record is good.`,
      unchanged: "Nothing was changed.",
      next: "Leave --quorum out; to move the cluster to another quorum: clubar drive, then clubar restore PATH/cluster noforce DRIVE.",
    });
  }
  if (place === undefined) {
    throw fail("INVALID_DATA", {
      happened: "Neither the data folder nor the set says which quorum the node uses.",
      unchanged: "Nothing was changed.",
      next: "Name it with --quorum FOLDER.",
    });
  }
  const { id, name } = manifest.node;
  const insist = record?.insist ?? saved?.insist ?? false;
  const confirmed = (options.confirmed ?? []).map((one) => one.toLowerCase());
  const service = await serviceOf(outside, data);
  return {
    data,
    live,
    running: service.state === "running",
    planNode: (set) =>
      checkNodeRestore({ outside, data, live, service, place, insist, runsAt: (at) => runsAt(outside, at) }, set),
    planCluster: (path) =>
      checkRestore(
        {
          outside,
          data,
          place,
          self: { id, name },
          ...(record === undefined ? {} : { ownInstance: record.instance }),
          ownFilesKeptIn: `${data}/node-restore/saved-…`,
          insist,
          askNode: provenNodes({ outside, place, insist, confirmed }),
        },
        { path, force: false, ...(options.hold === undefined ? {} : { hold: options.hold }) },
      ),
    recordOf: (bytes) => withQuorum(bytes, options.quorum),
    stopAndStart: async (staged, cluster) => {
      if (options.later === true)
        return ["The files are staged; they go into place when the node's service next starts."];
      // Another restore may have held the node's locks when this one first looked.
      const now = service.state === "running" ? await serviceOf(outside, data) : service;
      if (now.state === "running") return restartService(outside, data, staged, cluster);
      return finishHere(outside, data, confirmed);
    },
  };
}

async function liveNode(
  { files }: Outside,
  data: string,
): Promise<{ readonly live: LiveNode; readonly record: NodeRecord | undefined }> {
  try {
    const record = await readNodeRecord(files, data);
    if (record === undefined) return { live: { state: "none" }, record };
    return { live: { state: "node", id: record.node, name: record.name, instance: record.instance }, record };
  } catch (error) {
    if (!(error instanceof Failure) || error.name !== "INVALID_DATA") throw error;
    return { live: { state: "damaged", why: error.happened }, record: undefined };
  }
}

async function serviceOf(
  { files }: Outside,
  data: string,
): Promise<{ readonly state: "running" | "stopped"; readonly evidence: string }> {
  const holder = await holderOf(files, data);
  return holder === undefined
    ? { state: "stopped", evidence: "its service does not run" }
    : { state: "running", evidence: `its ${holder.whose} runs` };
}

async function runsAt(outside: Outside, endpoint: string): Promise<string | undefined> {
  const { state, evidence } = await askNode(outside, endpoint);
  return state === "running" ? `${endpoint}: ${evidence}` : undefined;
}

function parsedRecord(bytes: Uint8Array | undefined): Partial<NodeRecord> | undefined {
  if (bytes === undefined) return undefined;
  try {
    return JSON.parse(new TextDecoder().decode(bytes)) as Partial<NodeRecord>;
  } catch {
    return undefined;
  }
}

function withQuorum(bytes: Uint8Array, quorum: string | undefined): Uint8Array {
  if (quorum === undefined) return bytes;
  const record = { ...parsedRecord(bytes), quorum };
  return new TextEncoder().encode(`${JSON.stringify(record, undefined, 2)}\n`);
}

/** The service stops in order, commits between stop and start, and joins or forms. */
async function restartService(
  outside: Outside,
  data: string,
  staged: string,
  cluster: string | undefined,
): Promise<readonly string[]> {
  const { files, clock, timers } = outside;
  const client = clientOf(data);
  await client.post("/vss/restart").catch((error: unknown) => Promise.reject(stillStaged(error)));
  const until = clock.boot() + restartLimit;
  let seen = clock.boot();
  const wait = async <T>(what: string, look: () => Promise<T | undefined>): Promise<T> => {
    for (;;) {
      const found = await look();
      if (found !== undefined) return found;
      if ((await serviceOf(outside, data)).state === "running") seen = clock.boot();
      if (clock.boot() - seen >= goneLimit) throw gone(what);
      if (clock.boot() >= until) throw late(what);
      await timers.sleep(100);
    }
  };
  const result = await wait("its files are in place", async () => {
    const last = await lastNodeRestore(files, data);
    return last?.id === staged ? last : undefined;
  });
  if (result.outcome === "abandoned") throw abandoned(result.sentence);
  const ended = await wait("the cluster is restored", async () => {
    if (cluster === undefined) return null;
    const last = await lastResult(files, data);
    return last?.id === cluster ? last : undefined;
  });
  if (ended?.outcome === "abandoned") throw clusterAsItWas(ended.sentence, result.saved);
  const state = await wait("it is back in its cluster", async () => {
    const self = await client.get<StatusView["self"]>("/status/self").catch(() => undefined);
    const role = self?.state;
    return role === "leader" || role === "member" ? role : undefined;
  });
  return [
    result.sentence,
    ...result.notes,
    ...(result.saved === undefined ? [] : [`What was there before is kept in ${result.saved}.`]),
    ...(ended === null ? [] : [ended.sentence, ...ended.notes, `Undo: ${ended.undo}`]),
    `The service stopped and started; the node is ${state === "leader" ? "the leader" : "a member"} again.`,
    ...(cluster === undefined ? [] : ["Start the service on the other nodes: they follow the restored cluster."]),
  ];
}

/** No service runs: what is staged goes into place now, by the same steps that a start takes. */
async function finishHere(outside: Outside, data: string, confirmed: readonly string[]): Promise<readonly string[]> {
  const { files } = outside;
  const result = await commitNodeRestore(outside, data);
  if (result === undefined) throw abandoned("Nothing is staged any more: somebody else took it.");
  if (result.outcome === "abandoned") throw abandoned(result.sentence);
  const record = await readNodeRecord(files, data);
  const ended =
    record === undefined
      ? undefined
      : await resumeRestore({
          outside,
          data,
          node: record.name,
          insist: record.insist,
          rememberPlace: (quorum) => writeNodeRecord(files, data, { ...record, quorum }),
          askNodes: (plan) => planAgain({ outside, record, confirmed }, plan),
        });
  if (ended?.outcome === "abandoned") throw clusterAsItWas(ended.sentence, result.saved);
  return [
    result.sentence,
    ...result.notes,
    ...(result.saved === undefined ? [] : [`What was there before is kept in ${result.saved}.`]),
    ...(ended === undefined ? [] : [ended.sentence, ...ended.notes, `Undo: ${ended.undo}`]),
    `Start the node's service: clubar --data ${data} service`,
    ...(confirmed.length === 0
      ? []
      : [
          "Nodes that you said are off count as unknown afterwards: start them, or say it again: clubar node confirm-down NAME",
        ]),
    ...(ended === undefined ? [] : ["Then start the service on the other nodes: they follow the restored cluster."]),
  ];
}

function stillStaged(error: unknown): Failure {
  const { name, happened } = failureOf(error);
  if (name === "SERVICE_NOT_ACTIVE") {
    return fail("BUSY", {
      happened:
        "Something holds this node's files, and no service of it answers: another command, or a service that starts or ends.",
      unchanged: "The restore is staged.",
      next: "Start the service, which puts the files in place; or give the restore up: clubar vss staged --discard",
    });
  }
  return fail(name, {
    happened: `The node's service could not be told to stop and start: ${happened}`,
    unchanged: "The restore is staged.",
    next: "Stop the service and start it, which puts the files in place; or give the restore up: clubar vss staged --discard",
  });
}

function abandoned(sentence: string): Failure {
  return fail("INVALID_STATE", {
    happened: sentence,
    unchanged: "What was there before is still in force.",
    next: "Mend the cause, then restore again.",
  });
}

function gone(what: string): Failure {
  return fail("SERVICE_NOT_ACTIVE", {
    happened: `The service stopped and did not start again before ${what}.`,
    unchanged: "What was decided is done when the service starts.",
    next: "Read what the service said when it ended, mend that, and start it.",
  });
}

function clusterAsItWas(sentence: string, saved: string | undefined): Failure {
  return fail("INVALID_STATE", {
    happened: sentence,
    unchanged: "The cluster is as it was. The node's own files are restored all the same.",
    next: `Mend the cause, then restore again${saved === undefined ? "" : `; what the node had before is kept in ${saved}`}.`,
  });
}

function late(what: string): Failure {
  return fail("TIMEOUT", {
    happened: `The service was told to stop and start, but not within ${restartLimit / 1000} s ${what}.`,
    unchanged: "What was decided goes on.",
    next: "See `clubar status` and the service's log; when the service has ended, start it.",
  });
}
