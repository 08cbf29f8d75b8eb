/** A quorum's normal life, and what misuse does. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Leadership } from "../../src/quorum/quorum.ts";
import { failure, identity, imageOf, instance, lead, rebuildFor, recordOf, stateOf, whoOf } from "./quorum-scene.ts";
import type { Scene } from "./quorum-scene.ts";

export function testLife(scene: Scene): void {
  testCreation(scene);
  testUpdates(scene);
  testMisuse(scene);
}

function testCreation(scene: Scene): void {
  test("an empty place has no cluster, and creating it twice fails", async () => {
    const { one, two } = scene();
    assert.equal(await one.identity(), undefined);
    assert.equal(await one.leader(), undefined);
    await assert.rejects(one.load(), failure("QUORUM_DISK_NOT_FOUND"));
    await one.create(identity, imageOf("first"));
    assert.deepEqual(await two.identity(), identity);
    assert.deepEqual(await two.load(), { identity, snapshot: imageOf("first"), records: [] });
    const other = { ...identity, lineage: instance };
    await assert.rejects(two.create(other, imageOf("second")), failure("OBJECT_ALREADY_EXISTS"));
    assert.deepEqual(await one.identity(), identity);
    assert.deepEqual(stateOf(await one.load()), ["first"]);
  });

  test("of two creators at once one makes the cluster", async () => {
    const { one, two } = scene();
    const other = { ...identity, lineage: instance };
    const results = await Promise.allSettled([one.create(identity, imageOf("a")), two.create(other, imageOf("b"))]);
    assert.deepEqual(results.map((result) => result.status).sort(), ["fulfilled", "rejected"]);
    const made = results[0].status === "fulfilled" ? { lineage: identity.lineage, text: "a" } : { ...other, text: "b" };
    assert.equal((await one.identity())?.lineage, made.lineage);
    assert.deepEqual(stateOf(await two.load()), [made.text]);
  });

  test("a first image of another generation or epoch is refused", async () => {
    const { one } = scene();
    await assert.rejects(one.create(identity, imageOf("x", 1)), failure("INVALID_PARAMETER"));
    await assert.rejects(one.create(identity, imageOf("x", 0, 0, 2)), failure("INVALID_PARAMETER"));
    assert.equal(await one.identity(), undefined);
  });
}

function testUpdates(scene: Scene): void {
  test("updates are there for whoever comes next", async () => {
    const { one, two } = scene();
    await one.create(identity, imageOf("first"));
    const leadership = await lead(one, "1");
    assert.deepEqual(await two.leader(), { epoch: 1, ...whoOf("1") });
    assert.equal(await leadership.append(recordOf(1, 1)), "acknowledged");
    assert.equal(await leadership.append(recordOf(1, 2)), "acknowledged");
    assert.ok(leadership.logSize() > 0);
    const loaded = await two.load();
    assert.deepEqual(loaded.records, [recordOf(1, 1), recordOf(1, 2)]);
    assert.deepEqual(loaded.snapshot, imageOf("first", 1));
    await leadership.snapshot(imageOf("first\nupdate 1 of 1\nupdate 2 of 1", 1, 2));
    assert.equal(leadership.logSize(), 0);
    assert.equal(await leadership.append(recordOf(1, 3)), "acknowledged");
    assert.deepEqual(await two.load(), {
      identity,
      snapshot: imageOf("first\nupdate 1 of 1\nupdate 2 of 1", 1, 2),
      records: [recordOf(1, 3)],
    });
    await leadership.resign();
    const next = await lead(two, "2");
    assert.equal(next.epoch, 2);
    assert.equal(await next.append(recordOf(2, 4)), "acknowledged");
    assert.deepEqual(stateOf(await one.load()), [
      "first",
      "update 1 of 1",
      "update 2 of 1",
      "update 3 of 1",
      "update 4 of 2",
    ]);
  });

  test("concurrent appends keep the order of the calls", async () => {
    const { one, two } = scene();
    await one.create(identity, imageOf("first"));
    const leadership = await lead(one, "1");
    const numbers = Array.from({ length: 50 }, (_, i) => i + 1);
    const outcomes = await Promise.all(numbers.map((number) => leadership.append(recordOf(1, number))));
    assert.deepEqual(new Set(outcomes), new Set(["acknowledged"]));
    assert.deepEqual(
      (await two.load()).records,
      numbers.map((number) => recordOf(1, number)),
    );
  });

  test("a snapshot waits for the appends before it and comes before those after it", async () => {
    const { one, two } = scene();
    await one.create(identity, imageOf("first"));
    const leadership = await lead(one, "1");
    const all = await Promise.all([
      leadership.append(recordOf(1, 1)),
      leadership.append(recordOf(1, 2)),
      leadership.snapshot(imageOf("first and two", 1, 2)),
      leadership.append(recordOf(1, 3)),
    ]);
    assert.deepEqual(all, ["acknowledged", "acknowledged", undefined, "acknowledged"]);
    const loaded = await two.load();
    assert.deepEqual(loaded.snapshot, imageOf("first and two", 1, 2));
    assert.deepEqual(loaded.records, [recordOf(1, 3)]);
  });
}

function testMisuse(scene: Scene): void {
  test("a record with a gap or another epoch, or a snapshot of another tag, is refused and ends the leadership", async () => {
    const { one } = scene();
    await one.create(identity, imageOf("first"));
    const wrong = [
      (of: Leadership) => of.append(recordOf(of.epoch, 2)),
      (of: Leadership) => of.append(recordOf(of.epoch + 1, 1)),
      (of: Leadership) => of.append(recordOf(of.epoch, 1, 2)),
      (of: Leadership) => of.snapshot(imageOf("x", of.epoch, 1)),
      (of: Leadership) => of.takeOver(rebuildFor(of.epoch)),
    ];
    for (const [index, call] of wrong.entries()) {
      const leadership = await lead(one, String(index + 1));
      await assert.rejects(call(leadership));
      await assert.rejects(leadership.append(recordOf(leadership.epoch, 1)));
      await leadership.resign();
    }
    assert.deepEqual(stateOf(await one.load()), ["first"]);
  });

  test("appending before taking over is refused", async () => {
    const { one } = scene();
    await one.create(identity, imageOf("first"));
    const leadership = await one.claim(0, whoOf("1"));
    await assert.rejects(leadership?.append(recordOf(1, 1)) ?? Promise.resolve());
  });
}
