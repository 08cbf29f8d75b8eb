import assert from "node:assert/strict";
import { test } from "node:test";
import { group, otherGroup, otherResource, resource, Scene } from "../../test/checkpoint/scene.ts";
import { silentLog } from "../base/log.ts";
import { readState } from "../database/state.ts";
import type { CheckpointVersions } from "../quorum/quorum.ts";
import { sz } from "../tree/value.ts";
import { RollingAudit } from "./rolling-audit.ts";

const encode = (text: string): Uint8Array => new TextEncoder().encode(text);

interface Watched {
  readonly scene: Scene;
  readonly reads: string[];
  readonly audit: RollingAudit;
}

async function watched(count = 1): Promise<Watched> {
  const scene = await Scene.open();
  scene.place(1);
  scene.place(1, otherGroup);
  const { checkpoints } = scene.node(1).life();
  for (let i = 1; i <= count; i++) {
    await scene.node(1).set(`SOFTWARE\\Shop${i}`, "one");
    await checkpoints.add(resource, "registry", `SOFTWARE\\Shop${i}`);
  }
  await scene.node(1).set("SOFTWARE\\Mail", "mail");
  await checkpoints.add(otherResource, "registry", "SOFTWARE\\Mail");
  const reads: string[] = [];
  const { versions } = scene;
  const counted: CheckpointVersions = {
    ...versions,
    put: (...args) => versions.put(...args),
    list: (id) => versions.list(id),
    resources: () => versions.resources(),
    read: (version) => {
      reads.push(`${version.resource} ${version.number}`);
      return versions.read(version);
    },
  };
  const audit = new RollingAudit({
    outside: scene.node(1).outside,
    database: scene.leaderDatabase(),
    versions: counted,
    log: silentLog,
  });
  return { scene, reads, audit };
}

const lostOf = (scene: Scene, id = resource): string[] =>
  (readState(scene.tree).resources.get(id)?.lostCheckpoints ?? []).map(({ path, how }) => `${path} ${how}`);

test("lost, torn and stale files are found in one round and forgotten when they are whole again", async () => {
  const { scene, audit } = await watched(3);
  const files = scene.store.current?.versions.get(resource);
  const foreign = scene.store.current?.versions.get(otherResource)?.get("00000001.CPT");
  const whole = files?.get("00000001.CPT");
  assert.ok(files !== undefined && foreign !== undefined && whole !== undefined);
  await audit.step();
  assert.deepEqual(lostOf(scene), []);
  files.delete("00000001.CPT");
  files.set("00000002.CPT", encode("torn"));
  files.set("00000003.CPT", foreign);
  await audit.step();
  assert.deepEqual(lostOf(scene), [], "the next round is not due");
  scene.time.now += 15_000;
  await audit.step();
  assert.deepEqual(lostOf(scene), ["SOFTWARE\\Shop1 lost", "SOFTWARE\\Shop2 damaged", "SOFTWARE\\Shop3 stale"]);
  files.set("00000001.CPT", whole);
  scene.time.now += 15_000;
  const before = scene.tag.sequence;
  await audit.step();
  assert.deepEqual(lostOf(scene), ["SOFTWARE\\Shop2 damaged", "SOFTWARE\\Shop3 stale"]);
  scene.time.now += 15_000;
  await audit.step();
  assert.equal(scene.tag.sequence, before + 1, "only changes are written down");
});

test("a step reads a bounded number of files, and a round reads each once", async () => {
  const { scene, reads, audit } = await watched(40);
  await audit.step();
  assert.equal(reads.length, 16);
  for (let i = 0; i < 5; i++) await audit.step();
  assert.equal(reads.length, 41);
  assert.equal(new Set(reads).size, 41);
  scene.edit({ kind: "delete-key", path: `Resources\\${resource}` });
  scene.time.now += 15_000;
  await audit.step();
  assert.equal(reads.length, 42);
});

test("a file is decoded once; its digest is proof afterwards, and a damaged or new one is found all the same", async () => {
  const { scene, audit } = await watched(3);
  const files = scene.store.current?.versions.get(resource);
  const whole = files?.get("00000002.CPT") ?? assert.fail();
  const round = async (): Promise<number> => {
    const before = audit.proven.decoded;
    scene.time.now += 15_000;
    await audit.step();
    return audit.proven.decoded - before;
  };
  assert.deepEqual([await round(), await round(), await round()], [4, 0, 0]);
  files?.set("00000002.CPT", whole.with(100, (whole[100] ?? 0) ^ 1));
  await round();
  assert.deepEqual(lostOf(scene), ["SOFTWARE\\Shop2 stale"]);
  files?.set("00000002.CPT", whole);
  assert.equal(await round(), 0);
  assert.deepEqual(lostOf(scene), []);
  await scene.node(1).set("SOFTWARE\\Shop2", "two");
  await scene.node(1).life().checkpoints.recreate(resource);
  assert.ok((await round()) > 0, "a new version is");
});

test("a quorum that can't be read says nothing about its files", async () => {
  const { scene, audit } = await watched();
  scene.store.fault = (call) => (call === "versions.read" ? new Error("no answer") : undefined);
  await audit.step();
  assert.deepEqual(lostOf(scene), []);
});

test("edits while offline are seen on each node until the next online, old settings are none", async () => {
  const { scene } = await watched();
  const [one, two] = [scene.node(1).life().checkpoints, scene.node(2).life().checkpoints];
  const path = "SOFTWARE\\Shop1";
  const edits = (): string[] =>
    (readState(scene.tree).resources.get(resource)?.offlineEdits ?? []).map((edit) => `${edit.node} ${edit.path}`);
  const look = async (): Promise<void> => {
    scene.time.now += 10_000;
    await one.lookForEdits();
    await two.lookForEdits();
  };
  await look();
  assert.deepEqual(edits(), []);
  await scene.node(1).set(path, "edited");
  await scene.node(2).set(path, "by hand");
  await look();
  assert.deepEqual(edits(), [`1 ${path}`, `2 ${path}`]);
  await one.restoreBeforeOnline(resource);
  one.begin(resource, scene.generation());
  await look();
  assert.deepEqual(edits(), [`2 ${path}`]);
  await scene.node(1).set(path, "newer");
  await one.captureNow(resource);
  one.end(resource);
  await one.captureNow(resource);
  scene.place(2);
  await two.restoreBeforeOnline(resource);
  await look();
  assert.deepEqual(edits(), []);
  const copies = [...(await one.sideCopies()), ...(await two.sideCopies(resource))];
  assert.deepEqual(
    copies.map(({ path: at, number, why }) => [at, number, why]),
    [
      [path, 1, "live settings that version 1 replaced"],
      [path, 2, "live settings that version 2 replaced"],
    ],
  );
  assert.deepEqual(await two.sideCopies(otherResource), []);
});

test("a nested key of another resource is refused, in the same group too", async () => {
  const { scene } = await watched();
  const { checkpoints } = scene.node(1).life();
  const inner = "SOFTWARE\\Shop1\\Inner";
  await scene.node(1).set(inner, "x");
  await assert.rejects(
    checkpoints.add(otherResource, "registry", inner),
    /overlaps HKLM\\SOFTWARE\\Shop1, a checkpoint/,
  );
  scene.edit({ kind: "set-value", path: `Groups\\${group}`, value: sz("Description", "d") });
  await checkpoints.add(otherResource, "registry", inner, { force: true });
});

test("what a node captured itself is no edit, even when no version has it any more", async () => {
  const { scene } = await watched();
  const one = scene.node(1).life().checkpoints;
  one.begin(resource, scene.generation());
  await scene.node(1).set("SOFTWARE\\Shop1", "captured here");
  await one.settled();
  // It died, and others made many versions since.
  scene.place(2);
  const two = scene.node(2).life().checkpoints;
  await two.restoreBeforeOnline(resource);
  two.begin(resource, scene.generation());
  for (let i = 0; i < 8; i++) {
    await scene.node(2).set("SOFTWARE\\Shop1", `version ${i}`);
    await two.settled();
  }
  await scene.node(1).life().checkpoints.lookForEdits();
  assert.deepEqual(readState(scene.tree).resources.get(resource)?.offlineEdits, []);
});

test("what was seen to be a version is no edit when the versions are deleted", async () => {
  const { scene } = await watched();
  const two = scene.node(2).life().checkpoints;
  // As it comes from a node that died before it could note what it captured.
  await scene.node(2).set("SOFTWARE\\Shop1", "one");
  scene.time.now += 10_000;
  await two.lookForEdits();
  await scene.node(1).set("SOFTWARE\\Shop1", "two");
  const one = scene.node(1).life().checkpoints;
  await one.withdraw(resource);
  await one.recreate(resource);
  scene.time.now += 10_000;
  await two.lookForEdits();
  assert.deepEqual(readState(scene.tree).resources.get(resource)?.offlineEdits, []);
});
