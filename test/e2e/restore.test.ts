/** Backup, wreck, restore, with nodes that run. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { clubar } from "../../src/daemon/demo/node-process.ts";
import { stage } from "./scenario.ts";
import { waitFor } from "./wait-for.ts";

const { cluster, app, scenario } = stage("restore");
const set = join(cluster.folder, "set");

async function generation(): Promise<number> {
  return Number((await cluster.status())?.tag.split(":")[0] ?? 0);
}

scenario("two backups at once: one is refused or both are good", async () => {
  const [first, second] = cluster.nodes;
  assert.ok(first && second);
  const results = await Promise.all([
    cluster.command(first, ["backup", "DEMO", set]),
    cluster.command(second, ["backup", "DEMO", set]),
  ]);
  const codes = results.map(({ code }) => code);
  assert.ok(codes.includes(0) && codes.every((code) => code === 0 || code === 10), JSON.stringify(results));
  await cluster.run(first, "verify", set);
});

scenario("a restore is refused while others run, and done with force; the others rejoin", async () => {
  const kept = await app.change();
  const leader = await cluster.leader();
  await cluster.run(leader, "backup", "DEMO", set);
  await cluster.run(leader, "verify", set);
  await cluster.run(leader, "group", "create", "Made after the backup");
  await cluster.run(leader, "group", "offline", "App", "--wait");
  await cluster.run(leader, "resource", "delete", "App", "--yes");
  await cluster.run(leader, "group", "delete", "App");
  const before = await generation();
  const [last] = app.history().runs.slice(-1);
  assert.ok(last);

  const refused = await cluster.command(leader, ["restore", set, "noforce", "--yes"]);
  assert.equal(refused.code, 3, refused.stderr);
  assert.match(refused.stderr, /5056|running|run/i);
  assert.equal(await generation(), before, "the refusal changed nothing");

  await cluster.run(leader, "restore", set, "force", "--yes");
  assert.ok((await generation()) > before);
  await cluster.whole();
  const run = await app.after(last);
  assert.equal(run.setting, kept);
  const names = (await cluster.status())?.groups.map((group) => group.name) ?? [];
  assert.ok(!names.includes("Made after the backup"), names.join());
});

scenario("a damaged set is refused and changes nothing", async () => {
  const leader = await cluster.leader();
  const before = await generation();
  const broken = join(cluster.folder, "broken");
  await cluster.run(leader, "backup", "DEMO", broken);
  const folder = readdirSync(broken, { recursive: true, withFileTypes: true });
  const file = folder.find((entry) => entry.isFile() && entry.name.endsWith(".CPT"));
  assert.ok(file, "the set holds the checkpoint file");
  const path = join(file.parentPath, file.name);
  const bytes = readFileSync(path);
  bytes[bytes.length - 100]! ^= 1;
  writeFileSync(path, bytes);
  assert.equal((await cluster.command(leader, ["verify", broken])).code, 5);
  const refused = await cluster.command(leader, ["restore", broken, "force", "--yes"]);
  assert.equal(refused.code, 5, refused.stderr);
  assert.equal(await generation(), before);
});

scenario("whoever asked for a restore dies in the middle: the cluster is the old one or the restored one", async () => {
  const leader = await cluster.leader();
  await cluster.run(leader, "backup", "DEMO", set);
  const before = await generation();
  const [last] = app.history().runs.slice(-1);
  assert.ok(last);
  const [program = "", ...first] = clubar;
  const command = spawn(program, [...first, "--data", leader.data, "restore", set, "force", "--yes"], {
    stdio: "ignore",
  });
  const ended = new Promise((resolve) => command.once("exit", resolve));
  const begun = async (): Promise<boolean> =>
    ["restoring", "starting", undefined].includes((await leader.status())?.self.state);
  await waitFor(
    "the restore has begun or the command has ended",
    async () => command.exitCode !== null || (await begun()),
    60_000,
  );
  command.kill("SIGKILL");
  await ended;
  const settled = async (): Promise<boolean> =>
    ["leader", "member"].includes((await leader.status())?.self.state ?? "");
  await waitFor("the restoring node is back", settled, 60_000, () => cluster.describe());
  await cluster.whole();
  await cluster.owner("App");
  assert.ok((await generation()) >= before);
});
