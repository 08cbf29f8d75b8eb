/** An application whose settings are files in a folder of its node: it fails over with the newest. Real processes, real files. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import type { AuditView, CheckpointView } from "../../src/api/routes/checkpoints.ts";
import type { NodeProcess } from "../../src/daemon/demo/node-process.ts";
import { TestCluster } from "./cluster.ts";
import { waitFor } from "./wait-for.ts";

const cluster = new TestCluster("directory");
const lines = join(cluster.folder, "lines");
const settings = (node: NodeProcess): string => join(node.data, "apps", "shop", "settings");
const path = "%NodeData%/apps/shop/settings";
const started = (): string[] => (existsSync(lines) ? readFileSync(lines, "utf8").split("\n").filter(Boolean) : []);

before(async () => {
  await cluster.form(["A", "B", "C"]);
  const program = join(cluster.folder, "shop.sh");
  writeFileSync(program, `#!/bin/sh\necho "$(cat "$SETTINGS/greeting")" >>'${lines}'\nexec sleep 1000\n`);
  chmodSync(program, 0o755);
  for (const node of cluster.nodes) {
    mkdirSync(join(node.data, "apps", "shop"), { recursive: true });
    await cluster.run(node, "reg", "add", "HKLM\\SOFTWARE\\Node", "--value", "SETTINGS", "--data", settings(node));
  }
  const [first] = cluster.nodes;
  assert.ok(first);
  await cluster.run(first, "group", "create", "Shop");
  const parameters = [`CommandLine="${program}"`, "EnvironmentKey=SOFTWARE\\Node"];
  await cluster.run(
    first,
    "resource",
    "create",
    "Shop",
    "--group",
    "Shop",
    "--type",
    "Generic Application",
    ...parameters,
  );
  const owner = await cluster.ownerOf("Shop");
  mkdirSync(join(settings(owner), "conf.d"), { recursive: true });
  writeFileSync(join(settings(owner), "greeting"), "first");
  writeFileSync(join(settings(owner), "conf.d", "secret"), "s", { mode: 0o600 });
  await cluster.run(first, "checkpoint", "add", "Shop", "--directory", path, "--exclude", "*.log");
  await cluster.run(first, "group", "online", "Shop");
  await waitFor(
    "Shop runs",
    () => started().length === 1,
    60_000,
    () => cluster.logs(),
  );
});

after(() => cluster.end());

async function current(node: NodeProcess): Promise<CheckpointView> {
  const [one] = JSON.parse(await cluster.run(node, "checkpoint", "list", "Shop", "--json")) as CheckpointView[];
  assert.ok(one);
  return one;
}

async function captured(node: NodeProcess, after: number): Promise<void> {
  await waitFor(
    "the change is a version",
    async () => (await current(node)).number > after,
    20_000,
    () => cluster.logs(),
  );
}

test("a changed file is a version soon, and the application fails over with it", async () => {
  const owner = await cluster.owner("Shop");
  const { number } = await current(owner);
  writeFileSync(join(settings(owner), "app.log"), "not a setting");
  writeFileSync(join(settings(owner), "greeting"), "second");
  await captured(owner, number);
  for (const node of cluster.others(owner)) {
    mkdirSync(settings(node), { recursive: true });
    writeFileSync(join(settings(node), "app.log"), `of ${node.name}`);
    writeFileSync(join(settings(node), "stray"), "by hand");
  }
  owner.signal("SIGKILL");
  await waitFor(
    "Shop runs elsewhere",
    () => started().length === 2,
    90_000,
    () => cluster.logs(),
  );
  assert.deepEqual(started(), ["first", "second"]);
  const next = await cluster.owner("Shop");
  assert.notEqual(next.name, owner.name);
  assert.deepEqual(readdirSync(settings(next)).sort(), ["app.log", "conf.d", "greeting"]);
  assert.equal(readFileSync(join(settings(next), "app.log"), "utf8"), `of ${next.name}`, "what is excluded stays");
  assert.equal(statSync(join(settings(next), "conf.d", "secret")).mode & 0o777, 0o600);
  assert.deepEqual(readdirSync(join(next.data, "apps", "shop")), ["settings"], "nothing is left beside it");
  const losers = await cluster.run(next, "checkpoint", "losers", "Shop");
  assert.match(losers, /apps\/shop\/settings/, "what was overwritten is kept");
  await cluster.whole();
});

test("a whole new folder put in its place by renaming, with a link in it, moves with the group", async () => {
  const owner = await cluster.owner("Shop");
  const { number } = await current(owner);
  const steps = [
    "mkdir new",
    "echo third >new/greeting",
    "ln -s greeting new/link",
    "mv settings old",
    "mv new settings",
    "rm -r old",
  ];
  const script = [`cd '${join(owner.data, "apps", "shop")}'`, ...steps].join(" && ");
  execFileSync("sh", ["-c", script]);
  await captured(owner, number);
  const [next] = cluster.others(owner);
  assert.ok(next);
  await cluster.run(owner, "group", "move", "Shop", next.name);
  await waitFor(
    "Shop runs there",
    () => started().length === 3,
    90_000,
    () => cluster.logs(),
  );
  assert.equal(started().at(-1), "third");
  assert.equal(readlinkSync(join(settings(next), "link")), "greeting");
  assert.ok(!existsSync(join(settings(next), "conf.d")));
});

test("a set holds it; verify, audit, inspect, history and revert know it", async () => {
  const owner = await cluster.owner("Shop");
  const audit = JSON.parse(await cluster.run(owner, "checkpoint", "audit", "Shop", "--json")) as AuditView[];
  assert.deepEqual(
    audit.map(({ kind, result }) => [kind, result]),
    [["directory", "ok"]],
  );
  const set = join(cluster.folder, "set");
  await cluster.run(owner, "backup", "DEMO", set);
  await cluster.run(owner, "verify", set);
  const { number } = await current(owner);
  const folder = readdirSync(set).find((name) => name.startsWith("{"));
  assert.ok(folder);
  const file = join(set, folder, `${number.toString(16).padStart(8, "0")}.CPD`);
  assert.match(await cluster.run(owner, "inspect", file), /link .*link → greeting/);
  const manifest = JSON.parse(readFileSync(join(set, "manifest.json"), "utf8")) as { checkpoints: { kind: string }[] };
  assert.ok(manifest.checkpoints.some(({ kind }) => kind === "CPD"));
  const history = JSON.parse(
    await cluster.run(owner, "checkpoint", "history", "Shop", "--directory", path, "--json"),
  ) as CheckpointView[];
  const [oldest] = history;
  assert.ok(oldest);
  await cluster.run(owner, "checkpoint", "revert", "Shop", String(oldest.number), "--directory", path);
  assert.equal(readFileSync(join(settings(owner), "greeting"), "utf8"), "first");
  const [next] = cluster.others(owner);
  assert.ok(next);
  await cluster.run(owner, "group", "move", "Shop", next.name);
  await waitFor(
    "Shop runs there",
    () => started().length === 4,
    90_000,
    () => cluster.logs(),
  );
  assert.equal(started().at(-1), "first");
});

test("a restore brings the folder of the set back, and keeps what it replaces", async () => {
  const owner = await cluster.owner("Shop");
  const { number } = await current(owner);
  writeFileSync(join(settings(owner), "greeting"), "fourth");
  await captured(owner, number);
  const leader = await cluster.leader();
  const count = started().length;
  await cluster.run(leader, "restore", join(cluster.folder, "set"), "force", "--yes");
  await cluster.whole();
  // A set that is older than the checkpoints leaves its groups offline until a person says so.
  await cluster.command(leader, ["group", "release", "Shop", "--yes"]);
  await waitFor(
    "Shop runs again",
    () => started().length > count,
    90_000,
    () => cluster.logs(),
  );
  assert.equal(started().at(-1), "third");
  const next = await cluster.owner("Shop");
  assert.equal(readFileSync(join(settings(next), "greeting"), "utf8"), "third\n");
});

test("what can't be replaced as a whole is refused with the reason", async () => {
  const owner = await cluster.owner("Shop");
  const add = (...more: readonly string[]): ReturnType<TestCluster["command"]> =>
    cluster.command(owner, ["checkpoint", "add", "Shop", "--directory", ...more]);
  const nested = await add(`${path}/conf.d`);
  assert.equal(nested.code, 9, nested.stderr);
  const kernel = await add("/proc/sys/kernel");
  assert.equal(kernel.code, 2, kernel.stderr);
  const ours = await add(join(owner.data, "registry"));
  assert.match(ours.stderr, /what clubar itself keeps/);
  execFileSync("sh", ["-c", `mkdir -p '${cluster.folder}/real/in' && ln -s real '${cluster.folder}/way'`]);
  const link = await add(join(cluster.folder, "way", "in"));
  assert.match(link.stderr, /symbolic link on the way.*real\/in/s);
  writeFileSync(join(cluster.folder, "real", "in", "big"), "x".repeat(2000));
  const large = await add(join(cluster.folder, "real", "in"), "--max-size", "1000");
  assert.match(large.stderr, /holds 2000 bytes, and this checkpoint takes 1000; the largest file is big/);
});
