import assert from "node:assert/strict";
import { test } from "node:test";
import { openScene } from "../../test/api/scene.ts";
import { allRights, type Right } from "../trust/trust.ts";
import { createApp } from "./app.ts";
import type { PageService } from "./page-service.ts";
import { rightOf, routeRights } from "./route-rights.ts";

const page: PageService = {
  decisions: () => Promise.resolve([]),
  sets: () => Promise.resolve([]),
  verify: () => Promise.reject(new Error("not asked")),
};

test("every route has exactly one right, and every right a route", () => {
  const { routes } = createApp(() => undefined, page);
  const real = routes
    .filter(({ method }) => method !== "ALL")
    .map(({ method, path }) => `${method} ${path.replace(/\/$/, "")}`);
  const named = routeRights.map(({ method, path }) => `${method} /api/v1${path}`);
  assert.deepEqual([...new Set(real)].sort(), [...named].sort());
  assert.deepEqual([...new Set(routeRights.map(({ right }) => right))].sort(), [...allRights].sort());
  assert.equal(rightOf("POST", "/api/v1/nodes/token")?.right, "restore-cluster");
  assert.equal(rightOf("POST", "/api/v1/groups/release")?.path, "/groups/release");
  assert.equal(rightOf("HEAD", "/api/v1/status")?.right, "read");
  assert.equal(rightOf("GET", "/api/v1/nothing"), undefined);
});

test("a call without its right is refused before anything else, and told; one with it is done", async () => {
  const scene = await openScene();
  const { service } = scene;
  const told: object[] = [];
  const app = createApp(
    () => service,
    page,
    (entry) => told.push(entry),
  );
  const ask = async (method: string, path: string, rights: readonly Right[] | undefined): Promise<number> => {
    const caller = rights === undefined ? {} : { caller: { who: "user:ann", from: "10.0.0.9:1", rights } };
    return (await app.fetch(new Request(`http://clubar/api/v1${path}`, { method }), caller)).status;
  };
  for (const { method, path, right } of routeRights) {
    const others = allRights.filter((one) => one !== right);
    assert.equal(await ask(method, path.replaceAll(/:\w+/g, "x"), others), 403, `${method} ${path}`);
  }
  assert.equal(told.length, routeRights.length);
  assert.equal(await ask("GET", "/status", undefined), 403);
  const expected = {
    who: "nobody",
    from: "",
    what: "GET /api/v1/status",
    right: "read",
    outcome: "refused",
    error: "ACCESS_DENIED",
  };
  assert.deepEqual(told.at(-1), expected);
  told.length = 0;
  assert.equal(await ask("GET", "/status", ["read"]), 200);
  assert.equal(await ask("DELETE", "/groups/none", ["operate"]), 404);
  const [only] = told as { outcome: string; error: string }[];
  assert.deepEqual([told.length, only?.outcome, only?.error], [1, "failed", "GROUP_NOT_FOUND"]);
  await scene.close();
});
