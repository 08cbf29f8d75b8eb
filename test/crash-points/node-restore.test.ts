/** Staging and committing a node's files are cut short at every call that changes files. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Files } from "../../src/base/outside.ts";
import { lastNodeRestore, stagedRestore } from "../../src/restore/restore.ts";
import { crashPoints } from "../../src/sim/crash-points.ts";
import { commit, makeNode, nodeData, stage, wordsOf } from "./example-node.ts";

test("staging: nothing or the whole restore is decided; the live files are as they were", async () => {
  const seen = { nothing: 0, staged: 0 };
  let decided = false;
  const crashes = await crashPoints(
    async (files) => {
      decided = false;
      await stage(files, "old");
      decided = true;
      await files.makeFolder("/after");
    },
    async (files) => {
      assert.deepEqual(await wordsOf(files), { word: "new", mine: "new" });
      const record = await stagedRestore(files, nodeData);
      assert.ok(record !== undefined || !decided);
      seen[record === undefined ? "nothing" : "staged"]++;
      const result = await commit(files);
      assert.equal(result?.outcome, record === undefined ? undefined : "committed", result?.sentence);
      assert.deepEqual(
        await wordsOf(files),
        record === undefined ? { word: "new", mine: "new" } : { word: "old", mine: "new" },
      );
      // Whatever was left does not stand in the way of the next one.
      await stage(files, "third", 3);
      assert.equal((await commit(files))?.outcome, "committed");
      assert.equal((await wordsOf(files)).word, "third");
    },
    { prepare: (files) => makeNode(files, "new"), tornVariants: 1, told: () => decided },
  );
  assert.ok(crashes > 200 && seen.nothing > 20 && seen.staged > 1, `${crashes} ${JSON.stringify(seen)}`);
});

test("committing: the next start finishes, what was there is saved aside, and a second start changes nothing", async () => {
  const seen = { again: 0, done: 0 };
  let id = "";
  const crashes = await crashPoints(
    async (files) => {
      await commit(files);
      await files.makeFolder("/after");
    },
    async (files) => {
      const record = await stagedRestore(files, nodeData);
      const result = await commit(files);
      seen[result === undefined ? "done" : "again"]++;
      assert.equal(result === undefined, record === undefined);
      assert.deepEqual(await wordsOf(files), { word: "old", mine: "new" });
      const last = await lastNodeRestore(files, nodeData);
      assert.equal(last?.outcome, "committed", last?.sentence);
      assert.deepEqual(await wordsOf(files, `${nodeData}/node-restore/saved-${id}`), { word: "new", mine: "new" });
      assert.equal(await commit(files), undefined);
      assert.deepEqual(await files.list(`${nodeData}/node-restore`), ["lock", "result.json", `saved-${id}`]);
    },
    {
      prepare: async (files) => {
        await makeNode(files, "new");
        id = await stage(files, "old");
      },
      tornVariants: 1,
      told: () => "nothing",
    },
  );
  assert.ok(crashes > 300 && seen.again > 60 && seen.done > 0, `${crashes} ${JSON.stringify(seen)}`);
});

test("committing into an empty data folder, and over a damaged registry, is finished all the same", async () => {
  for (const prepare of [async () => undefined, damaged]) {
    await crashPoints(
      async (files) => void (await commit(files)),
      async (files) => {
        await commit(files);
        assert.equal((await wordsOf(files)).word, "old");
      },
      {
        prepare: async (files) => {
          await prepare(files);
          await stage(files, "old");
        },
        tornVariants: 0,
        told: () => "nothing",
      },
    );
  }
});

/** A node whose hive was changed by somebody else, with the rests of an unload and of a fold beside it. */
async function damaged(files: Files): Promise<void> {
  await makeNode(files, "new");
  for (const name of ["SOFTWARE", "SOFTWARE.next~", "SOFTWARE.unloaded~"]) {
    const handle = await files.open(`${nodeData}/registry/${name}`, "append");
    await handle.write(new TextEncoder().encode("damage"));
    await handle.close();
  }
}
