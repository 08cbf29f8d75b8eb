import assert from "node:assert/strict";
import { test } from "node:test";
import { sha256 } from "../base/digest.ts";
import { silentLog } from "../base/log.ts";
import { deleteResource } from "../database/commands/resource.ts";
import type { VersionName } from "../quorum/quorum.ts";
import { dword, sz } from "../tree/value.ts";
import { otherResource, resource, Scene } from "../../test/checkpoint/scene.ts";
import { cleanVersions, surveyVersions, type CleanReport } from "./janitor.ts";
import { readRecords } from "./records.ts";
import { verifyEvidence } from "./verify.ts";

const path = "SOFTWARE\\Shop";

async function sceneWithVersions(count: number): Promise<Scene> {
  const scene = await Scene.open();
  scene.place(1);
  const one = scene.node(1);
  const { checkpoints } = one.life();
  await one.set(path, "first");
  await checkpoints.add(resource, "registry", path);
  checkpoints.begin(resource, scene.generation());
  for (let i = 1; i < count; i++) {
    await one.set(path, `n${i}`);
    await checkpoints.settled();
  }
  checkpoints.end(resource);
  return scene;
}

function clean(scene: Scene, atEpochStart: readonly VersionName[] = []): Promise<CleanReport> {
  return cleanVersions(
    {
      outside: scene.node(1).outside,
      database: scene.leaderDatabase(),
      versions: scene.versions,
      deleteVersion: (version) => scene.leadership.deleteVersion(version),
      log: silentLog,
    },
    atEpochStart,
  );
}

async function numbers(scene: Scene, id: string = resource): Promise<number[]> {
  return (await scene.versions.list(id)).map(({ number }) => number);
}

test("files that are marked deleted go, the marks too", async () => {
  const scene = await sceneWithVersions(8);
  assert.deepEqual(await numbers(scene), [1, 2, 3, 4, 5, 6, 7, 8]);
  assert.deepEqual(
    (await clean(scene)).removed.map(({ number }) => number),
    [1, 2, 3],
  );
  assert.deepEqual(await numbers(scene), [4, 5, 6, 7, 8]);
  assert.deepEqual(readRecords(scene.tree, resource)?.deleted, []);
  assert.deepEqual((await clean(scene)).removed, []);
});

test("while a backup holds a tag nothing goes", async () => {
  const scene = await sceneWithVersions(8);
  scene.edit({ kind: "set-value", path: "Runtime\\Holds\\backup", value: sz("Tag", "1:1:3") });
  assert.deepEqual(await clean(scene, await surveyVersions(scene.versions)), { removed: [], held: true });
  assert.equal((await numbers(scene)).length, 8);
});

test("orphans of older epochs go and their numbers are never used again", async () => {
  const scene = await sceneWithVersions(2);
  const orphan = await scene.versions.put(resource, "CPT", 1, Uint8Array.of(1));
  const survey = await surveyVersions(scene.versions);
  const late = await scene.versions.put(resource, "CPT", 1, Uint8Array.of(2));
  assert.deepEqual((await clean(scene, survey)).removed, [orphan]);
  assert.deepEqual(await numbers(scene), [1, 2, late.number]);
  assert.equal(readRecords(scene.tree, resource)?.nextNumber, orphan.number + 1);
  await scene.leadership.deleteVersion(late);
  const one = scene.node(1);
  const { checkpoints } = one.life();
  await one.set(path, "more");
  await checkpoints.recreate(resource);
  assert.equal(checkpoints.list(resource)[0]?.number, orphan.number + 1);
});

test("an update that was under way for an orphan that went is refused, and its change gets another number", async () => {
  const scene = await sceneWithVersions(2);
  const one = scene.node(1);
  const { checkpoints } = one.life();
  await one.set(path, "more");
  const put = scene.versions.put.bind(scene.versions);
  // The janitor comes between the file and the update.
  scene.versions.put = async (...args) => {
    scene.versions.put = put;
    const version = await put(...args);
    assert.deepEqual((await clean(scene, await surveyVersions(scene.versions))).removed, [version]);
    return version;
  };
  assert.deepEqual(
    (await checkpoints.recreate(resource)).map((line) => [line.path, line.result]),
    [[path, "re-created"]],
  );
  const [current] = checkpoints.list(resource);
  assert.equal(current?.number, 4);
  assert.equal(sha256(await scene.versions.read({ resource, number: 4, kind: "CPT" })), current?.fileDigest);
});

test("the files of a deleted resource go", async () => {
  const scene = await sceneWithVersions(3);
  scene.edit({ kind: "set-value", path: `Runtime\\Resources\\${resource}`, value: dword("State", 3) });
  assert.equal((await scene.change(deleteResource(scene.tree, { resource }))).outcome, "applied");
  await scene.versions.put(otherResource, "CPT", 1, Uint8Array.of(1));
  assert.equal((await clean(scene)).removed.length, 3);
  assert.deepEqual([await numbers(scene), await numbers(scene, otherResource)], [[], [1]]);
  assert.deepEqual((await clean(scene)).removed, []);
});

test("files of a resource that nobody knows go when they are older than the epoch", async () => {
  const scene = await sceneWithVersions(1);
  const unknown = "99999999-9999-4999-8999-999999999999";
  const version = await scene.versions.put(unknown, "CPR", 1, Uint8Array.of(1));
  assert.deepEqual((await clean(scene)).removed, []);
  assert.deepEqual((await clean(scene, [version])).removed, [version]);
});

test("the leader refuses an update whose file is not there or is another one", async () => {
  const scene = await sceneWithVersions(1);
  const version = await scene.versions.put(resource, "CPT", 1, Uint8Array.of(1));
  const digest = sha256(Uint8Array.of(1));
  const update = { requestId: "r", conditions: [], edits: [], because: "test" };
  await verifyEvidence(scene.versions, { ...update, evidence: [{ version, digest }] });
  await assert.rejects(
    verifyEvidence(scene.versions, { ...update, evidence: [{ version, digest: sha256(Uint8Array.of(2)) }] }),
    { name: "INVALID_DATA" },
  );
  await assert.rejects(
    verifyEvidence(scene.versions, { ...update, evidence: [{ version: { ...version, number: 9 }, digest }] }),
    { name: "FILE_NOT_FOUND" },
  );
  // Also when no evidence came with it.
  const name = { kind: "set-value" as const, path: `Resources\\{${resource}}\\Checkpoints\\0000000${version.number}` };
  const edits = [
    { ...name, value: sz("Kind", "CPT") },
    { ...name, value: sz("FileDigest", "00") },
  ];
  await assert.rejects(verifyEvidence(scene.versions, { ...update, edits }), { name: "INVALID_DATA" });
});
