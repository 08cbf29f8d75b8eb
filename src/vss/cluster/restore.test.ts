import assert from "node:assert/strict";
import { test } from "node:test";
import { memoryFiles } from "../../../test/crash-points/example-cluster.ts";
import { after, makeQuorum, recordScene, wordInForce } from "../../../test/crash-points/example-quorum.ts";
import { nodeData } from "../../../test/crash-points/example-node.ts";
import {
  makeOldSet,
  nodeWord,
  restoreDoor,
  start,
  vssOutside,
  vssPath,
} from "../../../test/crash-points/example-vss.ts";
import { Failure } from "../../base/errors.ts";
import type { Files } from "../../base/outside.ts";
import { lastNodeRestore, lastResult, stagedRestore } from "../../restore/restore.ts";
import type { RestoreDoor } from "./node-door.ts";
import { planVssRestore } from "./restore-plan.ts";
import { restoreVssSet, type VssRestoreOutcome } from "./restore.ts";

/** The set has node and cluster at "one"; both are at "two" now. */
const scene = recordScene(async (files) => {
  await makeOldSet(files);
  await files.makeFolder("/shared");
  await makeQuorum(files, after, 9);
});

async function open(change: (door: RestoreDoor) => Partial<RestoreDoor> = () => ({})): Promise<{
  readonly files: Files;
  readonly restore: (authoritative: boolean) => Promise<VssRestoreOutcome>;
}> {
  const { files } = memoryFiles();
  await (await scene)(files);
  const plain = restoreDoor(files, 4);
  const door: RestoreDoor = { ...plain, ...change(plain) };
  const outside = vssOutside(files, 4, true);
  return {
    files,
    restore: async (authoritative) =>
      restoreVssSet(outside, door, await planVssRestore(outside, door, { path: vssPath, authoritative })),
  };
}

const words = async (files: Files): Promise<readonly string[]> => [await nodeWord(files), await wordInForce(files)];

const named =
  (name: string) =>
  (error: unknown): boolean =>
    error instanceof Failure && error.name === name && error.unchanged !== "";

test("a node restore leaves the cluster alone; an authoritative one takes it along", async () => {
  const node = await open();
  assert.deepEqual((await node.restore(false)).lines, ["committed"]);
  assert.deepEqual(await words(node.files), ["one", "two"]);
  const cluster = await open();
  assert.deepEqual((await cluster.restore(true)).lines, ["committed", "restored"]);
  assert.deepEqual(await words(cluster.files), ["one", "one"]);
});

test("a node that runs, or may run, when the service starts keeps the cluster as it is", async () => {
  for (const other of ["running", "unknown"] as const) {
    const { files, restore } = await open(() => ({ stopAndStart: async () => ["later"] }));
    await restore(true);
    assert.deepEqual(await words(files), ["two", "two"], "nothing before the start");
    assert.deepEqual(await start(files, 8, other), ["committed", "abandoned"]);
    assert.deepEqual(await words(files), ["one", "two"]);
    assert.match((await lastResult(files, nodeData))?.sentence ?? "", new RegExp(`n2 is ${other}`));
    assert.deepEqual(await start(files, 9), [], "and it is not done behind anybody's back later");
  }
});

test("a restore that is staged and waits is in the plan of the next one", async () => {
  const { files, restore } = await open(() => ({ stopAndStart: async () => ["later"] }));
  await restore(false);
  const next = await planVssRestore(vssOutside(files, 9, true), restoreDoor(files, 9), {
    path: vssPath,
    authoritative: false,
  });
  assert.deepEqual(
    next.blockers.map(({ name, sentence }) => [name, sentence]),
    [["INVALID_STATE", `A restore of this node from ${vssPath} is staged and waits for the service to start.`]],
  );
});

test("what stands in the way, or has changed, between plan and PreRestore: refused, nothing is staged", async () => {
  for (const [name, change] of [
    ["CLUSTER_NODE_UP", { blockers: [{ name: "CLUSTER_NODE_UP", sentence: "n2 runs", next: "" }] }],
    ["REVISION_MISMATCH", { present: { tag: "1:0:99", contentDigest: "other" } }],
  ] as const) {
    let asked = 0;
    const { files, restore } = await open((door) => ({
      planCluster: async (path) => ({ ...(await door.planCluster(path)), ...(asked++ === 0 ? {} : change) }),
    }));
    await assert.rejects(restore(true), named(name));
    assert.deepEqual(await words(files), ["two", "two"]);
    assert.equal(await stagedRestore(files, nodeData), undefined);
    assert.equal(await lastNodeRestore(files, nodeData), undefined);
  }
});
