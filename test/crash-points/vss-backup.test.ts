/** A VSS backup of a node over an older set is cut short at every call that changes files. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { crashPoints } from "../../src/sim/crash-points.ts";
import { finishBackup } from "../../src/backup/backup.ts";
import { vssLayout } from "../../src/vss/cluster/layout.ts";
import { contentsOf, memoryFiles } from "./example-cluster.ts";
import { after, recordScene } from "./example-quorum.ts";
import { nodeData } from "./example-node.ts";
import { backUp, makeOldSet, nodeWord, vssPath, wordsOfSet } from "./example-vss.ts";

test("backup: the old set or the new one at every crash; the next backup leaves nothing over", async () => {
  const { files: clean } = memoryFiles();
  await makeOldSet(clean);
  await backUp(clean, after, 2);
  const names = [...(await contentsOf(clean, vssPath)).keys()];
  const folders = [...(await contentsOf(clean, nodeData)).keys()].filter((name) => name !== "vss/set.lock");
  let taken = false;
  const seen = { old: 0, new: 0 };
  const crashes = await crashPoints(
    async (files) => {
      taken = false;
      await backUp(files, after, 2);
      taken = true;
      await files.makeFolder("/after");
    },
    async (files) => {
      const words = await wordsOfSet(files);
      assert.equal(words.node, words.cluster, "node and cluster are of one backup");
      if (taken) assert.equal(words.node, "two");
      seen[words.node === "two" ? "new" : "old"]++;
      assert.equal(await nodeWord(files), "two", "the node is as it was");
      await finishBackup({ files }, vssPath, vssLayout);
      assert.deepEqual(await wordsOfSet(files), words, "finishing changes nothing that a reader sees");
      await backUp(files, after, 3, false);
      assert.deepEqual([...(await contentsOf(files, vssPath)).keys()], names);
      assert.deepEqual(
        [...(await contentsOf(files, nodeData)).keys()].filter((name) => name !== "vss/set.lock"),
        folders,
      );
    },
    { prepare: await recordScene(makeOldSet), tornVariants: 0, told: () => taken },
  );
  assert.ok(crashes > 300 && seen.old > 50 && seen.new > 5, `${crashes} ${JSON.stringify(seen)}`);
});
