import assert from "node:assert/strict";
import { mkdtemp, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { openScene, refused } from "../../test/api/scene.ts";
import { createApp } from "../api/app.ts";
import { ApiClient } from "../api/client.ts";
import { askSocket } from "../base/outside-node-http.ts";
import { openOutside } from "../base/outside-node.ts";
import { listenApi } from "./api-listener.ts";

const clientAt = (data: string): ApiClient =>
  new ApiClient({ place: data, transport: (question) => askSocket(`${data}/run/api.sock`, question) });

test("the API answers on a socket that only its owner may use, also below a long path, and closes with a stream open", async () => {
  const scene = await openScene();
  const data = join(scene.folder, "a".repeat(120));
  const outside = openOutside();
  const listener = await listenApi({ outside, app: createApp(() => scene.service), data });
  try {
    const [socket, run] = [await stat(`${data}/run/api.sock`), await stat(`${data}/run`)];
    assert.deepEqual([socket.mode & 0o777, run.mode & 0o777], [0o600, 0o700]);
    const client = clientAt(data);
    await client.post("/groups", { name: "Web" });
    assert.equal((await client.get<{ name: string }>("/groups/web")).name, "Web");
    const hive = await client.bytes("GET", "/registry/hive", { path: "SOFTWARE" });
    await client.bytes("PUT", "/registry/hive", { name: "COPY" }, hive);
    await assert.rejects(listenApi({ outside, app: createApp(() => scene.service), data }), { code: "EADDRINUSE" });
    const stream = askSocket(`${data}/run/api.sock`, { method: "GET", path: "/api/v1/events", headers: {} });
    const ended = refused(stream);
    await listener.close();
    await ended;
    const gone = await refused(client.get("/status"));
    assert.deepEqual([gone.name, gone.exit], ["SERVICE_NOT_ACTIVE", 11]);
  } finally {
    await listener.close();
    await scene.close();
  }
});

test("a dead socket file is no service", async () => {
  const data = await mkdtemp(join(tmpdir(), "clubar-dead-"));
  try {
    assert.equal((await refused(clientAt(data).get("/status"))).name, "SERVICE_NOT_ACTIVE");
    await writeFile(`${data}/run`, "");
    assert.equal((await refused(clientAt(data).get("/status"))).name, "SERVICE_NOT_ACTIVE");
  } finally {
    await rm(data, { recursive: true });
  }
});
