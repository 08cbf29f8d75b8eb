import assert from "node:assert/strict";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { openScene, refused, type Scene } from "../../test/api/scene.ts";
import { createApp } from "../api/app.ts";
import { writeHive } from "../hive/index.ts";
import { buildKey, type Key } from "../tree/key.ts";
import { sz, type Value } from "../tree/value.ts";
import { takeBackup } from "../backup/backup.ts";
import { fail } from "../base/errors.ts";
import { openOutside } from "../base/outside-node.ts";
import { listenApi } from "../daemon/api-listener.ts";
import { createNode } from "../daemon/set-up.ts";
import { replay } from "../membership/copy-image.ts";
import { openDiskQuorum } from "../quorum/disk/quorum.ts";
import * as api from "./index.ts";
import { readDrives, resolveDrive, writeDrives } from "./drives.ts";
import { readNodeRecord } from "./node-record.ts";
import { planOffline } from "./offline-restore.ts";

const outside = openOutside();
let scene: Scene;
let data: string;
let cluster: api.Cluster;
let listener: Awaited<ReturnType<typeof listenApi>>;
before(async () => {
  scene = await openScene();
  data = scene.folder;
  listener = await listenApi({ outside, app: createApp(() => scene.service), data });
  await scene.client.post("/groups", { name: "Web" });
  await scene.client.post("/resources", { name: "web", group: "Web", type: "Generic Application" });
  cluster = await api.openCluster("tower", { data });
});
after(async () => {
  await listener.close();
  await scene.close();
});

test("a cluster opens by its name or none; another name and a closed handle are refused", async () => {
  const other = await refused(api.openCluster("OTHER", { data }));
  assert.equal(other.win32, 1722);
  assert.equal((await refused(api.openCluster(undefined, { data: `${data}/none` }))).win32, 1062);
  const one = await api.openCluster(undefined, { data });
  assert.deepEqual((await api.getClusterInformation(one)).clusterName, "TOWER");
  assert.deepEqual([api.closeCluster(one), api.closeCluster(one)], [true, false]);
  assert.equal((await refused(api.getClusterInformation(one))).win32, 6);
  assert.equal(await api.backupClusterDatabase(one, "/b"), 6);
});

test("a connection by a node's name goes on by another node when that node's service stops; one without a name does not", async () => {
  const own = join(data, "second");
  await mkdir(own);
  const endpoint = (folder: string): Value => sz("Endpoint", `${folder}/run/rpc.sock`);
  const node = (id: string, name: string, folder: string): Key =>
    buildKey({ name: id, lastWritten: 1n, values: [sz("NodeName", name), endpoint(folder)] });
  const nodes = buildKey({ name: "Nodes", lastWritten: 1n, children: [node("1", "N1", own), node("2", "N2", data)] });
  const root = buildKey({ name: "Cluster", lastWritten: 1n, children: [nodes] });
  await writeFile(join(own, "ClusDb"), writeHive(root, { time: 1n }));
  const second = await listenApi({ outside, app: createApp(() => scene.service), data: own });
  const byName = await api.openCluster("n1", { data: own });
  const alone = await api.openCluster(undefined, { data: own });
  await second.close();
  assert.equal((await api.getClusterInformation(byName)).clusterName, "TOWER");
  assert.equal((await refused(api.getClusterInformation(alone))).win32, 1062);
  assert.equal((await api.openCluster("Tower", { data: own })).name, "TOWER");
});

test("enumerations", async () => {
  const { node, group, resource } = api.clusterEnumType;
  const list = await api.clusterOpenEnum(cluster, node | group | resource);
  assert.equal(api.clusterGetEnumCount(list), 6);
  assert.deepEqual(api.clusterEnum(list, 0), { code: 0, type: node, name: "N1" });
  assert.deepEqual(api.clusterEnum(list, 6), { code: 259 });
  assert.equal((await refused(api.clusterOpenEnum(cluster, 0))).win32, 87);
  assert.equal((await refused(api.clusterOpenEnum(cluster, 16))).win32, 87);
});

test("objects answer codes; a handle survives a renaming", async () => {
  const group = await api.openClusterGroup(cluster, "Web");
  await scene.client.patch("/groups/Web", { name: "Web2" });
  assert.deepEqual(await api.getClusterGroupState(group), { state: api.groupState.offline, node: undefined });
  assert.equal(await api.onlineClusterGroup(group), 997);
  assert.equal(await api.offlineClusterGroup(group), 0);
  assert.equal(await api.moveClusterGroup(group, "N2"), 5050);
  assert.equal((await refused(api.openClusterGroup(cluster, "none"))).win32, 5013);
  const node = await api.openClusterNode(cluster, "N1");
  assert.deepEqual([await api.pauseClusterNode(node), await api.getClusterNodeState(node)], [0, api.nodeState.paused]);
  assert.deepEqual([await api.resumeClusterNode(node), await api.resumeClusterNode(node)], [0, 5058]);
  assert.equal(await api.evictClusterNode(node), 5009);
});

test("control codes go to the owner's node", async () => {
  const resource = await api.openClusterResource(cluster, "web");
  assert.equal(await api.failClusterResource(resource), 5004);
  assert.equal((await api.getClusterResourceState(resource)).state, api.resourceState.offline);
  const { RESOURCE_GET_REGISTRY_CHECKPOINTS: code } = api.controlCode;
  assert.deepEqual(await api.clusterResourceControl(resource, code, undefined, 8), {
    code: 0,
    output: Uint8Array.of(1, 2),
    required: 2,
  });
  assert.deepEqual(scene.asked.at(-1), { call: "control", resource: resource.id, code, input: undefined, outSize: 8 });
  scene.failure = fail("HOST_NODE_NOT_AVAILABLE", { happened: "No owner." });
  assert.equal((await api.clusterResourceControl(resource, code)).code, 5005);
});

test("backup and restore through the service", async () => {
  assert.equal(await api.backupClusterDatabase(cluster, "/b"), 0);
  assert.equal(await api.backupClusterDatabase(cluster, "b"), 267);
  assert.equal(await api.restoreClusterDatabase("/b", true, "K:", { data }), 0);
  assert.deepEqual(scene.asked.at(-1), { restore: { path: "/b", force: true, drive: "k:", planId: "plan-1" } });
  assert.equal(await api.restoreClusterDatabase("/b", true, "K:\\", { data }), 87);
  scene.plan = { ...scene.plan, blockers: [{ name: "CLUSTER_NODE_UP", sentence: "N2 runs.", next: "" }] };
  assert.equal(await api.restoreClusterDatabase("/b", false, undefined, { data }), 5056);
});

test("the state of a node", async () => {
  const folder = await mkdtemp(join(tmpdir(), "clubar-state-"));
  const recordOf = (of: string): string =>
    JSON.stringify({ version: 1, node: "1", name: "N1", cluster: of, instance: "i", quorum: "/q" });
  try {
    assert.equal(await api.getNodeClusterState(folder), 0);
    await writeFile(`${folder}/node.json`, recordOf(""));
    assert.equal(await api.getNodeClusterState(folder), 1);
    await writeFile(`${folder}/node.json`, recordOf("TOWER"));
    assert.equal(await api.getNodeClusterState(folder), 3);
    await writeFile(`${data}/node.json`, recordOf("TOWER"));
    assert.equal(await api.getNodeClusterState(data), 19);
    await writeFile(`${folder}/node.json`, "{");
    assert.equal((await refused(api.getNodeClusterState(folder))).name, "INVALID_DATA");
  } finally {
    await rm(folder, { recursive: true });
  }
});

test("drives: written, read, resolved; nonsense is refused", async () => {
  const { files } = outside;
  const folder = await mkdtemp(join(tmpdir(), "clubar-drives-"));
  try {
    assert.deepEqual(await readDrives(files, folder), {});
    await writeDrives(files, folder, { "k:": "/q" });
    assert.equal(await resolveDrive(files, folder, "K:"), "/q");
    assert.equal((await refused(resolveDrive(files, folder, "z:"))).name, "PATH_NOT_FOUND");
    for (const text of ["{", "[]x", '{"k":"/q"}', '{"k:":"q"}', "null"]) {
      await writeFile(`${folder}/drives.json`, text);
      assert.equal((await refused(readDrives(files, folder))).name, "INVALID_DATA", text);
    }
  } finally {
    await rm(folder, { recursive: true });
  }
});

test("a restore without a service: on the node itself, then on a machine that was empty", async () => {
  const folder = await mkdtemp(join(tmpdir(), "clubar-offline-"));
  const own = `${folder}/n1`;
  const place = `${folder}/q`;
  const path = `${folder}/set`;
  try {
    await mkdir(place);
    await createNode({ outside, cluster: "TOWER", node: "N1", data: own, quorum: place });
    const quorum = await openDiskQuorum(outside, place, { insist: false });
    const { tree, tag } = replay(await quorum.load());
    const identity = await quorum.identity();
    assert.ok(identity);
    await takeBackup({ outside, tree, tag, identity, versions: quorum.versions, path, node: "N1" });

    assert.equal(await api.restoreClusterDatabase(path, false, undefined, { data: own }), 0);
    assert.equal((await quorum.identity())?.generation, 2);

    const lock = await outside.files.open(`${own}/host.lock`, "append");
    await lock.lock();
    assert.equal(await api.restoreClusterDatabase(path, false, undefined, { data: own }), 170);
    await lock.close();

    assert.equal(await api.restoreClusterDatabase(path, false, undefined, { data: `${folder}/n9` }), 5932);
    await mkdir(`${folder}/q9`);
    const become = { node: "n1", quorum: `${folder}/q9` };
    assert.equal(
      (
        await refused(
          planOffline({ outside, data: `${folder}/n9`, become: { ...become, node: "x" } }, { path, force: false }),
        )
      ).win32,
      5042,
    );
    const plan = await planOffline({ outside, data: `${folder}/n9`, become }, { path, force: false });
    assert.deepEqual(plan.view.blockers, []);
    await assert.rejects(readFile(`${folder}/n9/node.json`));
    await plan.carryOut();
    assert.deepEqual((await readNodeRecord(outside.files, `${folder}/n9`))?.quorum, `${folder}/q9`);
    assert.equal((await (await openDiskQuorum(outside, `${folder}/q9`, { insist: false })).identity())?.name, "TOWER");
  } finally {
    await rm(folder, { recursive: true });
  }
});
