/** Five things that a newcomer tries first, and what clubar answers. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { existsSync, readFileSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { clubar, NodeProcess } from "../../src/daemon/demo/node-process.ts";
import { kill } from "../../src/daemon/demo/own-processes.ts";
import { TestCluster } from "./cluster.ts";
import { stage } from "./scenario.ts";
import { waitFor } from "./wait-for.ts";

const { cluster, app, scenario } = stage("newcomer");
const set = join(cluster.folder, "set");

async function generation(): Promise<number> {
  return Number((await cluster.status())?.tag.split(":")[0] ?? 0);
}

scenario("a set whose folder lies on another node: it says where it was looked for", async () => {
  const [node] = cluster.nodes;
  assert.ok(node);
  const { code, stderr } = await cluster.command(node, ["r", "/only/on/n2/set", "noforce", "--yes"]);
  assert.equal(code, 8, stderr);
  assert.match(stderr, /no folder \/only\/on\/n2\/set on node N1/);
  assert.match(stderr, /Is it on another node\?/);
});

scenario("another cluster's set is refused, unless its identity is adopted on purpose", async () => {
  const leader = await cluster.leader();
  await cluster.run(leader, "backup", "DEMO", set);
  const stranger = new TestCluster("stranger");
  try {
    const first = await stranger.addNode("N1", ["create", "OTHER"]);
    await stranger.leads(first);
    const refused = await stranger.command(first, ["restore", set, "noforce", "--yes"]);
    assert.equal(refused.code, 3, refused.stderr);
    assert.match(refused.stderr, /The set is of the cluster DEMO/);
    assert.match(refused.stderr, /--adopt-identity/);
    assert.equal((await first.status())?.cluster.name, "OTHER");
    // The nodes of the set can't be found stopped: they run, in their own cluster.
    const running = await stranger.command(first, ["restore", set, "noforce", "--adopt-identity", "--plan"]);
    assert.match(`${running.stdout}${running.stderr}`, /never run it beside the cluster that it came from/);
    await stranger.run(first, "restore", set, "force", "--adopt-identity", "--yes");
    const adopted = async (): Promise<boolean> => {
      const status = await first.status();
      return status?.cluster.name === "DEMO" && status.self.state === "leader";
    };
    await waitFor("it leads under the adopted identity", adopted, 60_000, () => stranger.describe());
    assert.equal((await cluster.status())?.leader?.node, leader.name, "the other cluster goes on");
  } finally {
    await stranger.end();
  }
});

scenario("Ctrl-C in the middle of a restore: the next start finishes it or gives it up, and says which", async () => {
  const leader = await cluster.leader();
  await cluster.run(leader, "backup", "DEMO", set);
  let interrupted = 0;
  for (let attempt = 0; attempt < 8 && interrupted === 0; attempt++) {
    for (const node of cluster.nodes) await node.stop();
    const [program = "", ...first] = clubar;
    const child = spawn(program, [...first, "--data", leader.data, "restore", set, "noforce", "--yes"], {
      stdio: ["ignore", "ignore", "pipe"],
    });
    let said = "";
    child.stderr.setEncoding("utf8").on("data", (text: string) => (said += text));
    const ended = new Promise<number | null>((resolve) => child.once("close", resolve));
    const plan = join(leader.data, "restore", "plan.json");
    while (!existsSync(plan) && child.exitCode === null) await sleep(1);
    child.kill("SIGINT");
    const code = await ended;
    const half = existsSync(plan);
    if (half) {
      interrupted++;
      assert.equal(code, 130, said);
      assert.match(said, /finishes it, or gives it up .*says which/s);
      const doctor = await cluster.command(leader, ["doctor"]);
      assert.equal(doctor.code, 75, doctor.stdout);
      assert.match(doctor.stdout, /A restore from .* is unfinished/);
    } else assert.equal(code, 0, said);
    leader.start();
    await cluster.leads(leader);
    if (half)
      assert.match(readFileSync(`${leader.data}.out`, "utf8"), /restore that was cut off is (finished|given up)/);
    await cluster.whole();
  }
  assert.ok(interrupted > 0, "no attempt was interrupted in the middle");
  await cluster.owner("App");
});

scenario("force with a dead node: noforce names it, force goes on without it", async () => {
  await app.running();
  const leader = await cluster.leader();
  await cluster.run(leader, "backup", "DEMO", set);
  const [dead] = cluster.others(leader, await cluster.owner("App"));
  assert.ok(dead);
  const before = await generation();
  const host = cluster.host(dead);
  dead.signal("SIGKILL");
  kill(host, "SIGKILL");
  await dead.exit;
  const away = `${dead.data}.away`;
  renameSync(dead.data, away);
  try {
    const refused = await cluster.command(leader, ["restore", set, "noforce", "--yes"]);
    assert.equal(refused.code, 3, refused.stderr);
    assert.match(refused.stderr, new RegExp(`confirm-down`));
    assert.match(refused.stderr, new RegExp(`${dead.name}`));
    assert.equal(await generation(), before);
    await cluster.run(leader, "restore", set, "force", "--yes");
    assert.ok((await generation()) > before);
    await cluster.owner("App");
  } finally {
    rmSync(dead.data, { recursive: true, force: true });
    renameSync(away, dead.data);
  }
});

scenario("a set older than a node's eviction: the node stays evicted", async () => {
  const leader = await cluster.leader();
  await cluster.run(leader, "backup", "DEMO", set);
  const [gone] = cluster.others(leader);
  assert.ok(gone instanceof NodeProcess);
  await cluster.run(leader, "node", "stop", gone.name, "--yes");
  await gone.exit;
  await cluster.run(leader, "node", "evict", gone.name, "--yes");
  const plan = await cluster.command(leader, ["restore", set, "force", "--plan"]);
  assert.match(plan.stdout, new RegExp(`Node ${gone.name} was evicted after the backup and stays evicted`));
  await cluster.run(leader, "restore", set, "force", "--yes");
  const names = async (): Promise<readonly string[]> =>
    (await cluster.status([leader]))?.nodes.map(({ name }) => name) ?? [];
  await waitFor("the restored cluster is there", async () => (await names()).length > 0, 60_000);
  assert.ok(!(await names()).includes(gone.name), (await names()).join());
  gone.start();
  assert.equal(await gone.exit, 8, "its service ends: it has no place in the cluster");
  const doctor = await cluster.command(gone, ["doctor"]);
  assert.equal(doctor.code, 8, doctor.stdout);
  assert.match(doctor.stdout, /was evicted/);
  cluster.nodes.splice(cluster.nodes.indexOf(gone), 1);
});
