/** A node of the example cluster with its quorum, backed up into a VSS set and restored from it; for tests that cut both short. */
import assert from "node:assert/strict";
import { readBackup, takeBackup } from "../../src/backup/backup.ts";
import type { Files, Outside } from "../../src/base/outside.ts";
import { tagValueName } from "../../src/database/apply.ts";
import { readHive, writeHive } from "../../src/hive/index.ts";
import { readHiveAtRest } from "../../src/registry/hive-at-rest.ts";
import {
  checkNodeRestore,
  checkRestore,
  commitNodeRestore,
  openStaging,
  resumeRestore,
} from "../../src/restore/restore.ts";
import { buildKey, findValue } from "../../src/tree/key.ts";
import { sz, textOf } from "../../src/tree/value.ts";
import { backupNode } from "../../src/vss/cluster/backup.ts";
import type { NodeDoor, RestoreDoor } from "../../src/vss/cluster/node-door.ts";
import { readVssSet } from "../../src/vss/cluster/read-set.ts";
import { planVssRestore } from "../../src/vss/cluster/restore-plan.ts";
import { restoreVssSet, type VssRestoreOutcome } from "../../src/vss/cluster/restore.ts";
import type { WrittenSet } from "../../src/vss/cluster/write-set.ts";
import { type Example, identity, outsideOf, versionsOf, web } from "./example-cluster.ts";
import { makeNode, nodeData } from "./example-node.ts";
import { before, partsOf, place } from "./example-quorum.ts";

export const vssPath = "/sets/n1";

/** Nobody waits for a clock here; `alive` says whether the process that made the shadow copies still runs. */
export function vssOutside(files: Files, salt: number, alive: boolean): Outside {
  const never = new Promise<never>(() => undefined);
  return {
    ...outsideOf(files, salt),
    timers: { sleep: (_ms: number, signal?: AbortSignal) => (signal?.aborted === true ? Promise.resolve() : never) },
    processes: { self: { pid: 7, started: "7" }, isAlive: async () => alive },
  } as unknown as Outside;
}

/** The node of a moment, with a ClusDb that is a hive. */
export async function makeVssNode(files: Files, word: string): Promise<void> {
  await files.makeFolder("/sets");
  await makeNode(files, word);
  const values = [sz(tagValueName, "1:0:4"), sz("Lineage", identity.lineage), sz("Word", word)];
  const bytes = writeHive(buildKey({ name: "ClusDb", lastWritten: 1n, values }), { time: 1n });
  await replace(files, `${nodeData}/ClusDb`, bytes);
}

/** As a service would, by another file under the same name. */
async function replace(files: Files, path: string, bytes: Uint8Array): Promise<void> {
  const handle = await files.open(`${path}.new`, "create");
  await handle.write(bytes, 0);
  await handle.close();
  await files.rename(`${path}.new`, path);
}

/** A node whose service runs, or nothing but its files. */
export function doorOf(files: Files, cluster: Example | undefined): NodeDoor {
  return {
    data: nodeData,
    nodeClusterState: cluster === undefined ? 3 : 19,
    identity: { id: "1", name: "n1", cluster: identity },
    freeze: async () => ({ thaw: async () => ({ kept: true, why: "" }) }),
    backupCluster: async (path) => {
      if (cluster === undefined) throw new Error("nobody runs");
      const tag = { generation: 1, epoch: 0, sequence: 4 };
      const { tree, files: versions } = cluster;
      const outside = outsideOf(files, 6);
      await takeBackup({ outside, tree, tag, identity, versions: versionsOf(versions), path, node: "n1" });
      return { tag: "1:0:4", notChecked: [] };
    },
  };
}

export function backUp(files: Files, cluster: Example | undefined, salt: number, alive = true): Promise<WrittenSet> {
  return backupNode({ outside: vssOutside(files, salt, alive), door: doorOf(files, cluster), path: vssPath });
}

/** What a set says of itself, node's and cluster's word; throws when a part is damaged. */
export async function wordsOfSet(
  files: Files,
): Promise<{ readonly node: string; readonly cluster: string | undefined }> {
  const set = await readVssSet({ files }, vssPath);
  const hive = readHive(set.files.get("node/registry/SOFTWARE") ?? new Uint8Array()).root;
  const clusDb = readHive(set.files.get("node/ClusDb") ?? new Uint8Array()).root;
  const words = [textOf(findValue(hive, "App", "Word")), textOf(findValue(clusDb, "", "Word"))];
  if (words[0] === undefined || words[0] !== words[1]) throw new Error(`The set is a mixture: ${words.join()}`);
  if (set.clusterPath === undefined) return { node: words[0], cluster: undefined };
  const { tree } = await readBackup({ files }, set.clusterPath);
  return { node: words[0], cluster: textOf(findValue(tree, `Resources\\${web}\\Parameters`, "Word")) };
}

/** What the start of a service does, and a restore where none runs. */
export async function start(
  files: Files,
  salt: number,
  other: "stopped" | "running" | "unknown" = "stopped",
): Promise<readonly string[]> {
  const outside = outsideOf(files, salt);
  const node = await commitNodeRestore(outside, nodeData);
  const cluster = await resumeRestore({
    outside,
    data: nodeData,
    node: "n1",
    askNodes: async () => [{ id: "2", name: "n2", state: other, evidence: "said so" }],
  });
  return [node, cluster].flatMap((one) => (one === undefined ? [] : [one.outcome]));
}

export function restoreDoor(files: Files, salt: number): RestoreDoor {
  const outside = outsideOf(files, salt);
  return {
    data: nodeData,
    live: { state: "node", id: "1", name: "n1", instance: identity.instance },
    running: false,
    planNode: (set) =>
      checkNodeRestore(
        {
          outside,
          data: nodeData,
          live: { state: "node", id: "1", name: "n1", instance: identity.instance },
          service: { state: "stopped", evidence: "said so" },
          place,
          insist: false,
          runsAt: async () => undefined,
        },
        set,
      ),
    planCluster: (path) => checkRestore({ ...partsOf(files, salt), data: nodeData }, { path, force: false }),
    recordOf: (bytes) => bytes,
    stopAndStart: () => start(files, salt + 1),
  };
}

export async function restore(files: Files, authoritative: boolean, salt: number): Promise<VssRestoreOutcome> {
  const outside = vssOutside(files, salt, true);
  const door = restoreDoor(files, salt);
  const plan = await planVssRestore(outside, door, { path: vssPath, authoritative });
  return restoreVssSet(outside, door, plan);
}

/** Nothing is left that stands in the way of another restore. */
export async function canStage(files: Files): Promise<void> {
  await (await openStaging(outsideOf(files, 77), nodeData)).close();
}

/** What the node says; throws when its files disagree. */
export async function nodeWord(files: Files): Promise<string> {
  const software = await readHiveAtRest(files, `${nodeData}/registry`, "SOFTWARE");
  const clusDb = readHive(await files.read(`${nodeData}/ClusDb`)).root;
  const words = [software && textOf(findValue(software, "App", "Word")), textOf(findValue(clusDb, "", "Word"))];
  assert.equal(words[0], words[1], "the node is a mixture");
  return words[0] ?? "";
}

/** A set of the node at "one", then the node at "two". */
export async function makeOldSet(files: Files): Promise<void> {
  await makeVssNode(files, "one");
  await backUp(files, before, 1);
  for (const folder of ["registry", "keys"])
    for (const name of await files.list(`${nodeData}/${folder}`)) await files.unlink(`${nodeData}/${folder}/${name}`);
  for (const name of ["ClusDb", "node.json"]) await files.unlink(`${nodeData}/${name}`);
  await makeVssNode(files, "two");
}
