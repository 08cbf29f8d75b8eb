import assert from "node:assert/strict";
import { request } from "node:http";
import { test } from "node:test";
import { openScene, type Scene } from "../../test/api/scene.ts";
import { pageFiles } from "./page-files.ts";
import { listenPage } from "./page-listener.ts";

const token = "0123456789abcdef";

interface Got {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly text: string;
}

function ask(url: string, headers: Record<string, string> = {}, method = "GET", body?: string): Promise<Got> {
  return new Promise((resolve, reject) => {
    const asked = request(url, { method, headers, agent: false }, (answer) => {
      let text = "";
      answer.setEncoding("utf8").on("data", (part: string) => (text += part));
      answer.on("end", () => resolve({ status: answer.statusCode ?? 0, headers: answer.headers, text }));
    });
    asked.on("error", reject);
    asked.end(body);
  });
}

async function served(work: (base: string, scene: Scene) => Promise<void>): Promise<void> {
  const scene = await openScene();
  const files = new Map([["/", { type: "text/html; charset=utf-8", bytes: new TextEncoder().encode("<p>page</p>") }]]);
  const listener = await listenPage({ app: scene.app, files: Promise.resolve(files), port: 0, token });
  try {
    assert.match(listener.url, /^http:\/\/127\.0\.0\.1:\d+\/#token=0123456789abcdef$/);
    await work(listener.url.replace(/#.*/, ""), scene);
  } finally {
    await listener.close();
    await scene.close();
  }
}

const authorization = `Bearer ${token}`;

test("the page's files are for everybody, by the loopback names only, with a policy that allows nothing else", () =>
  served(async (base) => {
    const page = await ask(base);
    assert.deepEqual([page.status, page.text], [200, "<p>page</p>"]);
    assert.match(String(page.headers["content-security-policy"]), /^default-src 'none'; script-src 'self'; /);
    assert.equal(page.headers["set-cookie"], undefined);
    assert.equal((await ask(base, { host: "evil.example" })).status, 403);
    assert.equal((await ask(`${base}../../package.json`)).status, 404);
    assert.equal((await ask(base, {}, "POST", "x")).status, 403);
  }));

test("the API answers to the token only, and to no other page", () =>
  served(async (base) => {
    const status = `${base}api/v1/status`;
    assert.equal((await ask(status)).status, 401);
    assert.equal((await ask(status, { authorization: "Bearer wrong" })).status, 401);
    assert.equal((await ask(`${status}?token=${token}`, { cookie: `token=${token}` })).status, 401);
    const answer = await ask(status, { authorization });
    assert.equal(answer.status, 200);
    assert.equal((JSON.parse(answer.text) as { cluster: { name: string } }).cluster.name, "TOWER");
    assert.equal(answer.headers["cache-control"], "no-store");
    assert.equal((await ask(status, { authorization, origin: "http://127.0.0.1:1" })).status, 403);
    assert.equal((await ask(status, { authorization, "sec-fetch-site": "same-site" })).status, 403);
    assert.equal((await ask(status, { authorization, host: "evil.example" })).status, 403);
  }));

test("the page may ask for what it shows and offers, nothing else of what the socket's users may", () =>
  served(async (base, scene) => {
    const post = (path: string, body: string): Promise<Got> =>
      ask(`${base}api/v1/${path}`, { authorization, "content-length": String(body.length) }, "POST", body);
    assert.equal((await post("sets/verify", '{"path":"/b"}')).status, 200);
    assert.deepEqual(scene.asked.at(-1), { verify: "/b" });
    const before = scene.asked.length;
    for (const path of ["groups", "restore", "backup", "nodes/1/stop", "registry/hive", "checkpoints/remove"]) {
      assert.equal((await post(path, "{}")).status, 403, path);
    }
    assert.equal((await ask(`${base}api/v1/keys`, { authorization })).status, 403);
    assert.equal((await ask(`${base}api/v1/groups/App`, { authorization }, "DELETE")).status, 403);
    assert.equal((await post("sets/verify", `{"path":"/${"b".repeat(70_000)}"}`)).status, 413);
    assert.equal(scene.asked.length, before);
  }));

test("the built page is small, whole, and names no other place", async () => {
  const files = await pageFiles();
  const page = files.get("/");
  assert.ok(page);
  const text = new TextDecoder().decode(page.bytes);
  assert.ok(!/<script(?![^>]*\bsrc=)|<style|\bon\w+=|style=/.test(text), text);
  const named = [...text.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, path]) => path ?? "");
  assert.ok(named.length >= 3 && named.every((path) => files.has(path)), named.join(" "));
  let scripts = 0;
  for (const [path, { bytes }] of files) {
    if (path.endsWith(".js")) scripts += bytes.length;
    const others = new TextDecoder().decode(bytes).match(/https?:\/\/(?!www\.w3\.org\/)[^"'`\s)]+/g);
    assert.equal(others, null, path);
  }
  assert.ok(scripts > 1000 && scripts < 64_000, `${scripts} bytes of script`);
});

test("a page that can't be read is an answer, not the end of the service", async () => {
  const scene = await openScene();
  const files = Promise.reject(new Error("no page here"));
  const listener = await listenPage({ app: scene.app, files, port: 0, token });
  try {
    const base = listener.url.replace(/#.*/, "");
    const got = await ask(base);
    assert.deepEqual([got.status, got.text.includes("no page here")], [500, true]);
    assert.equal((await ask(`${base}api/v1/status`, { authorization })).status, 200);
  } finally {
    await listener.close();
    await scene.close();
  }
});
