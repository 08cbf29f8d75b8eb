/** A backup over an existing set is cut short at every call that changes files: a reader finds the old set or the new one, whole. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { finishBackup, readBackup, takeBackup, verifyBackup } from "../../src/backup/backup.ts";
import type { Files } from "../../src/base/outside.ts";
import { crashPoints } from "../../src/sim/crash-points.ts";
import { findValue } from "../../src/tree/key.ts";
import { textOf } from "../../src/tree/value.ts";
import { contentsOf, example, identity, memoryFiles, outsideOf, versionsOf, web } from "./example-cluster.ts";

const path = "/backups/today";
const one = example("one");
const two = example("two", { first: 2 });

async function take(files: Files, cluster: typeof one, sequence: number, salt: number): Promise<void> {
  const tag = { generation: 1, epoch: 1, sequence };
  const { tree } = cluster;
  await takeBackup({
    outside: outsideOf(files, salt),
    tree,
    tag,
    identity,
    versions: versionsOf(cluster.files),
    path,
    node: "n1",
  });
}

async function wordOf(files: Files): Promise<string> {
  const read = await readBackup({ files }, path);
  const word = textOf(findValue(read.tree, `Resources\\${web}\\Parameters`, "Word")) ?? "";
  const expected = word === "one" ? one : two;
  assert.deepEqual(
    read.versions.map(({ bytes }) => bytes),
    expected.files.map(({ bytes }) => bytes),
  );
  assert.equal(read.tag?.sequence, word === "one" ? 1 : 2);
  return word;
}

async function namesAfter(sequence: number, cluster: typeof one): Promise<string[]> {
  const { files } = memoryFiles();
  await files.makeFolder("/backups");
  await take(files, cluster, sequence, 1);
  return [...(await contentsOf(files, path)).keys()];
}

test("the old set or the new one at every crash, and the next backup or finish leaves nothing over", async () => {
  const namesOld = await namesAfter(1, one);
  const namesNew = await namesAfter(2, two);
  let taken = false;
  let sawOld = 0;
  let sawNewUnanswered = 0;
  const crashes = await crashPoints(
    async (files) => {
      taken = false;
      await take(files, two, 2, 2);
      taken = true;
      await files.makeFolder("/after");
    },
    async (files) => {
      const before = await contentsOf(files, path);
      const word = await wordOf(files);
      assert.equal((await verifyBackup({ files }, path)).ok, true);
      assert.deepEqual(await contentsOf(files, path), before, "reading changed the set");
      if (taken) assert.equal(word, "two");
      if (word === "one") sawOld++;
      else if (!taken) sawNewUnanswered++;
      await finishBackup({ files }, path);
      assert.equal(await wordOf(files), word);
      assert.deepEqual([...(await contentsOf(files, path)).keys()], word === "one" ? namesOld : namesNew);
      await take(files, two, 2, 3);
      assert.equal(await wordOf(files), "two");
      assert.deepEqual([...(await contentsOf(files, path)).keys()], namesNew);
    },
    {
      tornVariants: 2,
      told: () => taken,
      prepare: async (files) => {
        await files.makeFolder("/backups");
        await take(files, one, 1, 1);
      },
    },
  );
  assert.ok(
    crashes > 500 && sawOld > 30 && sawNewUnanswered > 30,
    `${crashes} crashes, ${sawOld} old, ${sawNewUnanswered} new`,
  );
});

test("finishing is itself cut short anywhere and finished by the next", async () => {
  await crashPoints(
    (files) => finishBackup({ files }, path),
    async (files) => {
      assert.equal(await wordOf(files), "two");
      await finishBackup({ files }, path);
      assert.equal(await wordOf(files), "two");
      assert.deepEqual(
        (await files.list(path)).filter((name) => name.startsWith(".")),
        [],
      );
    },
    { prepare: stoppedInTheMiddle, tornVariants: 2, told: () => "nothing" },
  );
});

/** A swap whose writer died after its decision and a few moves. */
async function stoppedInTheMiddle(files: Files): Promise<void> {
  await files.makeFolder("/backups");
  await take(files, one, 1, 1);
  let renames = 0;
  const dying: Files = {
    ...files,
    rename: (from, to) =>
      from.startsWith(`${path}/`) && ++renames > 4 ? Promise.reject(new Error("killed")) : files.rename(from, to),
  };
  await assert.rejects(take(dying, two, 2, 2));
}

test("a first backup is whole or not there at every crash", async () => {
  await crashPoints(
    (files) => take(files, one, 1, 1),
    async (files) => {
      const isComplete = await verifyBackup({ files }, path).then(
        ({ ok }) => ok,
        () => "none",
      );
      assert.notEqual(isComplete, false);
      await take(files, one, 1, 2);
      assert.equal(await wordOf(files), "one");
    },
    { prepare: (files) => files.makeFolder("/backups"), tornVariants: 1, told: () => "nothing" },
  );
});
