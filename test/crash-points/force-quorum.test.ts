/** A forced quorum is cut short at every call that changes files: afterwards nothing is in force or the whole new generation is. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { planView } from "../../src/api/plan-view.ts";
import type { Files } from "../../src/base/outside.ts";
import { encodeClusDb } from "../../src/membership/clusdb-copy.ts";
import { imageOf, replay } from "../../src/membership/copy-image.ts";
import { checkForceQuorum, type ForceQuorumParts } from "../../src/recovery/force-quorum.ts";
import { openDiskQuorum } from "../../src/quorum/disk/quorum.ts";
import type { ForceQuorumRequest } from "../../src/recovery/force-quorum-plan.ts";
import { type ResumeParts, executeRestore, type RestorePlan, resumeRestore } from "../../src/restore/restore.ts";
import { writeRecord } from "../../src/restore/journal.ts";
import { crashPoints } from "../../src/sim/crash-points.ts";
import { readState } from "../../src/database/state.ts";
import { applyEdits } from "../../src/tree/edit.ts";
import { sz } from "../../src/tree/value.ts";
import { contentsOf, example, group, identity, memoryFiles, outsideOf } from "./example-cluster.ts";
import { after, before, data, digestOf, makeQuorum, open, partsOf, place, recordScene } from "./example-quorum.ts";

const other = "/data2";
const endpointOf = (folder: string): string => `${folder}/run/rpc.sock`;

/** Two nodes with copies of their own; the other one's is newer. The quorum folder was emptied. */
async function emptied(files: Files): Promise<void> {
  await files.makeFolder(place);
  await writeCopy(files, data, before.tree, 4);
  await writeCopy(files, other, example("two").tree, 9);
}

async function writeCopy(
  files: Files,
  folder: string,
  tree: typeof before.tree,
  sequence: number,
  epoch = 3,
): Promise<void> {
  await files.makeFolder(folder);
  const known = applyEdits(
    tree,
    [
      { kind: "set-value", path: "Nodes\\1", value: sz("Endpoint", endpointOf(data)) },
      { kind: "set-value", path: "Nodes\\2", value: sz("Endpoint", endpointOf(other)) },
    ],
    9n,
  );
  const tag = { generation: 1, epoch, sequence };
  const handle = await files.open(`${folder}/ClusDb`, "create");
  await handle.write(encodeClusDb({ tree: known, tag, lineage: identity.lineage }, 1), 0);
  await handle.close();
}

function partsFor(files: Files, salt: number): ForceQuorumParts {
  return {
    outside: outsideOf(files, salt),
    data,
    self: { id: "1", name: "n1" },
    instance: identity.instance,
    recorded: place,
    place,
    insist: false,
    askLife: () => Promise.resolve({ state: "stopped", evidence: "said so" }),
  };
}

function planFor(
  files: Files,
  request: Partial<ForceQuorumRequest> = {},
  change: Partial<ForceQuorumParts> = {},
): Promise<RestorePlan> {
  return checkForceQuorum({ ...partsFor(files, 1), ...change }, { force: false, hold: false, ...request });
}

const names = ({ blockers }: RestorePlan): string[] => blockers.map(({ name }) => name);

test("an empty quorum is formed from the newest copy; groups are held where they ran last when asked", async () => {
  const { files } = memoryFiles();
  await emptied(files);
  const untouched = await contentsOf(files, "/");
  assert.deepEqual((await planFor(files)).held, []);
  const plan = await planFor(files, { hold: true });
  assert.deepEqual(await contentsOf(files, "/"), untouched, "planning changes nothing");
  assert.deepEqual([plan.set.path, plan.set.tag, plan.generation.to], ["ClusDb of node n2", "1:3:9", 2]);
  assert.deepEqual(names(plan), []);
  assert.equal(plan.copy?.lost.length, 3);
  assert.match(plan.warnings.join("\n"), /LOST: .*SOFTWARE.Mail of "mail".*clubar recover checkpoints "mail"/);
  const { undo } = await executeRestore(partsOf(files, 2), plan);
  assert.match(undo, new RegExp(`^There was nothing in ${place} to go back to.*clubar --data ${data} restore`));
  const quorum = await open(files);
  const { tree, tag } = replay(await quorum.load());
  assert.deepEqual(tag, { generation: 2, epoch: 0, sequence: 10 });
  const state = readState(tree).groups.get(group);
  assert.deepEqual([state?.held === undefined, state?.heldOn, state?.wanted], [false, "1", false]);
});

test("files that are still somewhere come along, and only with their digest", async () => {
  const { files } = memoryFiles();
  await files.makeFolder("/shared");
  await files.makeFolder(data);
  await makeQuorum(files, before, 3);
  await writeCopy(files, data, before.tree, 4);
  await files.unlink(`${place}/current`);
  const plan = await planFor(files);
  assert.equal(plan.set.path, `ClusDb of node n1`);
  assert.deepEqual(plan.copy?.lost, []);
  assert.equal(plan.held.length, 0);
  assert.equal(plan.notChecked.length, 1, "n2 has no copy");
  await executeRestore(partsOf(files, 2), plan);
  const { tree } = replay(await (await open(files)).load());
  const own = applyEdits(
    tree,
    [
      { kind: "delete-value", path: "Nodes\\1", name: "Endpoint" },
      { kind: "delete-value", path: "Nodes\\2", name: "Endpoint" },
    ],
    9n,
  );
  assert.notEqual(digestOf(own), digestOf(after.tree));
  assert.ok((await files.list(`${data}/safety`)).length === 1, "the old folder is kept aside");
});

test("who forbids it: a living or unknown node, a quorum in order, another cluster's, an older copy", async () => {
  const { files } = memoryFiles();
  await emptied(files);
  const life = (state: "living" | "alone" | "unknown") => ({
    askLife: () => Promise.resolve({ state, evidence: "it said so" }),
  });
  assert.deepEqual(names(await planFor(files, {}, life("living"))), ["CLUSTER_NODE_UP"]);
  assert.deepEqual(names(await planFor(files, { force: true }, life("living"))), ["CLUSTER_NODE_UP"]);
  assert.deepEqual(names(await planFor(files, {}, life("unknown"))), ["CLUSTER_NODE_UP"]);
  assert.deepEqual(names(await planFor(files, { force: true }, life("unknown"))), []);
  assert.deepEqual(names(await planFor(files, {}, life("alone"))), []);
  assert.deepEqual(names(await planFor(files, { from: "n1" })), ["REFUSED_FOR_SAFETY"]);
  const older = await planFor(files, { from: "N1", force: true });
  assert.deepEqual([names(older), older.set.tag], [[], "1:3:4"]);
  const nobody = await planFor(files, { from: "n9" });
  assert.deepEqual([names(nobody), nobody.steps, nobody.warnings], [["FILE_NOT_FOUND"], [], []]);
  assert.match(nobody.blockers[0]?.sentence ?? "", /there are n2 \(ClusDb of node n2 \(1:3:9\)\), n1 \(/);
  const rejecting = await planFor(files, {}, { askLife: () => Promise.reject(new Error("gone")) });
  assert.deepEqual(names(rejecting), ["CLUSTER_NODE_UP"]);

  const { files: whole } = memoryFiles();
  await whole.makeFolder("/shared");
  await makeQuorum(whole, before, 3);
  await writeCopy(whole, data, before.tree, 3, 0);
  const healthy = await planFor(whole);
  assert.equal(names(healthy)[0], "INVALID_STATE");
  assert.deepEqual([planView(healthy).lines, planView(healthy).warnings], [[], []], "nothing is lost or built");
  const foreign = await planFor(whole, { force: true }, { instance: "99999999-0000-4000-8000-000000000009" });
  assert.ok(names(foreign).includes("CLUSTER_INSTANCE_ID_MISMATCH"));
  await whole.rename(`${place}/current`, `${place}/current.retired`);
  assert.ok(names(await planFor(whole)).includes("REFUSED_FOR_SAFETY"));
  const back = await planFor(whole, { force: true });
  assert.deepEqual([names(back), back.generation.to], [[], 2]);
});

test("two histories under one generation are never chosen from by themselves", async () => {
  const { files } = memoryFiles();
  await emptied(files);
  await files.unlink(`${data}/ClusDb`);
  const tag = { generation: 1, epoch: 9, sequence: 90 };
  const handle = await files.open(`${data}/ClusDb`, "create");
  const lineage = "77777777-7777-4777-8777-777777777777";
  const tree = applyEdits(
    before.tree,
    [{ kind: "set-value", path: "Nodes\\2", value: sz("Endpoint", endpointOf(other)) }],
    9n,
  );
  await handle.write(encodeClusDb({ tree, tag, lineage }, 1), 0);
  await handle.close();
  assert.deepEqual(names(await planFor(files)), ["CLUSTER_DATABASE_SEQMISMATCH"]);
  assert.deepEqual(names(await planFor(files, { from: "n2", force: true })), []);
});

test("a copy that changes after the plan abandons it, and nothing is in force", async () => {
  const { files } = memoryFiles();
  await emptied(files);
  const plan = await planFor(files);
  await files.unlink(`${other}/ClusDb`);
  await writeCopy(files, other, after.tree, 10);
  await assert.rejects(executeRestore(partsOf(files, 2), plan), /not what it was when this was planned/);
  assert.equal(await (await open(files)).identity(), undefined);
});

test("a quorum that is back, or that another node formed, before the plan is carried out or resumed is left alone", async () => {
  for (const back of [place, "/shared/former"]) {
    const { files } = memoryFiles();
    await emptied(files);
    await files.unlink(`${data}/ClusDb`);
    await writeCopy(files, data, before.tree, 10);
    const plan = await planFor(files, {}, { recorded: back });
    assert.deepEqual([plan.set.path, names(plan)], ["ClusDb of node n1", []]);
    const quorum = await openDiskQuorum(outsideOf(files, 5), back);
    await quorum.create(identity, imageOf(after.tree, { generation: 1, epoch: 0, sequence: 30 }, 1));
    const parts: ResumeParts = { ...partsOf(files, 2), rememberPlace: () => Promise.resolve() };
    await assert.rejects(executeRestore(parts, plan), { name: "REVISION_MISMATCH" });
    await writeRecord(files, data, { format: 1, plan, done: [], safety: undefined, built: undefined, notes: [] });
    assert.equal((await resumeRestore(parts))?.outcome, "abandoned");
    const again = await openDiskQuorum(outsideOf(files, 6), back);
    assert.deepEqual(replay(await again.load()).tag, { generation: 1, epoch: 0, sequence: 30 });
    if (back !== place) assert.equal(await (await open(files)).identity(), undefined);
  }
});

test("a node that lives under a quorum when it is resumed abandons it, forced or not", async () => {
  for (const force of [false, true]) {
    const { files } = memoryFiles();
    await emptied(files);
    const plan = await planFor(files, { force });
    await files.makeFolder(`${data}/restore`);
    await writeRecord(files, data, { format: 1, plan, done: [], safety: undefined, built: undefined, notes: [] });
    const askNodes: ResumeParts["askNodes"] = async () => [
      { id: "2", name: "n2", state: "running", evidence: "its service says that it is member" },
    ];
    assert.equal((await resumeRestore({ ...partsOf(files, 2), askNodes }))?.outcome, "abandoned");
    assert.equal(await (await open(files)).identity(), undefined);
  }
});

/** The quorum's `current` is torn; its generation can be read and is newer than every node's copy. */
async function torn(files: Files): Promise<void> {
  await files.makeFolder("/shared");
  await makeQuorum(files, before, 30);
  await writeCopy(files, data, before.tree, 3, 0);
  await files.unlink(`${place}/current`);
  const handle = await files.open(`${place}/current`, "create");
  await handle.write(new TextEncoder().encode("1-torn"), 0);
  await handle.close();
}

const scenes = [
  { name: "emptied", make: emptied, place, sequence: 10 },
  { name: "torn", make: torn, place, sequence: 31 },
  { name: "another folder", make: emptied, place: "/elsewhere/quorum", sequence: 10 },
];

for (const scene of scenes) {
  test(`${scene.name}: nothing or the whole generation at every crash; the next start finishes`, async () => {
    const make = await recordScene(scene.make);
    const { files: planning } = memoryFiles();
    await make(planning);
    const plan = await planFor(planning, {}, { place: scene.place });
    assert.deepEqual(names(plan), []);
    let remembered = "";
    const parts = (files: Files, salt: number): ReturnType<typeof partsOf> & ResumeParts => ({
      ...partsOf(files, salt),
      rememberPlace: async (where) => {
        remembered = where;
      },
    });
    let executed = false;
    const seen = { nothing: 0, formed: 0, resumed: 0 };
    const formed = async (files: Files): Promise<boolean> => {
      const quorum = await openDiskQuorum(outsideOf(files, 5), scene.place).catch(() => undefined);
      const found = await quorum?.identity();
      if (quorum === undefined || found === undefined) return false;
      assert.equal(found.generation, 2);
      const { tag } = replay(await quorum.load());
      assert.deepEqual(tag, { generation: 2, epoch: 0, sequence: scene.sequence });
      return true;
    };
    const crashes = await crashPoints(
      async (files) => {
        executed = false;
        await executeRestore(parts(files, 2), plan);
        executed = true;
        await files.makeFolder("/after");
      },
      async (files) => {
        const is = await formed(files);
        if (executed) assert.ok(is);
        seen[is ? "formed" : "nothing"]++;
        const begun = (await files.stat(`${data}/restore/plan.json`)) !== undefined;
        remembered = "";
        const result = await resumeRestore(parts(files, 3));
        assert.equal(result !== undefined, begun);
        if (result !== undefined) {
          seen.resumed++;
          assert.equal(result.outcome, "restored", result.sentence);
          assert.ok(await formed(files));
        }
        assert.equal(await resumeRestore(parts(files, 4)), undefined);
      },
      { prepare: make, tornVariants: 0, told: () => executed },
    );
    assert.ok(remembered === "" || remembered === scene.place);
    assert.ok(
      crashes > 300 && seen.nothing > 20 && seen.formed > 5 && seen.resumed > 20,
      `${crashes} ${JSON.stringify(seen)}`,
    );
  });
}

test("a quorum that went back to an older state is formed anew from the newer copy", async () => {
  const { files } = memoryFiles();
  await files.makeFolder("/shared");
  await makeQuorum(files, before, 3);
  await writeCopy(files, data, before.tree, 4);
  await files.unlink(`${data}/ClusDb`);
  const tag = { generation: 2, epoch: 1, sequence: 20 };
  const handle = await files.open(`${data}/ClusDb`, "create");
  await handle.write(encodeClusDb({ tree: before.tree, tag, lineage: "77777777-7777-4777-8777-777777777777" }, 1), 0);
  await handle.close();
  const plan = await planFor(files, { force: true });
  assert.deepEqual([names(plan), plan.set.tag, plan.generation.to], [[], "2:1:20", 3]);
  assert.match(plan.warnings.join(), /It went back/);
  await executeRestore(partsOf(files, 2), plan);
  assert.equal((await (await open(files)).identity())?.generation, 3);
});
