/** VSS with real nodes: a backup while everything runs, a wiped node, a damaged registry, kills in the middle. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { appendFileSync, cpSync, existsSync, readdirSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { callApi } from "../../src/daemon/demo/api-call.ts";
import { clubar, type NodeProcess } from "../../src/daemon/demo/node-process.ts";
import { stage } from "./scenario.ts";
import { waitFor } from "./wait-for.ts";

const { cluster, app, scenario } = stage("vss");
const set = join(cluster.folder, "vss-set");
const key = "HKLM\\SOFTWARE\\Own";

/** A setting of one node that no checkpoint has. */
function own(node: NodeProcess, word: string): Promise<string> {
  return cluster.run(node, "reg", "add", key, "--value", "Word", "--data", word);
}

async function ownOf(node: NodeProcess): Promise<string | undefined> {
  return /Word\s+REG_SZ\s+(\S+)/.exec(await cluster.run(node, "reg", "query", key))?.[1];
}

/** The service is killed; its host kills, proves and ends. */
async function die(node: NodeProcess): Promise<void> {
  node.signal("SIGKILL");
  await node.exit;
  const left = (): boolean => cluster.own.scan().some((one) => one.command.includes(`${node.data}/`));
  await waitFor(`nothing of ${node.name} is left`, () => !left() && cluster.own.host(node.data) === undefined, 60_000);
}

scenario("a backup of a running node disturbs nothing, is whole, closed to others, and of that very node", async () => {
  const run = await app.running();
  const owner = await cluster.owner("App");
  const other = cluster.others(owner)[0];
  assert.ok(other);
  await own(owner, "first");
  const [answer] = await Promise.all([
    cluster.run(other, "vss", "backup", set, "--node", owner.name, "--json"),
    app.change(owner),
  ]);
  const told = JSON.parse(answer) as Record<string, unknown>;
  assert.deepEqual([told["node"], told["cluster"], told["nodeClusterState"]], [owner.name, "DEMO", 19]);
  await app.lives(run, 1000);
  await cluster.run(owner, "verify", set);
  assert.match(await cluster.run(owner, "inspect", set), /running: a cluster/);
  assert.equal(statSync(set).mode & 0o777, 0o700);
  for (const entry of readdirSync(set, { recursive: true, withFileTypes: true })) {
    const mode = statSync(join(entry.parentPath, entry.name)).mode & 0o777;
    const isMarker = entry.name === "Vssbackup.dat" || entry.name === "Clusbackup.dat";
    assert.equal(mode, entry.isDirectory() ? 0o700 : isMarker ? 0o444 : 0o600, entry.name);
  }
  assert.match(await cluster.run(owner, "vss", "list", "writers"), /41e12264-35d8-479b-8e5c-9b23d1dad37e/);
  assert.match(await cluster.run(owner, "vss", "list", "shadows"), /no shadow copies/);
});

scenario("a requester that is killed while the node is frozen blocks nobody", async () => {
  const owner = await cluster.owner("App");
  const [program = "", ...first] = clubar;
  const before = await cluster.run(owner, "inspect", set, "--json");
  for (let tries = 0; tries < 3; tries++) {
    const command = spawn(program, [...first, "--data", owner.data, "vss", "backup", set], { stdio: "ignore" });
    const ended = new Promise((resolve) => command.once("exit", resolve));
    await waitFor(
      "it has begun",
      () => command.exitCode !== null || readdirSync(set).some((name) => name.startsWith(".new-")),
      60_000,
    );
    command.kill("SIGKILL");
    await ended;
  }
  await cluster.run(owner, "verify", set);
  assert.ok(before.length > 0);
  // At most a minute later people's changes go on, and the next backup clears what is left.
  await own(owner, "first");
  await cluster.run(owner, "vss", "backup", set);
});

scenario(
  "nobody thaws: failover goes on, a person's change waits and is made when the freeze ends by itself",
  async () => {
    const owner = await cluster.owner("App");
    const run = await app.running();
    const { status } = await callApi(owner.data, "POST", "/api/v1/vss/freeze", {
      timeoutMs: 10_000,
      body: { limitMs: 20_000 },
    });
    assert.equal(status, 200);
    let isMade = false;
    const change = own(owner, "waited").then(() => (isMade = true));
    const other = cluster.others(owner)[0];
    assert.ok(other);
    await cluster.run(owner, "group", "move", "App", other.name, "--wait");
    await app.after(run);
    const back = await app.running();
    await cluster.run(owner, "group", "move", "App", owner.name, "--wait");
    await app.after(back);
    assert.equal(isMade, false, "the change waited for longer than two moves");
    const second = await cluster.command(owner, ["vss", "backup", set]);
    assert.equal(second.code, 75, second.stderr);
    await change;
    assert.equal(await ownOf(owner), "waited");
  },
);

scenario("a node's disk is wiped: node restore, it joins, and has the newest setting of the application", async () => {
  const leader = await cluster.leader();
  const node = cluster.others(leader)[0];
  assert.ok(node);
  await own(node, "kept");
  await cluster.run(node, "vss", "backup", set);
  await own(node, "lost");
  await app.change();
  await die(node);
  rmSync(node.data, { recursive: true });
  const refused = await cluster.command(leader, ["vss", "restore", set, "--yes"]);
  assert.equal(refused.code, 3, `another node's set: ${refused.stderr}`);
  const plan = await cluster.run(node, "vss", "restore", set, "--plan");
  assert.match(plan, /holds no node/);
  assert.ok(!existsSync(node.data), "planning changes nothing");
  assert.equal((await cluster.command(node, ["vss", "restore", set])).code, 3, "nobody to ask");
  const both = await Promise.all([1, 2].map(() => cluster.command(node, ["vss", "restore", set, "--yes"])));
  assert.ok(
    both.some(({ code }) => code === 0),
    JSON.stringify(both),
  );
  assert.ok(
    both.every(({ code }) => [0, 9, 10].includes(code)),
    JSON.stringify(both),
  );
  await cluster.whole();
  assert.equal(await ownOf(node), "kept");
  const run = await app.running();
  await cluster.run(leader, "group", "move", "App", node.name, "--wait");
  await app.after(run);
});

scenario("a damaged registry stops a service; the node restore cures it", async () => {
  const leader = await cluster.leader();
  const node = cluster.others(leader)[0];
  assert.ok(node);
  await own(node, "good");
  await cluster.run(node, "vss", "backup", set);
  assert.equal(await node.stop(), 0);
  appendFileSync(join(node.data, "registry", "SYSTEM"), "damage");
  node.start();
  assert.notEqual(await node.exit, 0);
  const torn = join(cluster.folder, "torn");
  cpSync(set, torn, { recursive: true });
  rmSync(join(torn, "Vssbackup.dat"));
  assert.equal((await cluster.command(node, ["vss", "restore", torn, "--yes"])).code, 5);
  await cluster.run(node, "vss", "restore", set, "--yes");
  await cluster.whole();
  assert.equal(await ownOf(node), "good");
});

scenario(
  "a running node gets its files when it starts; a restore that is killed is finished or begun again",
  async () => {
    const leader = await cluster.leader();
    const node = cluster.others(leader)[0];
    assert.ok(node);
    await own(node, "before");
    await cluster.run(node, "vss", "backup", set);
    await own(node, "after");
    await cluster.run(node, "vss", "restore", set, "--yes", "--later");
    assert.equal(await ownOf(node), "after", "nothing changes before the start");
    assert.match(await cluster.run(node, "vss", "staged"), /waits|Staged/);
    assert.equal((await cluster.command(node, ["vss", "restore", set, "--yes"])).code, 9, "one is staged");
    await cluster.run(node, "vss", "staged", "--discard", "--yes");
    const [program = "", ...first] = clubar;
    const command = spawn(program, [...first, "--data", node.data, "vss", "restore", set, "--yes"], {
      stdio: "ignore",
    });
    const ended = new Promise((resolve) => command.once("exit", resolve));
    const staged = join(node.data, "node-restore", "plan.json");
    await waitFor("it is staged", () => command.exitCode !== null || existsSync(staged), 60_000);
    command.kill("SIGKILL");
    await ended;
    await cluster.whole();
    if (existsSync(staged)) {
      assert.equal(await node.stop(), 0);
      await cluster.whole();
    }
    await waitFor("the files are in place", async () => (await ownOf(node)) === "before", 60_000);
    await own(node, "after");
    await cluster.run(node, "vss", "restore", set, "--yes");
    assert.equal(await ownOf(node), "before");
    assert.ok(node.isRunning(), "stopped and started within its process");
    await cluster.whole();
  },
);
