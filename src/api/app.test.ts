import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { openScene, refused, type Scene } from "../../test/api/scene.ts";
import { errorTable, fail } from "../base/errors.ts";
import { readHive } from "../hive/read.ts";
import { findValue } from "../tree/key.ts";
import { dword, dwordOf, sz } from "../tree/value.ts";
import { apiPath } from "./client.ts";
import type { Changed } from "./request.ts";
import type { ClusterView } from "./routes/cluster.ts";
import type { ControlView, ResourceDetail } from "./routes/resources.ts";
import type { KeyView } from "./routes/registry.ts";
import type { StatusView } from "./status-view.ts";
import { valueView } from "./value-view.ts";
import type { GroupView, NodeView } from "./views.ts";

let scene: Scene;
before(async () => {
  scene = await openScene();
});
after(() => scene.close());

test("a group's life: created, changed, shown, deleted", async () => {
  const { client } = scene;
  const made = await client.post<Changed>("/groups", { name: "Web/1 %", description: "d" });
  assert.equal(made.done, 'Group "Web/1 %" is created.');
  assert.match(made.id ?? "", /^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-8[0-9a-f]{3}-[0-9a-f]{12}$/);
  const path = apiPath("groups", "web/1 %");
  await client.patch(path, { name: "Web", properties: { FailoverThreshold: "3" }, preferredOwners: ["n2", "N1"] });
  const group = await client.get<GroupView & { readonly properties: Record<string, unknown> }>("/groups/Web");
  assert.deepEqual(
    [group.id, group.preferredOwners, group.properties["FailoverThreshold"]],
    [made.id, ["N2", "N1"], 3],
  );
  const byId = await client.get<GroupView>(apiPath("groups", made.id ?? ""));
  assert.equal(byId.name, "Web");
  assert.equal((await refused(client.post("/groups", { name: "WEB" }))).name, "OBJECT_ALREADY_EXISTS");
  assert.equal((await refused(client.post("/groups/Web/move", { node: "N2" }))).name, "CLUSTER_NODE_DOWN");
  await client.delete("/groups/Web");
  assert.equal((await refused(client.get("/groups/Web"))).name, "GROUP_NOT_FOUND");
  assert.equal((await refused(client.get("/resources", { group: "Web" }))).name, "GROUP_NOT_FOUND");
  assert.equal((await refused(client.get("/resources", { type: "None" }))).name, "CLUSTER_RESOURCE_TYPE_NOT_FOUND");
});

test("a resource with parameters, dependencies and owners", async () => {
  const { client } = scene;
  await client.post("/groups", { name: "App" });
  const parameters = { CommandLine: "sleep 9", StopTimeout: 500, Own: ["a", "b"] };
  await client.post("/resources", { name: "one", group: "App", type: "generic application", parameters });
  await client.post("/resources", { name: "two", group: "App", type: "Generic Application" });
  await client.post("/resources/two/depend", { dependsOn: "one" });
  await client.post("/resources/two/remove-owner", { node: "N2" });
  await client.patch("/resources/two", { properties: { RestartThreshold: 7 }, parameters: { CommandLine: "x" } });
  const two = await client.get<ResourceDetail>("/resources/two");
  assert.deepEqual([two.dependsOn, two.possibleOwners, two.state, two.group], [["one"], ["N1"], "offline", "App"]);
  assert.deepEqual([two.properties["RestartThreshold"], two.parameters], [7, { CommandLine: "x" }]);
  assert.deepEqual((await client.get<ResourceDetail>("/resources/one")).parameters, parameters);
  assert.equal((await refused(client.post("/resources/one/depend", { dependsOn: "two" }))).name, "CIRCULAR_DEPENDENCY");
  assert.equal((await refused(client.delete("/resources/one"))).name, "DEPENDENT_RESOURCE_EXISTS");
  await client.post("/resources/two/online");
  assert.equal((await refused(client.post("/resources/two/fail"))).name, "RESOURCE_NOT_ONLINE");
  const control = await client.post<ControlView>("/resources/one/control", { code: 0x010000a9, outSize: 4 });
  assert.deepEqual(control, { win32: 0, output: "AQI=", required: 2 });
});

test("nodes: pause, resume, confirm, evict; an unknown one is not found", async () => {
  const { client } = scene;
  await client.post("/nodes/n1/pause", {});
  assert.equal((await client.get<NodeView>("/nodes/N1")).state, "paused");
  await client.post("/nodes/N1/resume", { failback: "no" });
  assert.equal((await refused(client.post("/nodes/N1/evict"))).name, "CANT_EVICT_ACTIVE_NODE");
  assert.equal((await refused(client.post("/nodes/N2/confirm-down", { name: "N1" }))).name, "INVALID_PARAMETER");
  await client.post("/nodes/N2/confirm-down", { name: "n2" });
  await client.post("/nodes/N2/evict");
  assert.deepEqual(
    (await client.get<NodeView[]>("/nodes")).map(({ name }) => name),
    ["N1"],
  );
  assert.equal((await refused(client.get("/nodes/N2"))).name, "CLUSTER_NODE_NOT_FOUND");
});

test("every answer has the tag; at-least waits for one or times out", async () => {
  const { client } = scene;
  const { tag } = await client.patch<Changed>("/cluster", { name: "TOWER2" });
  assert.equal(client.tag(), tag);
  const answer = await scene.fetch(`/api/v1/cluster?atLeast=${tag}`);
  assert.equal(answer.headers.get("clubar-tag"), tag);
  assert.equal(((await answer.json()) as ClusterView).name, "TOWER2");
  const late = await scene.fetch("/api/v1/cluster", { headers: { "at-least": "9:9:9" } });
  assert.deepEqual(
    [late.status, ((await late.json()) as { exit: number }).exit, late.headers.get("clubar-tag")],
    [504, 124, tag],
  );
  assert.equal((await scene.fetch("/api/v1/cluster?atLeast=nonsense")).status, 400);
});

test("errors are rows of the table with their status", async () => {
  const answer = await scene.fetch("/api/v1/groups/none");
  const { GROUP_NOT_FOUND } = errorTable;
  assert.equal(answer.status, GROUP_NOT_FOUND.http);
  const body = (await answer.json()) as Record<string, unknown>;
  assert.deepEqual(Object.keys(body).sort(), ["exit", "happened", "name", "next", "unchanged", "win32"]);
  assert.deepEqual([body["name"], body["win32"], body["exit"]], ["GROUP_NOT_FOUND", 5013, 8]);
  assert.equal((await scene.fetch("/api/v1/nonsense")).status, 404);
});

const wrongBodies: readonly (readonly [string, string, string])[] = [
  ["POST", "/groups", "{"],
  ["POST", "/groups", "{}"],
  ["POST", "/groups", '{"name":1}'],
  ["POST", "/groups", '{"name":"a","more":1}'],
  ["PATCH", "/cluster", "{}"],
  ["POST", "/checkpoints", '{"resource":"one","kind":"file","path":"a"}'],
  [
    "POST",
    "/registry/edits",
    '{"edits":[{"kind":"set-value","path":"SOFTWARE","value":{"name":"a","type":"REG_SZ","data":"*"}}]}',
  ],
  ["POST", "/restore", '{"path":"/a","force":true,"drive":"kk"}'],
  ["POST", "/keys", '{"name":"1\\\\\\\\a","algorithm":"rot13"}'],
];
for (const [method, path, body] of wrongBodies) {
  test(`refused: ${method} ${path} ${body}`, async () => {
    const tag = scene.service.database.tag();
    const answer = await scene.fetch(`/api/v1${path}`, { method, body });
    assert.deepEqual([answer.status, ((await answer.json()) as { name: string }).name], [400, "INVALID_PARAMETER"]);
    assert.deepEqual(scene.service.database.tag(), tag);
  });
}

test("a node that is no member answers reads and changes nothing", async () => {
  const { client } = scene;
  scene.status = { state: "alone", because: "No leader has accepted this node yet.", leader: undefined };
  assert.equal((await client.get<StatusView>("/status")).self.state, "alone");
  const none = await refused(client.post("/groups", { name: "x" }));
  assert.deepEqual([none.name, none.exit, none.http], ["NO_QUORUM", 6, 503]);
  scene.status = { state: "restoring", because: "A restore." };
  assert.equal((await refused(client.post("/groups", { name: "x" }))).name, "CLUSTER_NODE_NOT_READY");
  assert.equal((await refused(client.post("/backup", { path: "/b" }))).name, "CLUSTER_NODE_NOT_READY");
  await client.post("/restore/plan", { path: "/b", force: false });
  await client.post("/nodes/N1/stop", { drain: false });
  assert.deepEqual(scene.asked.slice(-2), [{ plan: { path: "/b", force: false } }, { stop: false }]);
  scene.status = {};
  scene.absent = true;
  assert.equal((await refused(client.get("/status"))).name, "CLUSTER_NODE_NOT_READY");
  scene.absent = false;
});

test("the registry: values, keys, hives", async () => {
  const { client } = scene;
  const path = "SOFTWARE\\Web";
  const value = valueView(dword("port", 80));
  await client.post("/registry/edits", {
    edits: [
      { kind: "set-value", path, value },
      { kind: "create-key", path: "SYSTEM\\Other" },
      { kind: "create-key", path: `${path}\\sub` },
    ],
  });
  const key = await client.get<KeyView>("/registry/key", { path });
  assert.deepEqual([key.values, key.subkeys], [[value], ["sub"]]);
  const hive = await client.bytes("GET", "/registry/hive", { path });
  assert.equal(dwordOf(findValue(readHive(hive).root, "", "port")), 80);
  await client.bytes("PUT", "/registry/hive", { name: "COPY" }, hive);
  assert.deepEqual((await client.get<KeyView>("/registry/key", { path: "COPY" })).subkeys, ["sub"]);
  await client.delete("/registry/hive", { name: "COPY" });
  assert.equal((await refused(client.get("/registry/key", { path: "COPY" }))).name, "FILE_NOT_FOUND");
  const denied = client.post("/registry/edits", { edits: [{ kind: "delete-key", path: "Cluster\\Groups" }] });
  assert.equal((await refused(denied)).name, "ACCESS_DENIED");
  assert.equal((await client.get<KeyView>("/registry/key", { path: "Cluster" })).values[0]?.name, "ClusterName");
});

test("key containers: created, shown, signing, deleted", async () => {
  const { client } = scene;
  const name = "1\\\\Web";
  await client.post("/keys", { name, algorithm: "ed25519" });
  assert.deepEqual(await client.get("/keys"), [{ name, algorithm: "ed25519", exportable: true }]);
  const signature = await client.bytes("POST", "/keys/sign", { name }, Uint8Array.of(1));
  assert.equal(signature.length, 64);
  assert.match(new TextDecoder().decode(await client.bytes("GET", "/keys/public", { name })), /BEGIN PUBLIC KEY/);
  assert.equal((await refused(client.post("/keys", { name }))).name, "NTE_EXISTS");
  await client.delete("/keys", { name });
  assert.equal((await refused(client.bytes("GET", "/keys/public", { name }))).name, "NTE_BAD_KEYSET");
});

test("checkpoints go to the owner; a partial answer is a failure", async () => {
  const { client } = scene;
  const resource = (await client.get<ResourceDetail>("/resources/one")).id;
  const path = "SOFTWARE\\Web";
  await client.post("/checkpoints", { resource: "ONE", kind: "registry", path });
  await client.post("/checkpoints/revert", { resource: "one", path, number: 2 });
  await client.post("/checkpoints/recreate", { resource: "one" });
  assert.deepEqual(scene.asked.slice(-3), [
    { call: "add", resource, kind: "registry", path },
    { call: "revert", resource, path, number: 2 },
    { call: "recreate", resource },
  ]);
  scene.failure = fail("NTE_BAD_KEY", { happened: "Not exportable." });
  const failure = await refused(client.post("/checkpoints", { resource: "one", kind: "crypto", path: "1\\\\a" }));
  assert.deepEqual([failure.name, failure.win32, failure.exit], ["NTE_BAD_KEY", 0x80090003, 7]);
});

test("backup and restore take absolute paths only", async () => {
  const { client } = scene;
  assert.equal((await refused(client.post("/backup", { path: "b" }))).name, "DIRECTORY");
  assert.equal((await refused(client.post("/restore", { path: "b", force: false }))).name, "DIRECTORY");
  const answer = await client.post<{ tag: string }>("/backup", { path: "/b/" });
  assert.deepEqual([answer.tag, scene.asked.at(-1)], ["1:1:9", { backup: "/b/" }]);
  await client.post("/restore", { path: "/b", force: true, drive: "k:", planId: "p" });
  assert.deepEqual(scene.asked.at(-1), { restore: { path: "/b", force: true, drive: "k:", planId: "p" } });
});

test("events tell of every change", async () => {
  const answer = await scene.fetch("/api/v1/events");
  const reader = answer.body?.pipeThrough(new TextDecoderStream()).getReader();
  assert.ok(reader);
  const hello = (await reader.read()).value ?? "";
  assert.match(hello, /^event: hello\n/);
  scene.edit({ kind: "set-value", path: "Groups\\g", value: sz("Name", "New") });
  const event = (await reader.read()).value ?? "";
  assert.match(
    event,
    /^event: change\ndata: \{"tag":"1:1:\d+","paths":\["Groups\\\\g"\],"more":false\}\nid: 1:1:\d+\n/,
  );
  await reader.cancel();
});

test("the status says it all", async () => {
  const status = await scene.client.get<StatusView>("/status");
  assert.deepEqual(
    [status.cluster.quorum, status.leader, status.self.permitMs],
    ["directory /q", { node: "N1", epoch: 1 }, 500],
  );
  assert.ok(status.groups.some(({ name }) => name === "App"));
});
