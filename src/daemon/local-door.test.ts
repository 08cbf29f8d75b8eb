/** Users of this machine at the socket that is for them; others than this test's user need root. */
import assert from "node:assert/strict";
import { spawnSync, spawn } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { openScene } from "../../test/api/scene.ts";
import type { AuditEntry } from "../api/audit.ts";
import { createApp } from "../api/app.ts";
import { askSocket } from "../base/outside-node-http.ts";
import { createLog } from "../base/log.ts";
import { openOutside } from "../base/outside-node.ts";
import type { Listener } from "../base/outside.ts";
import { openLocalDoor } from "./local-door.ts";
import type { ServiceNode } from "./service-node.ts";

const outside = openOutside();
const scene = await openScene();
const folder = mkdtempSync(join(tmpdir(), "clubar-local-"));
chmodSync(folder, 0o755);
const doors: Listener[] = [];
async function open(name: string, group?: string): Promise<{ readonly path: string }> {
  const path = join(folder, name);
  const door = await openLocalDoor({ service, app, audit, path, group });
  doors.push(door);
  return { path };
}
after(async () => {
  for (const door of doors) await door.close();
  await scene.close();
  rmSync(folder, { recursive: true, force: true });
});

const told: AuditEntry[] = [];
const audit = (entry: AuditEntry): void => void told.push(entry);
const app = createApp(() => scene.service, undefined, audit);
const { database } = scene.service;
const parts = { outside, log: createLog(() => undefined, outside.clock, {}) };
const service = { parts, database } as unknown as ServiceNode;
const isRoot = process.getuid?.() === 0;
const skip = isRoot ? false : "only root can be somebody else";

interface Answer {
  readonly status: number;
  readonly body: string;
}

/** What `games` of group `games`, and of these groups, is answered; resolves when the connection is over. */
function asGames(path: string, method: string, asked: string, groups = ""): Promise<Answer> {
  const question = JSON.stringify({ socketPath: path, method, path: `/api/v1${asked}` });
  const program = `const r = require("http").request(${question}, (a) => {
    let body = ""; a.on("data", (t) => body += t); a.on("end", () => console.log(JSON.stringify({ status: a.statusCode, body }))); });
    r.on("error", (e) => console.log(JSON.stringify({ status: 0, body: e.code }))); r.end();`;
  const who = ["--reuid=games", "--regid=games", groups === "" ? "--clear-groups" : `--groups=${groups}`];
  const child = spawn("setpriv", [...who, process.execPath, "-e", program], { stdio: ["ignore", "pipe", "inherit"] });
  let said = "";
  child.stdout.on("data", (text) => (said += text));
  return new Promise((resolve) => child.once("close", () => resolve(JSON.parse(said))));
}

const give = (name: string, ...rights: readonly string[]): Promise<Response> =>
  scene.fetch("/api/v1/users/local", { method: "POST", body: JSON.stringify({ name, rights }) });

test("a user has the rights that the cluster gave him or his groups, and no others", { skip }, async () => {
  const { path } = await open("open.sock");
  assert.equal(statSync(path).mode & 0o777, 0o666);
  const before = await asGames(path, "GET", "/groups");
  assert.equal(before.status, 403);
  assert.match(before.body, /local:games lacks the right \\"read\\"/);
  assert.equal((await give("games", "read")).status, 200);
  assert.equal((await asGames(path, "GET", "/groups")).status, 200);
  assert.equal((await asGames(path, "DELETE", "/groups/none")).status, 403);
  assert.partialDeepStrictEqual(told.at(-1), {
    who: "local:games",
    what: "DELETE /api/v1/groups/none",
    outcome: "refused",
  });
  assert.match(told.at(-1)?.from ?? "", /open\.sock uid 5 pid \d+$/);
  await give("@mail", "operate");
  const mail = spawnSync("getent", ["group", "mail"], { encoding: "utf8" }).stdout.split(":")[2] ?? "";
  assert.equal((await asGames(path, "DELETE", "/groups/none", mail)).status, 404);
  assert.equal((await asGames(path, "DELETE", "/groups/none")).status, 403);
  const list = (await (await scene.fetch("/api/v1/users")).json()) as { name: string; expires: null }[];
  assert.deepEqual(
    list.map(({ name, expires }) => [name, expires]),
    [
      ["unix:@mail", null],
      ["unix:games", null],
    ],
  );
  await scene.fetch("/api/v1/users/unix:games", { method: "DELETE" });
  assert.equal((await asGames(path, "GET", "/groups")).status, 403);
});

test("with a group only its members come in", { skip }, async () => {
  const { path } = await open("group.sock", "mail");
  assert.equal(statSync(path).mode & 0o777, 0o660);
  assert.deepEqual(await asGames(path, "GET", "/groups"), { status: 0, body: "EACCES" });
  const mail = String(statSync(path).gid);
  assert.equal((await asGames(path, "GET", "/groups", mail)).status, 403);
  await assert.rejects(open("none.sock", "no-such"), { name: "FILE_NOT_FOUND" });
});

test("the service's own user may do everything; a folder that others may change is refused", async () => {
  const { path } = await open("own.sock");
  const question = { method: "DELETE", path: "/api/v1/groups/none", headers: {} };
  assert.equal((await askSocket(path, question)).status, 404);
  assert.match(told.at(-1)?.who ?? "", /^local:/);
  const body = JSON.stringify({ name: "@ops", rights: ["read", "backup"] });
  const caller = { who: "local:ann", from: path, rights: ["restore-cluster", "read"] } as const;
  const asked = new Request("http://clubar/api/v1/users/local", { method: "POST", body });
  assert.equal((await app.fetch(asked, { caller })).status, 403);
  const about = { who: "local:ann", about: "unix:@ops: read,backup", outcome: "refused" };
  assert.partialDeepStrictEqual(told.at(-1), { what: "POST /api/v1/users/local", ...about });
  mkdirSync(join(folder, "loose"));
  chmodSync(join(folder, "loose"), 0o777);
  await assert.rejects(open("loose/s"), { name: "ACCESS_DENIED" });
});
