import assert from "node:assert/strict";
import { test } from "node:test";
import { group, otherGroup, otherResource, resource, Scene } from "../../test/checkpoint/scene.ts";
import { fail } from "../base/errors.ts";
import { OutsideError } from "../base/outside.ts";
import type { Checkpoints } from "../checkpoint/checkpoint.ts";
import { readRecords } from "../checkpoint/records.ts";
import { readState } from "../database/state.ts";
import { sz } from "../tree/value.ts";
import { planRecreation, recreate, type RecoverySource, type RecreationEvent, RecreationRuns } from "./recovery.ts";

const path = "SOFTWARE\\Shop";
const second = "SOFTWARE\\Zoo";
const mail = "SOFTWARE\\Mail";
const container = "1\\\\Key";
const encode = (text: string): Uint8Array => new TextEncoder().encode(text);

interface Cluster {
  readonly scene: Scene;
  readonly source: RecoverySource;
  readonly nodes: readonly Checkpoints[];
  readonly down: Set<string>;
}

/** Shop with two keys and a container on node 1, Mail with one key on node 2. */
async function cluster(): Promise<Cluster> {
  const scene = await Scene.open();
  scene.edit(
    { kind: "set-value", path: "Nodes\\1", value: sz("NodeName", "N1") },
    { kind: "set-value", path: "Nodes\\2", value: sz("NodeName", "N2") },
  );
  scene.place(1);
  scene.place(2, otherGroup);
  const nodes = [1, 2].map((id) => scene.node(id).life().checkpoints);
  const down = new Set<string>();
  const source: RecoverySource = {
    state: () => readState(scene.tree),
    checkpoints: (id) => readRecords(scene.tree, id)?.current ?? [],
    lastOwner: (id) => {
      const last = readRecords(scene.tree, id)?.lastOwner;
      return last === undefined ? undefined : `N${last}`;
    },
    atOwner: async ({ call, resource: id, ...options }) => {
      const owner = readRecords(scene.tree, id)?.group?.owner ?? "";
      if (down.has(owner)) throw fail("CLUSTER_NODE_DOWN", { happened: `Node N${owner} is down.` });
      const node = nodes[Number(owner) - 1];
      assert.ok(node !== undefined);
      return call === "recreate" ? node.recreate(id, options) : node.withdraw(id, options);
    },
  };
  const [one, two] = nodes;
  assert.ok(one !== undefined && two !== undefined);
  await scene.node(1).set(path, "first");
  await scene.node(1).set(second, "zebra");
  scene.node(1).keys.set(container, encode("key"));
  await scene.node(2).set(mail, "letters");
  await one.add(resource, "registry", path);
  await one.add(resource, "registry", second);
  await one.add(resource, "crypto", container);
  await two.add(otherResource, "registry", mail);
  return { scene, source, nodes, down };
}

function files(scene: Scene, id: string): Map<string, Uint8Array> {
  const found = scene.store.current?.versions.get(id);
  assert.ok(found !== undefined);
  return found;
}

const all = { deleteFirst: false };

test("all files deleted, torn or foreign: re-created from what is live on each owner, and put in place elsewhere", async () => {
  const { scene, source, nodes } = await cluster();
  const shop = files(scene, resource);
  const letters = files(scene, otherResource).get("00000001.CPT");
  assert.ok(letters !== undefined);
  shop.delete("00000001.CPT");
  shop.set("00000002.CPT", letters);
  shop.set("00000003.CPR", encode("torn"));
  files(scene, otherResource).clear();
  const report = await recreate(source, all, () => undefined);
  assert.deepEqual(
    report.lines.map((line) => [line.resourceName, line.path, line.file, line.result, line.owner]),
    [
      ["Mail", mail, "lost", "re-created", "N2"],
      ["Shop", path, "lost", "re-created", "N1"],
      ["Shop", second, "stale", "re-created", "N1"],
      ["Shop", container, "damaged", "re-created", "N1"],
    ],
  );
  assert.deepEqual([report.counts, report.exit], [{ reCreated: 4, same: 0, failed: 0 }, 0]);
  scene.place(2);
  await nodes[1]?.restoreBeforeOnline(resource);
  assert.deepEqual([scene.node(2).get(path), scene.node(2).get(second)], ["first", "zebra"]);
  assert.deepEqual(scene.node(2).keys.bytes.get(container), encode("key"));
  assert.equal((await recreate(source, { ...all, resources: ["mail"] }, () => undefined)).counts.same, 1);
});

test("what is found in place of a file is kept aside on the owner, and lost versions leave the history", async () => {
  const { scene, source, nodes } = await cluster();
  await scene.node(1).set(path, "second");
  await nodes[0]?.recreate(resource, { path });
  const torn = encode("torn");
  files(scene, resource).delete("00000001.CPT");
  files(scene, resource).set("00000004.CPT", torn);
  const { lines } = await recreate(source, { ...all, resources: ["Shop"] }, () => undefined);
  const line = lines.find((one) => one.path === path);
  assert.ok(line?.aside !== undefined);
  assert.deepEqual(await scene.node(1).outside.files.read(line.aside), torn);
  const about = JSON.parse(new TextDecoder().decode(await scene.node(1).outside.files.read(`${line.aside}.json`)));
  assert.deepEqual([about.path, about.number, about.why], [path, 4, "re-created (damaged)"]);
  assert.deepEqual(
    nodes[0]?.history(resource, "registry", path).map(({ number }) => number),
    [5],
  );
});

test("a failure stops no other, and says why with its code", async () => {
  const { scene, source, down } = await cluster();
  const one = scene.node(1);
  for (const id of [resource, otherResource]) files(scene, id).clear();
  await one.registry.transact([{ kind: "delete-key", path }]);
  one.keys.hidden.add(container);
  down.add("2");
  const report = await recreate(source, all, () => undefined);
  assert.deepEqual(
    report.lines.map((line) => [line.path, line.result, line.error?.name, line.error?.win32]),
    [
      [mail, "failed", "CLUSTER_NODE_DOWN", 5050],
      [path, "failed", "FILE_NOT_FOUND", 2],
      [second, "re-created", undefined, undefined],
      [container, "failed", "NTE_BAD_KEY", 0x80090003],
    ],
  );
  assert.equal(report.exit, 4);
  one.keys.bytes.clear();
  const only = await recreate(source, { ...all, resources: ["Mail"] }, () => undefined);
  assert.equal(only.exit, 11);
  await assert.rejects(
    recreate(source, { ...all, resources: ["None"] }, () => undefined),
    { name: "RESOURCE_NOT_FOUND" },
  );
});

test("a quorum that can't be written or read is 5028, and the checkpoints stay as they were", async () => {
  const { scene, source } = await cluster();
  await scene.node(1).set(path, "changed");
  for (const at of ["versions.put", "versions.read"]) {
    scene.store.fault = (call) => (call === at ? new OutsideError("EROFS", "write into the quorum") : undefined);
    const { lines } = await recreate(source, { ...all, resources: ["Shop"] }, () => undefined);
    const line = lines.find((one) => one.path === path);
    assert.deepEqual([line?.result, line?.error?.win32, line?.number], ["failed", 5028, 1], at);
  }
  scene.store.fault = () => undefined;
  assert.equal((await recreate(source, { ...all, resources: ["Shop"] }, () => undefined)).exit, 0);
});

test("a plan changes nothing and shows what differs as a tree", async () => {
  const { scene, source } = await cluster();
  await scene.node(1).set(path, "changed");
  const big = { name: "big", type: 3, data: new Uint8Array(50_000) };
  await scene.node(1).registry.transact([{ kind: "set-value", path, value: big }]);
  const before = [scene.tag.sequence, files(scene, resource).size];
  const { lines, counts } = await planRecreation(source, all);
  assert.deepEqual(counts, { reCreated: 1, same: 3, failed: 0 });
  const line = lines.find((one) => one.path === path);
  assert.equal(line?.differences?.root?.values[0]?.name, "v");
  const { counts: found, more } = line?.differences ?? {};
  assert.deepEqual([found?.valuesChanged, found?.valuesAdded, more], [1, 1, 1], "large data is counted, not shown");
  const deleting = await planRecreation(source, { deleteFirst: true });
  assert.deepEqual([...new Set(deleting.lines.map(({ result }) => result))], ["withdrawn"]);
  assert.deepEqual([scene.tag.sequence, files(scene, resource).size], before);
});

test("deleting first: all are withdrawn before the first is re-created, what can't be captured is not deleted", async () => {
  const { scene, source } = await cluster();
  await scene.node(1).registry.transact([{ kind: "delete-key", path: second }]);
  const events: RecreationEvent[] = [];
  const report = await recreate(source, { deleteFirst: true }, (event) => events.push(event));
  const order = events.flatMap((event) => (event.kind === "line" ? [event.line.result] : []));
  assert.deepEqual(order, ["withdrawn", "failed", "withdrawn", "withdrawn", "re-created", "re-created", "re-created"]);
  assert.deepEqual(report.counts, { reCreated: 3, same: 0, failed: 1 });
  const records = readRecords(scene.tree, resource);
  assert.deepEqual(records?.deleted.toSorted(), ["00000001.CPT", "00000003.CPR", "00000004.CPT", "00000005.CPR"]);
  assert.equal(records?.current.find((one) => one.path === second)?.number, 2, "its file is the only copy there is");
  assert.equal(
    records?.current.some(({ withdrawn }) => withdrawn),
    false,
  );
});

test("a withdrawn checkpoint is lost whatever lies under its number, and its owner has the newest settings", async () => {
  const { scene, nodes } = await cluster();
  scene.place(2);
  await scene.node(2).set(path, "other");
  await nodes[1]?.withdraw(resource, { path });
  const current = readRecords(scene.tree, resource)?.current.find((one) => one.path === path);
  assert.equal(current?.withdrawn, true);
  await scene.versions.put(
    resource,
    "CPT",
    current?.number ?? 0,
    files(scene, resource).get("00000001.CPT") ?? encode(""),
  );
  assert.equal(readRecords(scene.tree, resource)?.lastOwner, "2");
  const lines = await nodes[1]?.audit(resource);
  assert.equal(lines?.find((one) => one.checkpoint.path === path)?.result, "lost");
  const again = await nodes[1]?.withdraw(resource, { path });
  assert.equal(again?.[0]?.number, current?.number, "no number is used up");
});

test("the present owner's settings may be old: said before anything is done", async () => {
  const { scene, source } = await cluster();
  scene.place(2);
  const { targets } = await planRecreation(source, { ...all, resources: ["Shop"] });
  assert.match(targets[0]?.warning ?? "", /last online on N1; what is live on its present owner N2 may be older/);
  scene.edit({ kind: "set-value", path: `Runtime\\Groups\\${group}`, value: sz("Owner", "1") });
  assert.equal((await planRecreation(source, { ...all, resources: ["Shop"] })).targets[0]?.warning, "");
});

test("a run is followed from any event, and one goes on at a time", async () => {
  const { scene, source } = await cluster();
  files(scene, resource).clear();
  const runs = new RecreationRuns();
  const run = runs.start(source, all, "r1");
  assert.throws(() => runs.start(source, all, "r2"), { name: "BUSY" });
  const kinds: string[] = [];
  for await (const { event } of runs.follow("r1", 0, new AbortController().signal)) kinds.push(event.kind);
  assert.deepEqual(kinds, ["begin", "resource", "line", "resource", "line", "line", "line", "end"]);
  const late: number[] = [];
  for await (const { number } of runs.follow("r1", 5, new AbortController().signal)) late.push(number);
  assert.deepEqual(late, [5, 6, 7]);
  assert.ok(run.outcome !== undefined && "report" in run.outcome);
  assert.throws(() => runs.get("r9"), { name: "FILE_NOT_FOUND" });
});
