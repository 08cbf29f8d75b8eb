/** Generations, proofs and checkpoint versions of a quorum. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { versionKinds } from "../../src/quorum/rules.ts";
import { formatTag } from "../../src/quorum/tag.ts";
import {
  decode,
  encode,
  failure,
  identity,
  imageOf,
  lead,
  rebuildFor,
  recordOf,
  resource,
  restored,
  stateOf,
  whoOf,
} from "./quorum-scene.ts";
import type { Scene } from "./quorum-scene.ts";

export function testGenerations(scene: Scene): void {
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

export function testFiles(scene: Scene): void {
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
        (i % 2 === 0 ? one : two).versions.put(resource, versionKinds[i % 3] ?? "CPT", 1, encode(`many ${i}`)),
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
