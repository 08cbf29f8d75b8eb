/** An authoritative restore of a VSS set is cut short at every call that changes files, from PreRestore to the cluster's last step. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { crashPoints } from "../../src/sim/crash-points.ts";
import { after, makeQuorum, recordScene, wordInForce } from "./example-quorum.ts";
import { canStage, makeOldSet, nodeWord, restore, start } from "./example-vss.ts";

test("authoritative restore: node and cluster as they were, or both as in the set; the next start finishes", async () => {
  let restored = false;
  const seen = { nothing: 0, both: 0 };
  const crashes = await crashPoints(
    async (files) => {
      restored = false;
      const { lines } = await restore(files, true, 4);
      assert.deepEqual(lines, ["committed", "restored"]);
      restored = true;
      await files.makeFolder("/after");
    },
    async (files) => {
      const midway = await wordInForce(files);
      const outcomes = await start(files, 8);
      const words = [await nodeWord(files), await wordInForce(files)];
      assert.deepEqual(words, words[0] === "one" ? ["one", "one"] : ["two", "two"]);
      if (restored || midway === "one") assert.equal(words[0], "one");
      seen[words[0] === "one" ? "both" : "nothing"]++;
      assert.ok(!outcomes.includes("abandoned"), outcomes.join());
      assert.deepEqual(await start(files, 9), []);
      await canStage(files);
    },
    {
      prepare: await recordScene(async (files) => {
        await makeOldSet(files);
        await files.makeFolder("/shared");
        await makeQuorum(files, after, 9);
      }),
      tornVariants: 0,
      told: () => restored,
    },
  );
  assert.ok(crashes > 300 && seen.nothing > 5 && seen.both > 50, `${crashes} ${JSON.stringify(seen)}`);
});
