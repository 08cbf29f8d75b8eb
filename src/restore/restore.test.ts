import assert from "node:assert/strict";
import { test } from "node:test";
import { contentsOf, example, memoryFiles } from "../../test/crash-points/example-cluster.ts";
import {
  after,
  before,
  data,
  digestOf,
  makeQuorum,
  makeScene,
  makeSet,
  open,
  partsOf,
  place,
  planOn,
  setPath,
  wordInForce,
} from "../../test/crash-points/example-quorum.ts";
import { readBackup } from "../backup/backup.ts";
import { Failure } from "../base/errors.ts";
import { failureOf } from "../base/failure-of.ts";
import { OutsideError, type Files } from "../base/outside.ts";
import { replay } from "../membership/copy-image.ts";
import { findKey } from "../tree/key.ts";
import { checkRestore, executeRestore, lastResult, resumeRestore } from "./restore.ts";
import type { ExecuteParts, RestorePlan } from "./restore.ts";

async function scene(): Promise<ReturnType<typeof memoryFiles>> {
  const made = memoryFiles();
  await makeScene(made.files);
  return made;
}

const named =
  (name: string) =>
  (error: unknown): boolean =>
    error instanceof Failure && error.name === name && error.unchanged !== "";

/** What is in force, byte by byte. */
async function inForce(files: Files): Promise<unknown> {
  const current = new TextDecoder().decode(await files.read(`${place}/current`)).trim();
  return [current, await contentsOf(files, `${place}/generation/${current}`)];
}

test("planning changes nothing; the restore puts the set in force and keeps the old state", async () => {
  const { files } = await scene();
  const untouched = await contentsOf(files, "/");
  const plan = await planOn(files, 1);
  assert.deepEqual(await contentsOf(files, "/"), untouched);
  assert.deepEqual([plan.blockers, plan.lost.updates, plan.mustJoinAgain], [[], 5, ["n3"]]);
  const set = await contentsOf(files, setPath);
  const result = await executeRestore(partsOf(files, 2), plan);
  assert.equal(result.outcome, "restored");
  assert.equal(await wordInForce(files), "one");
  assert.deepEqual(await contentsOf(files, setPath), set);
  const { tree } = replay(await (await open(files)).load());
  assert.equal(findKey(tree, "Runtime"), undefined);
  const kept = await readBackup({ files }, result.safety?.path ?? "");
  assert.equal(digestOf(kept.tree), digestOf(after.tree));
  assert.deepEqual(
    kept.versions.map(({ bytes }) => bytes),
    after.files.map(({ bytes }) => bytes),
  );
  assert.equal(result.undo, `clubar --data ${data} restore ${result.safety?.path} noforce`);
  assert.deepEqual(await lastResult(files, data), JSON.parse(JSON.stringify(result)));
});

test("the undo brings everything back, the node that joined later too", async () => {
  const { files } = await scene();
  const first = await executeRestore(partsOf(files, 2), await planOn(files, 1));
  const plan = await checkRestore(partsOf(files, 3), { path: first.safety?.path ?? "" });
  assert.deepEqual([plan.blockers, plan.generation], [[], { from: 2, to: 3 }]);
  await executeRestore(partsOf(files, 4), plan);
  const { tree } = replay(await (await open(files)).load());
  assert.deepEqual(
    ["1", "2", "3"].map((id) => findKey(tree, `Nodes\\${id}`) !== undefined),
    [true, true, true],
  );
});

test("a node that can't be asked is unknown and blocks", async () => {
  const { files } = await scene();
  const plan = await planOn(files, 1, { askNode: () => Promise.reject(new OutsideError("ECONNREFUSED", "n2")) });
  assert.deepEqual(
    plan.blockers.map(({ name }) => name),
    ["CLUSTER_NODE_UP", "CLUSTER_NODE_UP"],
  );
  await assert.rejects(executeRestore(partsOf(files, 2), plan), named("CLUSTER_NODE_UP"));
  assert.equal(await wordInForce(files), "two");
});

test("a set that is damaged when planned is a blocker; one that changes afterwards abandons the restore", async () => {
  const { files } = await scene();
  const plan = await planOn(files, 1);
  const was = await inForce(files);
  await files.unlink(`${setPath}/quolog.log`);
  assert.deepEqual(
    (await planOn(files, 3)).blockers.map(({ name }) => name),
    ["DATABASE_BACKUP_CORRUPT"],
  );
  await assert.rejects(executeRestore(partsOf(files, 2), plan), named("DATABASE_BACKUP_CORRUPT"));
  assert.deepEqual(await inForce(files), was);
  assert.deepEqual(
    [(await lastResult(files, data))?.outcome, await resumeRestore(partsOf(files, 4))],
    ["abandoned", undefined],
  );
  const another = await scene();
  const agreed = await planOn(another.files, 1);
  await makeSet(another.files, example("three"), 4);
  await assert.rejects(executeRestore(partsOf(another.files, 2), agreed), /another set than when/);
});

test("a quorum that was changed after the plan is not overwritten, unless forced; then it is saved first", async () => {
  for (const force of [false, true]) {
    const { files } = await scene();
    const plan = { ...(await planOn(files, 1)), force };
    await files.rename(`${place}/current`, `${place}/current.old`);
    await files.rename(`${place}/generation`, `${place}/generation.old`);
    await makeQuorum(files, example("four", { nodes: 3 }), 11);
    if (!force) {
      await assert.rejects(executeRestore(partsOf(files, 2), plan), named("REVISION_MISMATCH"));
      assert.equal(await wordInForce(files), "four");
      continue;
    }
    const result = await executeRestore(partsOf(files, 2), plan);
    assert.equal(
      digestOf((await readBackup({ files }, result.safety?.path ?? "")).tree),
      digestOf(example("four", { nodes: 3 }).tree),
    );
  }
});

test("an unreadable quorum is copied as it is, and the restore goes on", async () => {
  for (const harm of ["current", "snapshot"] as const) {
    const { files } = await scene();
    const current = new TextDecoder().decode(await files.read(`${place}/current`)).trim();
    const victim = harm === "current" ? `${place}/current` : `${place}/generation/${current}/chk0001.tmp`;
    await files.unlink(victim);
    const handle = await files.open(victim, "create");
    await handle.write(new TextEncoder().encode("rubbish"), 0);
    await handle.close();
    const plan = await planOn(files, 1);
    assert.deepEqual(plan.blockers, []);
    assert.match(plan.steps[0]?.what ?? "", /can't be read/);
    const result = await executeRestore(partsOf(files, 2), plan);
    assert.equal(await wordInForce(files), "one");
    assert.equal(result.safety?.kind, "copy");
    assert.ok((await contentsOf(files, result.safety?.path ?? "")).has("current"));
    assert.match(result.notes.join(), /copied as it is/);
  }
});

test("a present checkpoint file that is lost does not forbid the restore", async () => {
  const { files } = await scene();
  const current = new TextDecoder().decode(await files.read(`${place}/current`)).trim();
  const [lost] = after.files.filter(({ number }) => number === 2);
  await files.unlink(`${place}/generation/${current}/{${lost?.resource}}/00000002.CPT`);
  const result = await executeRestore(partsOf(files, 2), await planOn(files, 1));
  assert.deepEqual([result.outcome, result.safety?.kind], ["restored", "copy"]);
});

test("without a quorum, the set makes one", async () => {
  const { files } = memoryFiles();
  await makeSet(files, before, 4);
  await files.makeFolder(data);
  const result = await executeRestore(partsOf(files, 2), await planOn(files, 1));
  assert.deepEqual([result.outcome, result.safety, await wordInForce(files)], ["restored", undefined, "one"]);
});

test("a full disk at any step leaves the old state, and nothing to finish", async () => {
  for (let at = 1; ; at++) {
    const { files, disk } = await scene();
    const plan = await planOn(files, 1);
    let writes = 0;
    const counting: Files = {
      ...files,
      open: (path, how, mode) => {
        if (how === "create" && ++writes === at) disk.full = true;
        return files.open(path, how, mode);
      },
    };
    const error = await executeRestore(partsOf(counting, 2), plan).then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    disk.full = false;
    if (error === undefined) {
      assert.ok(at > 10);
      return;
    }
    assert.ok(named("DISK_FULL")(error), `${at}: ${failureOf(error).message}`);
    const word = await wordInForce(files);
    const resumed = await resumeRestore(partsOf(files, 3));
    assert.equal(resumed?.outcome, word === "one" ? "restored" : undefined, `${at}`);
    assert.equal(await wordInForce(files), word);
    const { tree } = replay(await (await open(files)).load());
    assert.ok(tree !== undefined);
  }
});

test("a generation that does not come back as it was written is not put in force", async () => {
  for (const victim of ["chk0001.tmp", "00000002.CPT", "quorum.json"]) {
    const { files } = await scene();
    const plan = await planOn(files, 1);
    const lying: Files = {
      ...files,
      read: async (path) => {
        const bytes = await files.read(path);
        return path.includes("/generation/2-") && path.endsWith(victim)
          ? bytes.map((byte, at) => (at === 30 ? byte ^ 1 : byte))
          : bytes;
      },
    };
    await assert.rejects(executeRestore(partsOf(lying, 2), plan), Failure, victim);
    assert.equal(await wordInForce(files), "two");
    assert.equal((await lastResult(files, data))?.outcome, "abandoned");
    assert.deepEqual((await files.list(`${place}/generation`)).length, 1);
  }
});

test("two restores at once: the second is refused; a third node's lock on the quorum counts too", async () => {
  const { files } = await scene();
  const plan = await planOn(files, 1);
  const other = await planOn(files, 7);
  const elsewhere: ExecuteParts = { ...partsOf(files, 8), data: "/other-data" };
  const run = (parts: ExecuteParts, what: RestorePlan): Promise<string> =>
    executeRestore(parts, what).then(
      ({ outcome }) => outcome,
      (error: Failure) => error.name,
    );
  const outcomes = await Promise.all([
    run(partsOf(files, 2), plan),
    run(partsOf(files, 3), other),
    run(elsewhere, other),
  ]);
  assert.deepEqual(outcomes.toSorted(), ["BUSY", "BUSY", "restored"]);
  assert.equal(await wordInForce(files), "one");
});

test("force tells nodes to stop and a drive is remembered", async () => {
  const { files } = await scene();
  const told: string[] = [];
  const askNode = async (): Promise<{ state: "running"; evidence: string }> => ({
    state: "running",
    evidence: "it answers",
  });
  const plan = await checkRestore(
    { ...partsOf(files, 1), askNode, formerPlace: "/old/quorum" },
    { path: setPath, force: true, drive: "Q:" },
  );
  const result = await executeRestore(
    {
      ...partsOf(files, 2),
      stopNodes: async ({ stopNodes }) => stopNodes.map((node) => (told.push(node), `Node ${node} stopped.`)),
      rememberPlace: async (where) => void told.push(where),
    },
    plan,
  );
  assert.deepEqual(
    [told, result.notes],
    [
      ["2", "3", place],
      ["Node 2 stopped.", "Node 3 stopped."],
    ],
  );
});
