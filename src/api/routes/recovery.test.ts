import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { openScene, refused, type Scene } from "../../../test/api/scene.ts";
import { sz } from "../../tree/value.ts";
import type { RecreationReportView, RecreationRunView } from "./recovery.ts";

let scene: Scene;
let id = "";

before(async () => {
  scene = await openScene();
  await scene.client.post("/groups", { name: "g" });
  ({ id } = await scene.client.post<{ id: string }>("/resources", {
    name: "web",
    group: "g",
    type: "Generic Application",
  }));
  scene.edit({ kind: "set-value", path: `Resources\\${id}\\RegSync`, value: sz("00000001", "SOFTWARE\\A") });
});
after(() => scene.close());

test("a plan asks the owner and says what would be done", async () => {
  const plan = await scene.client.post<RecreationReportView>("/recovery/checkpoints/plan", { resources: ["WEB"] });
  assert.deepEqual(scene.asked.at(-1), { call: "recreate", plan: true, resource: id });
  assert.deepEqual(
    plan.lines.map((line) => [line.resourceName, line.result]),
    [["web", "re-created"]],
  );
  await scene.client.post("/recovery/checkpoints/plan", { all: true, deleteFirst: true });
  assert.deepEqual(scene.asked.at(-1), { call: "withdraw", plan: true, resource: id });
});

test("a re-creation is started, asked about and followed", async () => {
  const { client } = scene;
  const started = await client.post<RecreationRunView>("/recovery/checkpoints", { all: true });
  const answer = await scene.fetch(`/api/v1/recovery/checkpoints/${started.id}/events`);
  const events = await answer.text();
  assert.deepEqual(
    [...events.matchAll(/^event: (\w+)$/gm)].map((match) => match[1]),
    ["begin", "resource", "line", "end"],
  );
  const headers = { "last-event-id": "2" };
  const rest = await (await scene.fetch(`/api/v1/recovery/checkpoints/${started.id}/events`, { headers })).text();
  assert.deepEqual(
    [...rest.matchAll(/^event: (\w+)$/gm)].map((match) => match[1]),
    ["end"],
  );
  const run = await client.get<RecreationRunView>(`/recovery/checkpoints/${started.id}`);
  assert.deepEqual([run.state, run.total, run.finished, run.report?.exit], ["done", 1, 1, 0]);
  assert.equal((await client.get<RecreationRunView[]>("/recovery/checkpoints")).at(-1)?.id, started.id);
});

test("what can't be asked for is refused before anything is done", async () => {
  const { client } = scene;
  const names = [
    (await refused(client.post("/recovery/checkpoints", {}))).name,
    (await refused(client.post("/recovery/checkpoints", { all: true, resources: ["web"] }))).name,
    (await refused(client.post("/recovery/checkpoints/plan", { resources: ["none"] }))).name,
    (await refused(client.get("/recovery/checkpoints/none"))).name,
  ];
  assert.deepEqual(names, ["INVALID_PARAMETER", "INVALID_PARAMETER", "RESOURCE_NOT_FOUND", "FILE_NOT_FOUND"]);
});
