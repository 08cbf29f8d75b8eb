/** VSS with real nodes: the whole cluster is rolled back by an authoritative restore; and what is refused. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { clubar, NodeProcess } from "../../src/daemon/demo/node-process.ts";
import { stage } from "./scenario.ts";
import { waitFor } from "./wait-for.ts";

const { cluster, app, scenario } = stage("vss-cluster");
const set = join(cluster.folder, "vss-set");

async function generation(): Promise<number> {
  return Number((await cluster.status())?.tag.split(":")[0] ?? 0);
}

/** A restore of an older state holds groups whose settings are newer elsewhere. */
async function release(node: NodeProcess): Promise<void> {
  const held = (await cluster.status())?.groups.some((group) => group.held !== null);
  if (held === true) await cluster.run(node, "group", "release", "--all");
}

scenario(
  "authoritative: refused while another node runs; then the whole cluster goes back in time and the others follow",
  async () => {
    const leader = await cluster.leader();
    const kept = await app.change();
    await cluster.run(leader, "vss", "backup", set);
    await cluster.run(leader, "group", "create", "Made after the backup");
    const owner = await cluster.owner("App");
    await cluster.run(owner, "reg", "add", "HKLM\\SOFTWARE\\App", "--value", "SETTING", "--data", "rolled-back");
    const before = await generation();
    const refused = await cluster.command(leader, ["vss", "restore", set, "--authoritative", "--yes"]);
    assert.equal(refused.code, 3, refused.stderr);
    assert.match(refused.stderr, /runs the cluster service/);
    assert.equal(await generation(), before);
    assert.ok(!existsSync(join(leader.data, "node-restore", "plan.json")));

    const others = cluster.others(leader);
    for (const other of others) assert.equal(await other.stop(), 0);
    await cluster.owner("App");
    const [last] = app.history().runs.slice(-1);
    assert.ok(last);
    await cluster.run(leader, "vss", "restore", set, "--authoritative", "--yes");
    assert.ok((await generation()) > before);
    await cluster.whole();
    await release(leader);
    const run = await app.after(last);
    assert.equal(run.setting, kept);
    const names = (await cluster.status())?.groups.map((group) => group.name) ?? [];
    assert.ok(!names.includes("Made after the backup"), names.join());
  },
);

scenario("authoritative without a running service, and another cluster's set", async () => {
  const leader = await cluster.leader();
  await app.change();
  await cluster.run(leader, "vss", "backup", set);
  await cluster.run(leader, "group", "create", "Made after it");
  const before = await generation();
  for (const node of cluster.nodes) await node.stop();
  const alone = join(cluster.folder, "stand-alone");
  const told = JSON.parse(await cluster.run(leader, "vss", "backup", alone, "--json")) as Record<string, unknown>;
  assert.deepEqual([told["nodeClusterState"], told["clusterTag"]], [3, null]);
  assert.equal((await cluster.command(leader, ["vss", "restore", alone, "--authoritative", "--yes"])).code, 2);

  const foreign = new NodeProcess("X1", join(cluster.folder, "X1"));
  const words = ["cluster", "create", "OTHER", "--node", "X1", "--quorum", join(cluster.folder, "other-quorum")];
  await cluster.run(foreign, ...words);
  const theirs = join(cluster.folder, "their-set");
  await cluster.run(foreign, "vss", "backup", theirs);
  const wrong = await cluster.command(leader, ["vss", "restore", theirs, "--yes"]);
  assert.notEqual(wrong.code, 0);
  assert.match(wrong.stderr, /instance|node/i);

  await cluster.run(leader, "vss", "restore", set, "--authoritative", "--yes");
  await cluster.whole();
  assert.ok((await generation()) > before);
  const names = (await cluster.status())?.groups.map((group) => group.name) ?? [];
  assert.ok(!names.includes("Made after it"), names.join());
  await release(leader);
});

scenario(
  "node and command are killed in the middle: the next start of the node finishes the authoritative restore",
  async () => {
    const leader = await cluster.leader();
    const kept = await app.change();
    await cluster.run(leader, "vss", "backup", set);
    const owner = await cluster.owner("App");
    await cluster.run(owner, "reg", "add", "HKLM\\SOFTWARE\\App", "--value", "SETTING", "--data", "rolled-back");
    const before = await generation();
    for (const other of cluster.others(leader)) assert.equal(await other.stop(), 0);
    await cluster.owner("App");
    const [last] = app.history().runs.slice(-1);
    assert.ok(last);
    const [program = "", ...first] = clubar;
    const words = ["--data", leader.data, "vss", "restore", set, "--authoritative", "--no-hold", "--yes"];
    const command = spawn(program, [...first, ...words], { stdio: "ignore" });
    const ended = new Promise((resolve) => command.once("exit", resolve));
    const staged = (): boolean => existsSync(join(leader.data, "node-restore", "plan.json"));
    await waitFor("it is decided", () => command.exitCode !== null || staged(), 60_000);
    leader.signal("SIGKILL");
    command.kill("SIGKILL");
    await Promise.all([leader.exit, ended]);
    leader.start();
    await cluster.leads(leader);
    await waitFor(
      "the cluster is restored",
      async () => (await generation()) > before,
      60_000,
      () => cluster.describe(),
    );
    assert.ok(!staged());
    await cluster.whole();
    assert.equal((await app.after(last)).setting, kept);
  },
);
