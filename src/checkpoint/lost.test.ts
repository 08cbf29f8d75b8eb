import assert from "node:assert/strict";
import { test } from "node:test";
import { group, resource, Scene } from "../../test/checkpoint/scene.ts";
import { nodeFacts } from "../failover/leader-loop.ts";
import type { Action } from "../failover/actions.ts";
import { decide } from "../failover/decide.ts";
import { moveGroup } from "../database/commands/group.ts";
import { readState } from "../database/state.ts";
import { dword, sz } from "../tree/value.ts";
import type { Checkpoints } from "./checkpoint.ts";

const path = "SOFTWARE\\Shop";
const container = "1\\\\Key";
const encode = (text: string): Uint8Array => new TextEncoder().encode(text);

interface Cast {
  readonly scene: Scene;
  readonly one: Checkpoints;
  readonly two: Checkpoints;
  readonly files: Map<string, Uint8Array>;
}

/** Node 1 has run the resource, node 2 has old settings under the same names. */
async function cast(): Promise<Cast> {
  const scene = await Scene.open();
  const up = (id: string): void =>
    scene.edit(
      { kind: "set-value", path: `Nodes\\${id}`, value: sz("NodeName", `N${id}`) },
      { kind: "set-value", path: `Runtime\\Nodes\\${id}`, value: dword("State", 0) },
      { kind: "set-value", path: `Runtime\\Nodes\\${id}`, value: dword("Epoch", 1) },
    );
  up("1");
  up("2");
  scene.edit(
    { kind: "set-value", path: `Groups\\${group}`, value: dword("PersistentState", 1) },
    { kind: "set-value", path: `Resources\\${resource}`, value: dword("PersistentState", 0xffffffff) },
  );
  scene.place(1);
  await scene.node(1).set(path, "new");
  await scene.node(2).set(path, "old");
  scene.node(1).keys.set(container, encode("key"));
  const one = scene.node(1).life().checkpoints;
  await one.add(resource, "registry", path);
  await one.add(resource, "crypto", container);
  const files = scene.store.current?.versions.get(resource);
  assert.ok(files !== undefined);
  return { scene, one, two: scene.node(2).life().checkpoints, files };
}

function policy(scene: Scene, action: number): void {
  scene.edit({ kind: "set-value", path: `Resources\\${resource}`, value: dword("CheckpointFailureAction", action) });
}

/** What the leader decides about the group. */
function decided(scene: Scene): readonly Action[] {
  const state = readState(scene.tree);
  const all = decide({ state, nodes: nodeFacts(state, 1), now: 0, hour: 0 });
  return all.filter((action) => "group" in action && action.group === group);
}

test("with a lost file only the last owner comes online, with its live value and event 1024", async () => {
  const { scene, one, two, files } = await cast();
  files.delete("00000001.CPT");
  const report = await one.restoreBeforeOnline(resource);
  assert.deepEqual(
    report.skipped.map(({ checkpoint, event }) => [checkpoint.path, event]),
    [[path, 1024]],
  );
  assert.match(report.notice, /^Event 1024: HKLM\\SOFTWARE\\Shop was not put in place/);
  assert.equal(scene.node(1).get(path), "new");
  scene.place(2);
  await assert.rejects(two.restoreBeforeOnline(resource), { name: "FILE_NOT_FOUND" });
  assert.equal(scene.node(2).get(path), "old");
});

test("a lost key container is event 1121; without any key on the last owner it stays offline", async () => {
  const { scene, one, files } = await cast();
  files.set("00000002.CPR", encode("torn"));
  assert.deepEqual(
    (await one.restoreBeforeOnline(resource)).skipped.map(({ event }) => event),
    [1121],
  );
  scene.node(1).keys.bytes.clear();
  await assert.rejects(one.restoreBeforeOnline(resource), { name: "INVALID_DATA" });
});

test("CheckpointFailureAction 0 stays offline, 2 comes online anywhere with what is there", async () => {
  const { scene, one, two, files } = await cast();
  files.delete("00000001.CPT");
  policy(scene, 0);
  await assert.rejects(one.restoreBeforeOnline(resource), { name: "FILE_NOT_FOUND" });
  policy(scene, 2);
  scene.place(2);
  const report = await two.restoreBeforeOnline(resource);
  assert.deepEqual([report.skipped.length, report.placed.length], [1, 1]);
  assert.equal(scene.node(2).get(path), "old");
  assert.deepEqual(scene.node(2).keys.bytes.get(container), encode("key"));
  assert.equal(readState(scene.tree).resources.get(resource)?.lastOwner, "2", "what it runs with is the newest now");
});

test("a registry or a key store that refuses: 2 comes online with the rest in place, otherwise all is as it was", async () => {
  const { scene, two } = await cast();
  scene.place(2);
  scene.node(2).keys.failImport = true;
  await assert.rejects(two.restoreBeforeOnline(resource), /could not be put in place/);
  assert.equal(scene.node(2).get(path), "old");
  policy(scene, 2);
  const report = await two.restoreBeforeOnline(resource);
  assert.deepEqual(
    report.skipped.map(({ event, why }) => [event, why]),
    [[1121, "The disk is full."]],
  );
  assert.equal(scene.node(2).get(path), "new");
});

test("a failover away from the last owner is refused with a sentence, and allowed again once re-created", async () => {
  const { scene, one, two, files } = await cast();
  files.delete("00000001.CPT");
  await one.restoreBeforeOnline(resource);
  assert.deepEqual(readState(scene.tree).resources.get(resource)?.lostCheckpoints, [
    { path, file: "00000001.CPT", how: "lost" },
  ]);
  assert.throws(() => moveGroup(scene.tree, { group: "Group", node: "N2" }), { name: "REFUSED_FOR_SAFETY" });
  scene.edit(
    { kind: "set-value", path: "Runtime\\Nodes\\1", value: dword("State", 1) },
    { kind: "set-value", path: "Runtime\\Nodes\\1", value: sz("DownBecause", "proof") },
  );
  const [decision] = decided(scene);
  assert.equal(decision?.kind, "wait");
  assert.match(
    decision?.because ?? "",
    /N2 has not the newest settings of "Shop": its checkpoint SOFTWARE\\Shop is lost, and they are on N1 only/,
  );
  policy(scene, 2);
  assert.equal(decided(scene)[0]?.kind, "place-group");
  policy(scene, 1);
  scene.edit({ kind: "set-value", path: "Runtime\\Nodes\\1", value: dword("State", 0) });
  assert.equal((await one.recreate(resource, { path }))[0]?.result, "re-created");
  assert.deepEqual(readState(scene.tree).resources.get(resource)?.lostCheckpoints, []);
  scene.place(2);
  await two.restoreBeforeOnline(resource);
  assert.equal(scene.node(2).get(path), "new");
});

test("a group whose owner lacks the settings goes to the node that has them as soon as that is up", async () => {
  const { scene, two, files } = await cast();
  files.delete("00000001.CPT");
  scene.place(2);
  await assert.rejects(two.restoreBeforeOnline(resource), { name: "FILE_NOT_FOUND" });
  const [move] = decided(scene);
  assert.deepEqual([move?.kind, move !== undefined && "node" in move ? move.node : ""], ["begin-move", "1"]);
  scene.edit({ kind: "set-value", path: "Runtime\\Nodes\\1", value: dword("State", 1) });
  const [wait] = decided(scene);
  assert.match(wait?.because ?? "", /waits: N2 has not the newest settings of "Shop".*and N1 is not up\./);
  // A group that is to be offline starts nothing: it may lie anywhere, to be re-created there.
  scene.edit({ kind: "set-value", path: `Groups\\${group}`, value: dword("PersistentState", 0) });
  assert.ok(!decided(scene).some((action) => action.kind === "wait"));
});
