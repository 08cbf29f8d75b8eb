/**
 * What every quorum does, whatever it is made of (docs/safety.md §1). A test file of an implementation calls
 * `testQuorum` with a way to make a fresh, empty quorum.
 */
import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, test } from "node:test";
import { Failure } from "../../src/base/errors.ts";
import type { VersionBytes } from "../../src/quorum/rules.ts";
import type {
  ClaimWho,
  ClusterIdentity,
  Leadership,
  Loaded,
  LogRecord,
  Quorum,
  SnapshotImage,
} from "../../src/quorum/quorum.ts";
import { formatTag } from "../../src/quorum/tag.ts";

/** A quorum under test. */
export interface QuorumPlace {
  /** Another node's handle of the same quorum. */
  open(): Promise<Quorum>;
  /** Builds the next generation beside and puts it in force, as a restore does. */
  replace(identity: ClusterIdentity, image: SnapshotImage, versions: readonly VersionBytes[]): Promise<void>;
  /** Makes the holder with this incarnation die. */
  kill(incarnation: string, leadership: Leadership): Promise<void>;
  remove(): Promise<void>;
}

const instance = "11111111-1111-4111-8111-111111111111";
export const identity: ClusterIdentity = {
  name: "TOWER",
  instance,
  generation: 1,
  lineage: "22222222-2222-4222-8222-222222222222",
};
const restored: ClusterIdentity = { ...identity, generation: 2, lineage: "33333333-3333-4333-8333-333333333333" };
const resource = "44444444-4444-4444-8444-444444444444";

const encode = (text: string): Uint8Array => new TextEncoder().encode(text);
const decode = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

export function imageOf(text: string, epoch = 0, sequence = 0, generation = 1): SnapshotImage {
  return { tag: { generation, epoch, sequence }, hive: encode(text) };
}

export function whoOf(node: string): ClaimWho {
  return { node, incarnation: `incarnation-${node}`, endpoint: `/run/${node}`, hostEndpoint: `/run/${node}-host` };
}

export function recordOf(epoch: number, sequence: number, generation = 1): LogRecord {
  return {
    tag: { generation, epoch, sequence },
    time: 1000.5 + sequence,
    body: encode(`update ${sequence} of ${epoch}`),
  };
}

/** What a database would do: the image's text, then every record's, joined; its tag carries the new epoch. */
export function rebuildFor(epoch: number): (loaded: Loaded) => SnapshotImage {
  return (loaded) => {
    const newest = loaded.records.at(-1)?.tag ?? loaded.snapshot.tag;
    return { tag: { ...newest, epoch }, hive: encode(stateOf(loaded).join("\n")) };
  };
}

/** Lines that a loaded state stands for: the image's lines and the records' bodies. */
export function stateOf(loaded: Loaded): string[] {
  return [...decode(loaded.snapshot.hive).split("\n"), ...loaded.records.map((record) => decode(record.body))];
}

/** Claims the next epoch and takes over. */
export async function lead(quorum: Quorum, node: string): Promise<Leadership> {
  const after = (await quorum.leader())?.epoch ?? 0;
  const leadership = await quorum.claim(after, whoOf(node));
  assert.ok(leadership !== undefined, `node ${node} could not claim epoch ${after + 1}`);
  try {
    await leadership.takeOver(rebuildFor(leadership.epoch));
  } catch (error) {
    await leadership.resign();
    throw error;
  }
  return leadership;
}

function failure(name: string): (error: unknown) => boolean {
  return (error) => error instanceof Failure && error.name === name;
}

export function testQuorum(name: string, make: () => Promise<QuorumPlace>): void {
  describe(`${name} keeps the rules of a quorum`, () => {
    let place: QuorumPlace;
    let one: Quorum;
    let two: Quorum;
    const claimed = new Set<Leadership>();
    const open = async (made: QuorumPlace): Promise<Quorum> => {
      const quorum = await made.open();
      const claim = quorum.claim.bind(quorum);
      quorum.claim = async (after, who) => {
        const leadership = await claim(after, who);
        if (leadership !== undefined) claimed.add(leadership);
        return leadership;
      };
      return quorum;
    };
    beforeEach(async () => {
      const made = await make();
      place = { ...made, open: () => open(made) };
      one = await place.open();
      two = await place.open();
    });
    afterEach(async () => {
      for (const leadership of claimed) await leadership.resign();
      claimed.clear();
      await place.remove();
    });

    describe("life", () => testLife(() => ({ place, one, two })));
    describe("old leaders", () => testOldLeaders(() => ({ place, one, two })));
    describe("generations", () => testGenerations(() => ({ place, one, two })));
    describe("files", () => testFiles(() => ({ place, one, two })));
  });
}

type Scene = () => { place: QuorumPlace; one: Quorum; two: Quorum };

function testLife(scene: Scene): void {
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

function testOldLeaders(scene: Scene): void {
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
}

function testGenerations(scene: Scene): void {
  test("a restore replaces everything, and the old leader is over", async () => {
    const { place, one, two } = scene();
    await one.create(identity, imageOf("first"));
    const host = await place.open();
    const old = await lead(one, "1");
    assert.equal(await old.append(recordOf(1, 1)), "acknowledged");
    assert.equal(await host.confirm(1), true);
    await one.proofs.write({ node: "1", incarnation: "abc" });
    const name = `{${resource}}/00000003.CPT`;
    await place.replace(restored, imageOf("restored", 0, 40, 2), [{ name, bytes: encode("version 3") }]);

    assert.equal(await old.append(recordOf(1, 2)), "unknown");
    assert.equal(await host.confirm(1), false);
    assert.deepEqual(await two.identity(), restored);
    assert.deepEqual(stateOf(await two.load()), ["restored"]);
    assert.equal(await two.leader(), undefined);
    assert.deepEqual(await two.proofs.list(), []);
    assert.deepEqual(await two.versions.list(resource), [{ resource, number: 3, kind: "CPT" }]);
    assert.equal(decode(await two.versions.read({ resource, number: 3, kind: "CPT" })), "version 3");

    const young = await lead(two, "2");
    assert.equal(young.epoch, 1);
    assert.equal(await young.append(recordOf(1, 41, 2)), "acknowledged");
    assert.equal(await two.confirm(1), true);
    assert.equal(await host.confirm(1), false, "the old leader's host confirmed an epoch of the new generation");
    assert.deepEqual(stateOf(await one.load()), ["restored", "update 41 of 1"]);
  });

  test("a leader that slept over a restore opens no log in the new generation", async () => {
    const { place, one, two } = scene();
    await one.create(identity, imageOf("first"));
    const sleeper = await one.claim(0, whoOf("1"));
    await place.replace(restored, imageOf("restored", 0, 0, 2), []);
    await assert.rejects(sleeper?.takeOver(rebuildFor(1)) ?? Promise.resolve(), failure("CLUSTER_GUM_NOT_LOCKER"));
    assert.deepEqual(stateOf(await two.load()), ["restored"]);
    assert.equal(formatTag((await two.load()).snapshot.tag), "2:0:0");
  });
}

function testFiles(scene: Scene): void {
  test("proofs are listed until the leader deletes them", async () => {
    const { one, two } = scene();
    await one.create(identity, imageOf("first"));
    const leadership = await lead(one, "1");
    const proofs = [
      { node: "1", incarnation: "0f0f-a" },
      { node: "2", incarnation: "0f0f-b" },
    ];
    for (const proof of [...proofs, ...proofs]) await two.proofs.write(proof);
    assert.deepEqual(await one.proofs.list(), proofs);
    await leadership.deleteProof({ node: "1", incarnation: "0f0f-a" });
    await leadership.deleteProof({ node: "1", incarnation: "0f0f-a" });
    assert.deepEqual(await two.proofs.list(), [{ node: "2", incarnation: "0f0f-b" }]);
    await assert.rejects(two.proofs.write({ node: "../1", incarnation: "x" }), failure("INVALID_PARAMETER"));
  });

  test("versions get numbers that nobody had", async () => {
    const { one, two } = scene();
    await one.create(identity, imageOf("first"));
    assert.deepEqual(await one.versions.list(resource), []);
    assert.deepEqual(await one.versions.resources(), []);
    const first = await one.versions.put(resource, "CPT", 1, encode("a"));
    assert.deepEqual(first, { resource, number: 1, kind: "CPT" });
    assert.equal((await two.versions.put(resource, "CPR", 1, encode("b"))).number, 2);
    assert.equal((await one.versions.put(resource, "CPT", 30, encode("c"))).number, 30);
    assert.deepEqual(await two.versions.list(resource), [
      first,
      { resource, number: 2, kind: "CPR" },
      { resource, number: 30, kind: "CPT" },
    ]);
    assert.equal(decode(await two.versions.read({ resource, number: 30, kind: "CPT" })), "c");
    const many = await Promise.all(
      Array.from({ length: 12 }, (_, i) =>
        (i % 2 === 0 ? one : two).versions.put(resource, i % 3 === 0 ? "CPR" : "CPT", 1, encode(`many ${i}`)),
      ),
    );
    assert.equal(new Set(many.map((version) => version.number)).size, 12);
    for (const [i, version] of many.entries()) assert.equal(decode(await one.versions.read(version)), `many ${i}`);
  });

  test("the leader deletes a version; others find it gone; an old leader deletes nothing", async () => {
    const { one, two } = scene();
    await one.create(identity, imageOf("first"));
    const leadership = await lead(one, "1");
    const first = await two.versions.put(resource, "CPT", 1, encode("a"));
    const second = await two.versions.put(resource, "CPT", 2, encode("b"));
    await leadership.deleteVersion(first);
    await leadership.deleteVersion(first);
    await assert.rejects(two.versions.read(first), failure("FILE_NOT_FOUND"));
    assert.deepEqual(await two.versions.list(resource), [second]);
    await lead(two, "2");
    await assert.rejects(leadership.deleteVersion(second), failure("CLUSTER_GUM_NOT_LOCKER"));
    assert.equal(decode(await one.versions.read(second)), "b");
  });

  test("a resource without versions is not listed, and may get new ones", async () => {
    const { one, two } = scene();
    await one.create(identity, imageOf("first"));
    const leadership = await lead(one, "1");
    const version = await two.versions.put(resource, "CPR", 5, encode("a"));
    assert.deepEqual(await two.versions.resources(), [resource]);
    await leadership.deleteVersion(version);
    assert.deepEqual(await two.versions.resources(), []);
    assert.equal((await two.versions.put(resource, "CPT", 6, encode("b"))).number, 6);
    await assert.rejects(two.versions.put("../x", "CPT", 1, encode("")), failure("INVALID_PARAMETER"));
  });
}
