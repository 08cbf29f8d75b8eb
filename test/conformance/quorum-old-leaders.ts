/** Leaders that were overtaken, slept or died (docs/safety.md §1.1-1.3). */
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  decode,
  failure,
  identity,
  imageOf,
  lead,
  rebuildFor,
  recordOf,
  restored,
  stateOf,
  whoOf,
} from "./quorum-scene.ts";
import type { Scene } from "./quorum-scene.ts";

export function testOldLeaders(scene: Scene): void {
  testOvertaken(scene);
  testUnanswered(scene);
  testLiveness(scene);
}

function testOvertaken(scene: Scene): void {
  test("of many claimants one gets the epoch", async () => {
    const { place, one } = scene();
    await one.create(identity, imageOf("first"));
    for (let after = 0; after < 3; after++) {
      const nodes = await Promise.all(["1", "2", "3", "4"].map(async (node) => ({ node, quorum: await place.open() })));
      const claims = await Promise.all(
        nodes.map(async ({ node, quorum }) => ({ node, leadership: await quorum.claim(after, whoOf(node)) })),
      );
      const winners = claims.filter(({ leadership }) => leadership !== undefined);
      assert.equal(winners.length, 1);
      assert.deepEqual(await one.leader(), { epoch: after + 1, ...whoOf(winners[0]?.node ?? "") });
    }
    assert.equal(await one.claim(1, whoOf("9")), undefined);
    assert.equal(await one.claim(7, whoOf("9")), undefined);
  });

  test("an old leader's update is unknown, and nobody sees it once the new leader has taken over", async () => {
    const { one, two } = scene();
    await one.create(identity, imageOf("first"));
    const old = await lead(one, "1");
    assert.equal(await old.append(recordOf(1, 1)), "acknowledged");
    const young = await lead(two, "2");
    assert.equal(await old.append(recordOf(1, 2)), "unknown");
    await assert.rejects(old.append(recordOf(1, 3)), failure("CLUSTER_GUM_NOT_LOCKER"));
    await assert.rejects(old.snapshot(imageOf("old", 1, 2)));
    assert.equal(await young.append(recordOf(2, 2)), "acknowledged");
    assert.deepEqual(stateOf(await one.load()), ["first", "update 1 of 1", "update 2 of 2"]);
    await young.resign();
    await lead(one, "3");
    assert.deepEqual(stateOf(await two.load()), ["first", "update 1 of 1", "update 2 of 2"]);
  });

  test("an old leader's snapshot is rejected and nobody sees it", async () => {
    const { one, two } = scene();
    await one.create(identity, imageOf("first"));
    const old = await lead(one, "1");
    const young = await lead(two, "2");
    assert.equal(await young.append(recordOf(2, 1)), "acknowledged");
    await assert.rejects(old.snapshot(imageOf("wrong", 1, 0)), failure("CLUSTER_GUM_NOT_LOCKER"));
    assert.deepEqual(stateOf(await two.load()), ["first", "update 1 of 2"]);
    const third = await lead(one, "3");
    assert.equal(third.epoch, 3);
    assert.deepEqual(stateOf(await two.load()), ["first", "update 1 of 2"]);
  });

  test("a leader that slept between its claim and its log replaces nothing", async () => {
    const { one, two } = scene();
    await one.create(identity, imageOf("first"));
    const sleeper = await one.claim(0, whoOf("1"));
    assert.ok(sleeper !== undefined);
    const young = await lead(two, "2");
    assert.equal(await young.append(recordOf(2, 1)), "acknowledged");
    await assert.rejects(sleeper.takeOver(rebuildFor(1)), failure("CLUSTER_GUM_NOT_LOCKER"));
    assert.deepEqual(stateOf(await one.load()), ["first", "update 1 of 2"]);
    assert.equal(await young.append(recordOf(2, 2)), "acknowledged");
    const third = await lead(one, "3");
    assert.equal(await third.append(recordOf(3, 3)), "acknowledged");
    assert.deepEqual(stateOf(await two.load()), ["first", "update 1 of 2", "update 2 of 2", "update 3 of 3"]);
  });
}

function testUnanswered(scene: Scene): void {
  test("a leader that is overtaken while it rebuilds loses nothing of the leader before", async () => {
    const { one, two } = scene();
    await one.create(identity, imageOf("first"));
    const first = await lead(one, "1");
    assert.equal(await first.append(recordOf(1, 1)), "acknowledged");
    const second = await one.claim(1, whoOf("2"));
    const third = await two.claim(2, whoOf("3"));
    assert.ok(second !== undefined && third !== undefined);
    const both = await Promise.allSettled([second.takeOver(rebuildFor(2)), third.takeOver(rebuildFor(3))]);
    assert.deepEqual(
      both.map(({ status }) => status),
      ["rejected", "fulfilled"],
    );
    assert.equal(await third.append(recordOf(3, 2)), "acknowledged");
    assert.deepEqual(stateOf(await one.load()), ["first", "update 1 of 1", "update 2 of 3"]);
  });

  test("what an old leader wrote without an answer may be kept, but then for good", async () => {
    const { one, two } = scene();
    await one.create(identity, imageOf("first"));
    const old = await lead(one, "1");
    const young = await two.claim(1, whoOf("2"));
    assert.equal(await old.append(recordOf(1, 1)), "unknown");
    const loaded = await young?.takeOver(rebuildFor(2));
    const kept = loaded?.records.length === 1;
    const expected = kept ? ["first", "update 1 of 1"] : ["first"];
    assert.deepEqual(stateOf(await one.load()), expected);
    await lead(one, "3");
    assert.deepEqual(stateOf(await two.load()), expected);
  });

  test("takeover and appends of an old leader at the same time: acknowledged is kept, order is one", async () => {
    const { place, one } = scene();
    await one.create(identity, imageOf("first"));
    let leadership = await lead(one, "1");
    const acknowledged: string[] = [];
    let sequence = 0;
    for (let epoch = 2; epoch < 8; epoch++) {
      const next = await place.open();
      const appends = Array.from({ length: epoch }, (_, i) => {
        const record = recordOf(epoch - 1, sequence + 1 + i);
        return leadership.append(record).then(
          (outcome) => (outcome === "acknowledged" ? acknowledged.push(decode(record.body)) : undefined),
          () => undefined,
        );
      });
      const [young] = await Promise.all([lead(next, String(epoch)), ...appends]);
      leadership = young;
      const state = await next.load();
      sequence = (state.records.at(-1) ?? state.snapshot).tag.sequence;
      const lines = stateOf(state);
      assert.deepEqual(lines, [...new Set(lines)]);
      for (const line of acknowledged) assert.ok(lines.includes(line), `${line} was acknowledged and is lost`);
    }
  });
}

function testLiveness(scene: Scene): void {
  test("only the highest epoch is confirmed, and the counter moves", async () => {
    const { place, one, two } = scene();
    await one.create(identity, imageOf("first"));
    assert.equal(await two.counter(1), 0);
    assert.equal(await two.confirm(1), false);
    await lead(one, "1");
    const host = await place.open();
    const before = await two.counter(1);
    assert.equal(await host.confirm(1), true);
    assert.equal(await host.confirm(1), true);
    assert.equal(await two.counter(1), before + 2);
    await lead(two, "2");
    assert.equal(await host.confirm(1), false);
    assert.equal(await host.confirm(3), false);
    assert.equal(await host.confirm(2), true);
  });

  test("a holder that died or resigned is seen at once; a living one never is", async () => {
    const { place, one, two } = scene();
    await one.create(identity, imageOf("first"));
    assert.equal(await two.holderDied(1), false);
    const first = await lead(one, "1");
    assert.equal(await two.holderDied(1), false);
    await first.resign();
    assert.equal(await two.holderDied(1), true);
    const second = await lead(one, "2");
    assert.equal(await two.holderDied(2), false);
    await place.kill("incarnation-2", second);
    assert.equal(await two.holderDied(2), true);
    await lead(two, "3");
    assert.equal(await two.holderDied(3), false);
    assert.equal(await two.holderDied(4), false);
  });

  test("a look at a claim shows its counter, its holder's end, and whoever claimed after it", async () => {
    const { place, one, two } = scene();
    await one.create(identity, imageOf("first"));
    const claim = { epoch: 1, ...whoOf("1") };
    assert.equal((await two.look(claim)).leader, undefined);
    const first = await lead(one, "1");
    const host = await place.open();
    const { counter, ...rest } = await two.look(claim);
    assert.deepEqual(rest, { leader: claim, holderDied: false });
    for (let more = 1; more <= 3; more++) {
      assert.equal(await host.confirm(1), true);
      assert.equal((await two.look(claim)).counter, counter + more);
    }
    assert.equal((await two.look(claim)).counter, counter + 3, "it stands still");
    assert.equal(await host.confirm(1), true);
    assert.deepEqual(await two.look(claim, true), { leader: claim, counter: counter + 4, holderDied: false });
    await two.letGo?.();
    await host.letGo?.();
    assert.equal(await host.confirm(1), true);
    assert.equal((await two.look(claim, true)).counter, counter + 5);
    await first.resign();
    assert.equal((await two.look(claim)).holderDied, true);
    assert.equal((await one.look(claim, true)).holderDied, true);
    await lead(one, "2");
    const second = { epoch: 2, ...whoOf("2") };
    assert.deepEqual((await two.look(claim, true)).leader, second);
    assert.equal(await host.confirm(2), true);
    assert.deepEqual(await two.look(second), { leader: second, counter: await one.counter(2), holderDied: false });
    await place.replace(restored, imageOf("restored", 0, 0, 2), []);
    assert.equal((await two.look(second, true)).leader, undefined, "the counter does not move");
    assert.equal(await host.confirm(2), false);
  });
}
