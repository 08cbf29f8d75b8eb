import assert from "node:assert/strict";
import { test } from "node:test";
import { memoryFiles } from "../../test/crash-points/example-cluster.ts";
import { makeScene, partsOf, place, setPath } from "../../test/crash-points/example-quorum.ts";
import { openDiskQuorum } from "../quorum/disk/quorum.ts";
import type { Files } from "../base/outside.ts";
import { checkRestore, executeRestore } from "./restore.ts";

const elsewhere = "/other/quorum";
const who = { node: "2", incarnation: "00000000-0000-4000-8000-000000000002", endpoint: "e", hostEndpoint: "h" };

async function scene(): Promise<{ files: Files; parts: ReturnType<typeof partsOf> }> {
  const { files } = memoryFiles();
  await makeScene(files);
  return { files, parts: { ...partsOf(files, 7), place: elsewhere, formerPlace: place } };
}

test("nodes of the quorum that is left are asked, those that joined after the backup too", async () => {
  const { parts } = await scene();
  const asked: string[] = [];
  const askNode: typeof parts.askNode = async ({ name }) => {
    asked.push(name);
    return { state: "running", evidence: "its service answers" };
  };
  const plan = await checkRestore({ ...parts, askNode }, { path: setPath });
  assert.deepEqual(asked.sort(), ["n2", "n3"]);
  assert.equal(plan.blockers[0]?.name, "CLUSTER_NODE_UP");
});

test("from a restore into another place on the quorum that is left confirms nobody: no node goes on running under it", async () => {
  const { files, parts } = await scene();
  const quorum = await openDiskQuorum(parts.outside, place);
  const epoch = (await quorum.leader())?.epoch ?? 0;
  assert.ok(await quorum.claim(epoch, who));
  assert.equal(await quorum.confirm(epoch + 1), true);
  const askNode: typeof parts.askNode = async () => ({ state: "unknown", evidence: "nobody looked" });
  const plan = await checkRestore({ ...parts, askNode }, { path: setPath, force: true });
  const remembered: string[] = [];
  const result = await executeRestore({ ...parts, rememberPlace: async (to) => void remembered.push(to) }, plan);
  assert.deepEqual([result.outcome, remembered], ["restored", [elsewhere]]);
  assert.equal(await quorum.confirm(epoch + 1), false);
  assert.match(result.notes.join("\n"), /retired/);
  assert.notEqual(await files.stat(`${place}/generation`), undefined);
});
