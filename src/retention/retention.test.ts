import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { type Example, memoryFiles, outsideOf } from "../../test/crash-points/example-cluster.ts";
import {
  after,
  before,
  data,
  makeQuorum,
  makeSet,
  partsOf,
  place,
  planOn,
  recordScene,
  wordInForce,
} from "../../test/crash-points/example-quorum.ts";
import { writeFileDurably } from "../base/durable.ts";
import type { Files } from "../base/outside.ts";
import { Losers } from "../checkpoint/losers.ts";
import { executeRestore, lastResult, openStaging } from "../restore/restore.ts";
import { crashPoints } from "../sim/crash-points.ts";
import { applyEdits, type Edit } from "../tree/edit.ts";
import { sz } from "../tree/value.ts";
import { type KeptPlaces, planPrune, prune } from "./retention.ts";
import { judgeKept, type Kept } from "./rule.ts";

const day = 86_400_000;
const year = 365 * day;

/** `days` after the scene was made. */
function placesOf(files: Files, days = 0): KeptPlaces {
  const outside = outsideOf(files, 40 + days);
  const clock = { ...outside.clock, wall: () => outside.clock.wall() + days * day };
  return { outside: { ...outside, clock }, data, node: "1", quorum: place, insist: false };
}

const gone = async (files: Files, path: string): Promise<boolean> => (await files.stat(path)) === undefined;
const pathsOf = (things: readonly { readonly path: string }[]): string[] => things.map(({ path }) => path);

/** It is known where the other nodes are. */
function reachable(cluster: Example): Example {
  const at = (id: string): Edit => ({
    kind: "set-value",
    path: `Nodes\\${id}`,
    value: sz("Endpoint", `/node${id}/run/rpc.sock`),
  });
  return { ...cluster, tree: applyEdits(cluster.tree, [at("2"), at("3")], 9n) };
}

/** The newest loser of a checkpoint, three restores one after the other, and what they keep. */
async function threeRestores(files: Files): Promise<void> {
  await files.makeFolder("/shared");
  await files.makeFolder(data);
  await makeQuorum(files, reachable(after), 9);
  await makeSet(files, reachable(before), 4);
  for (const days of [1, 2, 3]) {
    const parts = { ...partsOf(files, 10 + days), outside: placesOf(files, days).outside };
    await executeRestore(parts, await planOn(files, 20 + days, { outside: placesOf(files, days).outside }));
  }
  for (const count of [1, 2, 3]) {
    const outside = outsideOf(files, 20 + count);
    const content = { bytes: Uint8Array.of(count), contentDigest: `digest ${count}` };
    const clock = { wall: () => outside.clock.wall() + count * 1000 } as typeof outside.clock;
    await new Losers({ files, clock }, data).keep("r", { kind: "registry", path: "SOFTWARE\\A", number: 4 }, content);
  }
}

test("the newest stay, the young stay, and what is needed stays", () => {
  const now = 10 * year;
  const kept = fc.record({
    kind: fc.constantFrom<Kept["kind"]>("loser", "aside", "diverged", "saved", "safety", "generation"),
    subject: fc.constantFrom("a", "b"),
    path: fc.uuid().map((id) => `/${id}`),
    time: fc.integer({ min: 0, max: 11 * year }),
    size: fc.constant(1),
    neededBy: fc.constantFrom(undefined, undefined, "somebody"),
  });
  fc.assert(
    fc.property(fc.array(kept, { maxLength: 30 }), fc.nat(5), fc.nat(2000), (all, keep, days) => {
      const judged = judgeKept(all, { keep, days }, now);
      const goes = judged.filter(({ stays }) => stays === undefined);
      for (const { neededBy, time, kind, subject, path } of goes) {
        assert.equal(neededBy, undefined);
        assert.ok(now - time >= Math.max(1, days) * day);
        const newer = judged.filter((one) => one.kind === kind && one.subject === subject && one.time >= time);
        assert.ok(newer.filter((one) => one.path !== path).length >= Math.max(1, keep));
      }
      const again = judgeKept(
        judged.filter(({ stays }) => stays !== undefined),
        { keep, days },
        now,
      );
      assert.ok(
        again.every(({ stays }) => stays !== undefined),
        "a second time nothing more goes",
      );
    }),
  );
});

test("of copies of the database that were put aside the newest stay", async () => {
  const { files } = memoryFiles();
  await threeRestores(files);
  const copies = [1, 2, 3].map((epoch) => `${data}/ClusDb.diverged-1-${epoch}-7`);
  for (const path of copies) await writeFileDurably(files, path, Uint8Array.of(1));
  const places = await withOthers(files, 100);
  const goes = (await planPrune(places, { keep: 2, days: 30 })).things.filter(({ stays }) => stays === undefined);
  assert.equal(goes.filter(({ kind }) => kind === "diverged").length, 1);
  await prune(places, await planPrune(places, { keep: 2, days: 30 }));
  const left = await Promise.all(copies.map((path) => gone(files, path)));
  assert.equal(left.filter(Boolean).length, 1);
});

test("what is old goes, but the way back from the last restore, the newest of each and what is in force", async () => {
  const { files } = memoryFiles();
  await threeRestores(files);
  assert.deepEqual(
    (await planPrune(placesOf(files))).things.filter(({ stays }) => stays === undefined),
    [],
  );
  // The other nodes have nothing to finish, as far as can be seen.
  const places = await withOthers(files, 100);
  const plan = await planPrune(places, { keep: 1, days: 30 });
  const undo = (await lastResult(files, data))?.safety?.path ?? "";
  const { removed, failed } = await prune(places, plan);
  assert.deepEqual(failed, []);
  assert.deepEqual(
    removed.map(({ kind }) => kind),
    ["loser", "loser", "safety", "safety", "generation", "generation"],
  );
  assert.ok(!(await gone(files, undo)), "the way back");
  assert.equal(await wordInForce(files), "one");
  assert.equal((await files.list(`${place}/generation`)).length, 2);
  for (const path of pathsOf(removed)) assert.ok(await gone(files, path), path);
  assert.deepEqual(
    (await planPrune(places, { keep: 1, days: 30 })).things.filter(({ stays }) => !stays),
    [],
  );
});

/** Data folders of the other nodes, which have no restore to finish. */
async function withOthers(files: Files, days: number): Promise<KeptPlaces> {
  const places = placesOf(files, days);
  const seen: Files = {
    ...files,
    stat: async (path) => (path.endsWith("/node.json") ? files.stat("/") : files.stat(path)),
  };
  return { ...places, outside: { ...places.outside, files: seen } };
}

test("old generations stay while another node may have a restore to finish; all stays while this one has one", async () => {
  const { files } = memoryFiles();
  await threeRestores(files);
  const unseen = await planPrune(placesOf(files, 100), { keep: 1 });
  const generations = unseen.things.filter(({ kind }) => kind === "generation");
  assert.ok(generations.every(({ stays }) => /node n2 has a restore to finish can't be seen/.test(stays ?? "")));
  const staging = await openStaging(outsideOf(files, 50), data);
  await staging.put("node.json", Uint8Array.of(1));
  await staging.decide({ set: { path: "/set", digest: "", node: { id: "1", name: "n1" }, tag: undefined } });
  await staging.close();
  await assert.rejects(planPrune(placesOf(files, 100)), { name: "INVALID_STATE", unchanged: "Nothing was removed." });
  const { files: torn } = memoryFiles();
  await threeRestores(torn);
  await torn.unlink(`${place}/current`);
  await assert.rejects(planPrune(placesOf(torn, 100)), { name: "INVALID_STATE" });
});

test("what has the only file of a checkpoint stays, however old", async () => {
  const { files } = memoryFiles();
  await threeRestores(files);
  const current = new TextDecoder().decode(await files.read(`${place}/current`)).trim();
  for (const folder of await files.list(`${place}/generation/${current}`)) {
    if (!folder.startsWith("{")) continue;
    const inside = `${place}/generation/${current}/${folder}`;
    for (const name of await files.list(inside)) await files.unlink(`${inside}/${name}`);
  }
  const { things } = await planPrune(await withOthers(files, 1000), { keep: 1, days: 1 });
  const whole = things.filter(({ kind }) => kind === "safety" || kind === "generation");
  assert.ok(whole.length >= 5);
  assert.ok(whole.some(({ stays }) => /which the quorum lost/.test(stays ?? "")));
  assert.ok(whole.filter(({ stays }) => stays === undefined).length < 4);
});

test("cut off anywhere, what stays is whole, and the next one goes on", async () => {
  const crashes = await crashPoints(
    async (files) => {
      const places = await withOthers(files, 100);
      await prune(places, await planPrune(places, { keep: 1, days: 30 }));
    },
    async (files) => {
      assert.equal(await wordInForce(files), "one");
      const places = await withOthers(files, 200);
      const plan = await planPrune(places, { keep: 1, days: 30 });
      assert.deepEqual((await prune(places, plan)).failed, []);
      assert.deepEqual((await files.list(`${place}/generation`)).length, 2);
      assert.deepEqual((await files.list(`${data}/safety`)).length, 1);
      assert.deepEqual((await files.list(`${data}/losers/r`)).length, 2);
      assert.equal(await wordInForce(files), "one");
    },
    { prepare: await recordScene(threeRestores), tornVariants: 0, everyNth: 12 },
  );
  assert.ok(crashes > 15, `${crashes}`);
});
