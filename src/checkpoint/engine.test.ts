import assert from "node:assert/strict";
import { test } from "node:test";
import { group, otherGroup, otherResource, resource, Scene } from "../../test/checkpoint/scene.ts";
import { findKey, wallTime } from "../tree/key.ts";
import { dword, sz } from "../tree/value.ts";
import { sha256 } from "../base/digest.ts";

const path = "SOFTWARE\\Shop";
const encode = (text: string): Uint8Array => new TextEncoder().encode(text);

async function online(): Promise<{
  scene: Scene;
  one: ReturnType<Scene["node"]>;
  life: ReturnType<ReturnType<Scene["node"]>["life"]>;
}> {
  const scene = await Scene.open();
  scene.place(1);
  const one = scene.node(1);
  const life = one.life();
  await one.set(path, "first");
  await life.checkpoints.add(resource, "registry", path);
  life.checkpoints.begin(resource, scene.generation());
  await life.checkpoints.settled();
  return { scene, one, life };
}

/** Until something holds; for what goes on in the background. */
async function until(scene: Scene, holds: () => boolean): Promise<void> {
  for (let turn = 0; turn < 1000; turn++) {
    if (holds()) return;
    await scene.time.timers.sleep(10);
  }
  throw new Error("it never came true");
}

test("a change while online is a version when settled, and is there after a move", async () => {
  const { scene, one, life } = await online();
  await one.set(path, "second");
  await life.checkpoints.settled();
  assert.deepEqual(
    life.checkpoints.list(resource).map(({ number }) => number),
    [2],
  );
  assert.equal(life.checkpoints.pending().length, 0);
  scene.place(2);
  const two = scene.node(2);
  const there = two.life();
  const report = await there.checkpoints.restoreBeforeOnline(resource);
  assert.equal(two.get(path), "second");
  assert.equal(report.placed.length, 1);
  const time = findKey(two.registry.root(), path)?.lastWritten;
  assert.equal(
    wallTime(time ?? 0n),
    wallTime(findKey(one.registry.root(), path)?.lastWritten ?? 1n),
    "last-write times are kept",
  );
  assert.equal((await there.checkpoints.restoreBeforeOnline(resource)).equal.length, 1, "nothing is written twice");
});

test("nothing is committed when the content is the same again", async () => {
  const { one, life } = await online();
  await one.set(path, "other");
  await one.set(path, "first");
  await life.checkpoints.settled();
  assert.deepEqual(
    life.checkpoints.list(resource).map(({ number }) => number),
    [1],
  );
});

test("many changes are few versions, the first at once and the last one included", async () => {
  const { scene, one, life } = await online();
  const before = life.checkpoints.list(resource)[0]?.number ?? 0;
  for (let i = 0; i < 40; i++) {
    await one.set(path, `n${i}`);
    await scene.time.timers.sleep(10);
  }
  await life.checkpoints.settled();
  const made = (life.checkpoints.list(resource)[0]?.number ?? 0) - before;
  assert.ok(made >= 2 && made <= 5, `${made} versions in 400 ms`);
  assert.equal(life.checkpoints.history(resource, "registry", path).length, Math.min(5, made + 1));
});

test("the newest five versions are kept, older ones are marked deleted, numbers go on", async () => {
  const { scene, one, life } = await online();
  for (let i = 0; i < 7; i++) {
    await one.set(path, `n${i}`);
    await life.checkpoints.settled();
  }
  const numbers = life.checkpoints.history(resource, "registry", path).map(({ number }) => number);
  assert.deepEqual(numbers, [4, 5, 6, 7, 8]);
  const key = findKey(scene.tree, `Resources\\${resource}\\Checkpoints`);
  assert.ok(key !== undefined);
  await life.checkpoints.revert(resource, path, 5);
  assert.equal(one.get(path), "n3");
  assert.deepEqual(
    life.checkpoints.list(resource).map(({ number }) => number),
    [9],
  );
  await life.checkpoints.settled();
  assert.deepEqual(
    life.checkpoints.list(resource).map(({ number }) => number),
    [9],
    "what was reverted is no change",
  );
  await assert.rejects(life.checkpoints.revert(resource, path, 1), { name: "FILE_NOT_FOUND" });
});

test("an offline revert takes effect at the next online", async () => {
  const { one, life } = await online();
  await one.set(path, "bad");
  await life.checkpoints.captureNow(resource);
  life.checkpoints.end(resource);
  await life.checkpoints.revert(resource, path, 1);
  assert.equal(one.get(path), "bad");
  const report = await life.checkpoints.restoreBeforeOnline(resource);
  assert.equal(one.get(path), "first");
  assert.equal(report.losers.length, 0, "a version is no loser");
});

test("an offline change is overwritten and kept", async () => {
  const { one, life } = await online();
  await life.checkpoints.captureNow(resource);
  life.checkpoints.end(resource);
  await one.set(path, "by hand");
  assert.deepEqual(
    (await life.checkpoints.audit(resource)).map(({ result }) => result),
    ["drift"],
  );
  assert.deepEqual(await life.checkpoints.captureNow(resource), { captured: [], failed: [] });
  const report = await life.checkpoints.restoreBeforeOnline(resource);
  assert.equal(one.get(path), "first");
  const [loser] = report.losers;
  assert.ok(loser?.file !== undefined);
  assert.ok((await one.outside.files.read(loser.file)).length > 4096);
  await one.set(path, "by hand");
  assert.deepEqual(
    (await life.checkpoints.restoreBeforeOnline(resource)).losers,
    report.losers,
    "the same content is kept once",
  );
});

test("what changed just before the end is still captured", async () => {
  const { one, life } = await online();
  await one.set(path, "last words");
  life.checkpoints.end(resource);
  await one.set(path, "too late");
  await life.checkpoints.restoreBeforeOnline(resource);
  assert.equal(one.get(path), "last words");
});

test("a lost or damaged file stops everything before anything changes", async () => {
  const { scene, one, life } = await online();
  scene.edit({ kind: "set-value", path: `Resources\\${resource}`, value: dword("CheckpointFailureAction", 0) });
  const second = "SOFTWARE\\Zoo";
  await one.set(second, "zebra");
  await life.checkpoints.add(resource, "registry", second);
  life.checkpoints.end(resource);
  const [first, other] = life.checkpoints.list(resource);
  assert.ok(first !== undefined && other !== undefined);
  await one.set(path, "x");
  await one.set(second, "y");
  const files = scene.store.current?.versions.get(resource);
  const bytes = files?.get("00000002.CPT");
  assert.ok(files !== undefined && bytes !== undefined);
  const torn = bytes.slice();
  torn[5000] = (torn[5000] ?? 0) ^ 1;
  for (const [name, result, what] of [
    ["INVALID_DATA", "stale", torn],
    ["FILE_NOT_FOUND", "lost", undefined],
  ] as const) {
    if (what === undefined) files.delete("00000002.CPT");
    else files.set("00000002.CPT", what);
    await assert.rejects(life.checkpoints.restoreBeforeOnline(resource), (error: Error) => {
      assert.equal(error.name, name);
      assert.match(error.message, /Version 2 of HKLM\\SOFTWARE\\Zoo of resource "Shop"/);
      return true;
    });
    assert.equal(one.get(path), "x");
    assert.equal(one.get(second), "y");
    assert.deepEqual(
      (await life.checkpoints.audit(resource)).map((line) => line.result),
      ["drift", result],
    );
  }
  assert.deepEqual(
    (await life.checkpoints.recreate(resource, { path: second })).map(({ path: at, result }) => [at, result]),
    [[second, "re-created"]],
  );
  await life.checkpoints.restoreBeforeOnline(resource);
  assert.equal(one.get(second), "y");
});

test("of two hives and a key all are put in place or none", async () => {
  const { one, life } = await online();
  const container = "1\\\\Key";
  one.keys.set(container, encode("key 1"));
  await one.set("SYSTEM\\Shop", "s1");
  await life.checkpoints.add(resource, "registry", "SYSTEM\\Shop");
  await life.checkpoints.add(resource, "crypto", container);
  life.checkpoints.end(resource);
  one.keys.set(container, encode("key 2"));
  await one.set("SYSTEM\\Shop", "s2");
  await one.set(path, "p2");
  one.keys.failImport = true;
  await assert.rejects(life.checkpoints.restoreBeforeOnline(resource), /could not be put in place: The disk is full/);
  assert.deepEqual([one.get(path), one.get("SYSTEM\\Shop")], ["p2", "s2"]);
  one.keys.failImport = false;
  const report = await life.checkpoints.restoreBeforeOnline(resource);
  assert.equal(report.losers.length, 3);
  assert.deepEqual([one.get(path), one.get("SYSTEM\\Shop")], ["first", "s1"]);
  assert.deepEqual(one.keys.bytes.get(container), encode("key 1"));
});

test("of overlapping checkpoints the newer content wins where they meet", async () => {
  const { one, life } = await online();
  const inner = `${path}\\Inner`;
  await one.set(inner, "i1");
  await life.checkpoints.settled();
  await life.checkpoints.add(resource, "registry", inner);
  await one.set(path, "p2");
  await one.set(inner, "i2");
  await life.checkpoints.captureNow(resource);
  life.checkpoints.end(resource);
  await one.set(path, "x");
  await one.set(inner, "y");
  await life.checkpoints.restoreBeforeOnline(resource);
  assert.deepEqual([one.get(path), one.get(inner)], ["p2", "i2"]);
  assert.equal((await life.checkpoints.restoreBeforeOnline(resource)).placed.length, 0);
});

test("a key that is deleted while online keeps its last version, and is reported", async () => {
  const { one, life } = await online();
  await one.registry.transact([{ kind: "delete-key", path }]);
  await assert.rejects(life.checkpoints.settled(), /HKLM\\SOFTWARE\\Shop could not be captured/);
  assert.equal(life.checkpoints.pending().length, 1);
  assert.equal(life.checkpoints.list(resource)[0]?.number, 1);
  await one.set(path, "again");
  await life.checkpoints.settled();
  assert.deepEqual([life.checkpoints.pending().length, life.checkpoints.list(resource)[0]?.number], [0, 2]);
});

test("a quorum that fails is tried again, and until then it is pending with the reason", async () => {
  const { scene, one, life } = await online();
  let failures = 0;
  scene.store.fault = (call) => (call === "versions.put" && failures++ < 3 ? new Error("no space") : undefined);
  await one.set(path, "second");
  await assert.rejects(life.checkpoints.settled(), /no checkpoint version yet: no space/);
  assert.match(life.checkpoints.pending()[0]?.why ?? "", /no space/);
  await until(scene, () => life.checkpoints.pending().length === 0);
  assert.equal(life.checkpoints.list(resource)[0]?.number, 2);
});

test("contents above 1 MiB are not waited for", async () => {
  const { scene, one, life } = await online();
  await one.registry.transact([
    { kind: "set-value", path, value: { name: "big", type: 3, data: new Uint8Array(1_200_000) } },
  ]);
  await life.checkpoints.settled();
  await until(scene, () => life.checkpoints.pending().length === 0);
  scene.store.fault = (call) => (call === "versions.put" ? new Error("slow") : undefined);
  await one.set(path, "second");
  await life.checkpoints.settled();
  assert.equal(life.checkpoints.pending().length, 1);
  life.checkpoints.close();
});

test("another owner: the version is not named, and this node stops watching", async () => {
  const { scene, one, life } = await online();
  await one.set(path, "second");
  const settled = life.checkpoints.settled();
  scene.place(2);
  await assert.rejects(settled, { name: "HOST_NODE_NOT_RESOURCE_OWNER" });
  assert.deepEqual(
    life.checkpoints.list(resource).map(({ number }) => number),
    [1],
  );
  assert.equal(life.checkpoints.pending().length, 0);
  scene.place(1);
  await one.set(path, "third");
  await life.checkpoints.settled();
  assert.equal(life.checkpoints.list(resource)[0]?.number, 1);
  await assert.rejects(scene.node(2).life().checkpoints.add(resource, "registry", "SOFTWARE\\B"), {
    name: "HOST_NODE_NOT_RESOURCE_OWNER",
  });
});

test("a change under a resource that still runs here but is not held any more is not answered as stored", async () => {
  const { scene, one, life } = await online();
  const changed = { kind: "registry", path } as const;
  await life.checkpoints.settled(changed, [resource]);
  scene.place(1);
  await one.set(path, "second");
  await assert.rejects(life.checkpoints.settled(changed, [resource]), { name: "HOST_NODE_NOT_RESOURCE_OWNER" });
  await one.set(path, "third");
  const refused = { name: "HOST_NODE_NOT_RESOURCE_OWNER", message: /still runs here/ };
  await assert.rejects(life.checkpoints.settled(changed, [resource]), refused);
  await assert.rejects(life.checkpoints.settled(undefined, [resource]), refused);
  await life.checkpoints.settled({ kind: "registry", path: "SOFTWARE\\Other" }, [resource]);
  await life.checkpoints.settled(changed, []);
});

test("an unknown outcome is settled by looking again, whichever it was", async () => {
  for (const ordered of [true, false]) {
    const { scene, one, life } = await online();
    scene.nextAnswer = { ordered, answer: { outcome: "unknown" } };
    await one.set(path, "second");
    await assert.rejects(life.checkpoints.settled(), { name: "OUTCOME_UNKNOWN" });
    await until(scene, () => life.checkpoints.pending().length === 0);
    const [current] = life.checkpoints.list(resource);
    assert.ok(current !== undefined);
    assert.equal(current.number, ordered ? 2 : 3, "a number is never used twice");
    assert.equal(
      sha256(await scene.versions.read({ resource, number: current.number, kind: "CPT" })),
      current.fileDigest,
    );
  }
});

test("adding and removing", async () => {
  const { scene, one, life } = await online();
  const { checkpoints } = life;
  const add = (what: string): Promise<unknown> => checkpoints.add(resource, "registry", what);
  for (const bad of ["", "\\SOFTWARE\\A", "SOFTWARE\\", "SOFTWARE\\\\A", "Cluster\\Groups", "HKLM\\SOFTWARE"]) {
    await assert.rejects(add(bad), { name: "INVALID_PARAMETER" }, bad);
  }
  await assert.rejects(add("software\\SHOP"), { name: "ALREADY_EXISTS" });
  await assert.rejects(add("SOFTWARE\\None"), {
    name: "FILE_NOT_FOUND",
    unchanged: "No checkpoint was added.",
    happened: /^There is no registry key HKLM\\SOFTWARE\\None on node \S+, which owns resource "Shop"\.$/,
  });
  await assert.rejects(checkpoints.add(resource, "crypto", "1\\\\None"), { name: "NTE_BAD_KEYSET" });
  one.keys.set("1\\\\Hidden", encode("x"));
  one.keys.hidden.add("1\\\\Hidden");
  await assert.rejects(checkpoints.add(resource, "crypto", "1\\\\Hidden"), { name: "NTE_BAD_KEY" });
  await assert.rejects(checkpoints.add(resource, "crypto", "MyKey"), { name: "INVALID_PARAMETER" });
  await assert.rejects(checkpoints.remove(resource, "registry", "SOFTWARE\\None"), { name: "FILE_NOT_FOUND" });
  scene.place(1, otherGroup);
  await assert.rejects(checkpoints.add(otherResource, "registry", path), /already a checkpoint of resource "Shop"/);
  await one.set(`${path}\\Inner`, "i");
  await assert.rejects(checkpoints.add(otherResource, "registry", `${path}\\Inner`), { name: "ALREADY_EXISTS" });
  await checkpoints.add(otherResource, "registry", path, { force: true });
  await checkpoints.remove(resource, "registry", path);
  assert.notEqual(one.get(path), undefined);
  assert.deepEqual(checkpoints.list(resource), []);
  scene.edit({ kind: "set-value", path: `Runtime\\Groups\\${group}`, value: sz("Owner", "2") });
  await assert.rejects(checkpoints.remove(resource, "registry", path), { name: "HOST_NODE_NOT_RESOURCE_OWNER" });
});

test("an audit on another node says what it could not check", async () => {
  const { scene } = await online();
  const [line] = await scene.node(2).life().checkpoints.audit(resource);
  assert.equal(line?.result, "not checked");
  assert.match(line?.sentence ?? "", /is whole; the live settings were not compared with it: node 1 owns the resource/);
});
