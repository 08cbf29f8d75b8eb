/** A restore is cut short at every call that changes files: the quorum is as it was or restored as a whole, and the next start finishes. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { readBackup } from "../../src/backup/backup.ts";
import type { Files } from "../../src/base/outside.ts";
import { replay } from "../../src/membership/copy-image.ts";
import { build } from "../../src/restore/build.ts";
import { type RestoreRecord, writeRecord } from "../../src/restore/journal.ts";
import {
  checkRestore,
  executeRestore,
  type CheckParts,
  type NodeFact,
  resumeRestore,
} from "../../src/restore/restore.ts";
import { crashPoints } from "../../src/sim/crash-points.ts";
import { memoryFiles } from "./example-cluster.ts";
import {
  after,
  data,
  digestOf,
  makeScene,
  open,
  partsOf,
  planOn,
  recordScene,
  setPath,
  wordInForce,
} from "./example-quorum.ts";

async function restoredDigest(files: Files): Promise<string> {
  const quorum = await open(files);
  assert.equal((await quorum.identity())?.generation, 2);
  const { tree, tag } = replay(await quorum.load());
  assert.deepEqual(tag, { generation: 2, epoch: 0, sequence: 10 });
  return digestOf(tree);
}

const said = (state: NodeFact["state"], id = "2"): NodeFact => ({ id, name: `n${id}`, state, evidence: "said so" });

/** Cut short with this much done, then a start that hears `facts`; the word in force, who was told to stop, and what is said. */
async function cutShort(
  done: RestoreRecord["done"],
  { force, facts }: { readonly force: boolean; readonly facts: readonly NodeFact[] },
): Promise<readonly [string, readonly string[], string]> {
  const { files } = memoryFiles();
  await makeScene(files);
  const askNode: CheckParts["askNode"] = async ({ id }) => ({
    state: force && id === "2" ? "running" : "stopped",
    evidence: "said so",
  });
  const plan = await checkRestore({ ...partsOf(files, 1), askNode }, { path: setPath, force });
  assert.deepEqual([plan.blockers, plan.stopNodes], [[], force ? ["2"] : []]);
  const isPart = (kind: string): boolean => plan.steps.some((step) => step.kind === kind);
  const parts = partsOf(files, 3);
  const built = done.includes("build") ? await build(parts.outside, plan) : undefined;
  await files.makeFolder(`${data}/restore`);
  await writeRecord(files, data, {
    format: 1,
    plan,
    done: done.filter(isPart),
    safety: undefined,
    built,
    notes: [],
  });
  const told: string[] = [];
  const result = await resumeRestore({
    ...parts,
    askNodes: async () => facts,
    stopNodes: async ({ stopNodes }) => (told.push(...stopNodes), stopNodes.map((id) => `Node ${id} stopped.`)),
  });
  return [await wordInForce(files), told, result?.sentence ?? ""];
}

const before: readonly RestoreRecord["done"][] = [
  [],
  ["stop-nodes", "safety-backup"],
  ["stop-nodes", "safety-backup", "build", "verify-built"],
];

test("what was cut short before the switch asks the nodes again: one that runs or may run abandons it", async () => {
  for (const done of before) {
    for (const state of ["running", "unknown"] as const) {
      const [word, told, sentence] = await cutShort(done, { force: false, facts: [said(state), said("stopped", "3")] });
      assert.deepEqual([word, told], ["two", []]);
      assert.match(sentence, new RegExp(`abandoned.*Node n2 is ${state}: said so`));
    }
    assert.equal((await cutShort(done, { force: false, facts: [said("stopped")] }))[0], "one");
  }
});

test("with force, a node that was to stop and runs is told again; one that ran not when it was agreed to abandons it", async () => {
  for (const done of before) {
    const [word, told] = await cutShort(done, { force: true, facts: [said("running"), said("unknown", "3")] });
    assert.deepEqual([word, told], ["one", ["2"]]);
    const [kept, none, sentence] = await cutShort(done, {
      force: true,
      facts: [said("stopped"), said("running", "3")],
    });
    assert.deepEqual([kept, none], ["two", []]);
    assert.match(sentence, /Node n3 is running/);
  }
  const [word, told] = await cutShort(["stop-nodes"], { force: true, facts: [said("stopped")] });
  assert.deepEqual([word, told], ["one", []]);
});

test("old or restored at every crash; the next start finishes, and the safety backup holds the old state", async () => {
  const scene = await recordScene(makeScene);
  const { files: planning } = memoryFiles();
  await scene(planning);
  const plan = await planOn(planning, 1);
  let executed = false;
  let expected: string | undefined;
  const seen = { old: 0, restored: 0, resumed: 0 };
  const crashes = await crashPoints(
    async (files) => {
      executed = false;
      await executeRestore(partsOf(files, 2), plan);
      executed = true;
      expected ??= await restoredDigest(files);
      await files.makeFolder("/after");
    },
    async (files) => {
      const word = await wordInForce(files);
      assert.ok(word === "two" || word === "one", word);
      if (executed) assert.equal(word, "one");
      seen[word === "two" ? "old" : "restored"]++;
      const result = await resumeRestore(partsOf(files, 3));
      const begun = (await files.stat(`${data}/safety`)) !== undefined;
      if (result === undefined) {
        assert.equal(await wordInForce(files), word);
        assert.ok(executed || word === "one" || !begun, "a step was begun without a record");
      } else {
        seen.resumed++;
        assert.equal(result.outcome, "restored", result.sentence);
        assert.equal(await wordInForce(files), "one");
        assert.equal(await restoredDigest(files), expected);
        const { tree } = await readBackup({ files }, result.safety?.path ?? "");
        assert.equal(digestOf(tree), digestOf(after.tree));
      }
      assert.equal(await resumeRestore(partsOf(files, 4)), undefined);
      assert.equal(await files.stat(`${data}/restore/plan.json`), undefined);
    },
    { prepare: scene, tornVariants: 0, told: () => executed },
  );
  assert.ok(
    crashes > 800 && seen.old > 50 && seen.restored > 5 && seen.resumed > 60,
    `${crashes} crashes, ${JSON.stringify(seen)}`,
  );
});

test("finishing is cut short as well, and finished by the start after it", async () => {
  await crashPoints(
    async (files) => void (await resumeRestore(partsOf(files, 3))),
    async (files) => {
      const word = await wordInForce(files);
      const result = await resumeRestore(partsOf(files, 4));
      if (result === undefined) assert.equal(word, await wordInForce(files));
      else assert.equal(result.outcome, "restored", result.sentence);
      assert.equal(await wordInForce(files), "one");
    },
    { prepare: await recordScene(stoppedWhileBuilding), tornVariants: 0, told: () => "nothing" },
  );
});

/** A restore whose process died with a part of the new generation written. */
async function stoppedWhileBuilding(files: Files): Promise<void> {
  await makeScene(files);
  const plan = await planOn(files, 1);
  const died = Promise.withResolvers<void>();
  let links = 0;
  const dying: Files = {
    ...files,
    link: (from, to) => {
      if (!to.includes("/generation/2-") || ++links < 3) return files.link(from, to);
      died.resolve();
      return new Promise(() => undefined);
    },
  };
  void executeRestore(partsOf(dying, 2), plan);
  await died.promise;
  assert.equal(await wordInForce(files), "two");
}
