/** The quorum folder is emptied under three real nodes: nothing forms by itself; the newest copy is found, and forms it anew. */
import assert from "node:assert/strict";
import { readdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { Diagnosis } from "../../src/recovery/doctor.ts";
import { NodeProcess } from "../../src/daemon/demo/node-process.ts";
import { stage } from "./scenario.ts";
import { waitFor } from "./wait-for.ts";

const { cluster, app, scenario } = stage("lost-quorum");

function emptyQuorum(): void {
  for (const name of readdirSync(cluster.quorum)) rmSync(join(cluster.quorum, name), { recursive: true });
}

async function everybodyAlone(): Promise<void> {
  const alone = async (): Promise<boolean> => {
    const states = await Promise.all(cluster.nodes.map((node) => node.status()));
    return states.every((state) => state?.self.state === "alone");
  };
  await waitFor("every node is alone", alone, 60_000, () => cluster.describe());
}

scenario(
  "emptied under three nodes: force-quorum forms it from the newest copy, the application comes back",
  async () => {
    const [last] = app.history().runs.slice(-1);
    assert.ok(last);
    const owner = await cluster.owner("App");
    await cluster.run(owner, "group", "create", "Newest change");
    emptyQuorum();
    await everybodyAlone();
    const [node] = cluster.nodes;
    assert.ok(node);
    const says = async (): Promise<boolean> =>
      /no cluster.*clubar doctor/.test((await node.status())?.self.because ?? "");
    await waitFor("the service says what it sees", says, 30_000, () => cluster.describe());
    assert.deepEqual(readdirSync(cluster.quorum), [], "nobody wrote anything there");

    const doctor = await cluster.command(node, ["doctor", "--json"]);
    assert.equal(doctor.code, 6, doctor.stdout);
    const { newest, next, restore } = JSON.parse(doctor.stdout) as Diagnosis;
    assert.match(newest?.where ?? "", /^node N[123]$/);
    assert.equal(restore.needed, "no");
    assert.ok(
      next.some(({ command }) => command === `clubar --data ${node.data} cluster force-quorum --plan`),
      JSON.stringify(next),
    );
    const plan = await cluster.run(node, "cluster", "force-quorum", "--plan");
    assert.match(plan, /Database from: ClusDb of node N/);
    assert.match(plan, /LOST: nobody has the file of checkpoint SOFTWARE\\App/);
    assert.deepEqual(readdirSync(cluster.quorum), []);
    assert.equal((await cluster.command(node, ["cluster", "force-quorum"])).code, 3, "nobody to ask");
    await cluster.run(node, "cluster", "force-quorum", "--yes");
    await cluster.whole();
    const status = await cluster.status();
    assert.ok(
      status?.groups.some(({ name }) => name === "Newest change"),
      "the newest change is there",
    );
    assert.match(status?.tag ?? "", /^2:/);
    await app.after(last);
    assert.equal((await cluster.owner("App")).name, owner.name, "only where its settings are the newest");
    await cluster.run(node, "recover", "checkpoints", "--all", "--yes");
    const after = await cluster.command(node, ["doctor"]);
    assert.equal(after.code, 0, after.stdout);
  },
);

scenario("another, empty folder: the nodes that run alone are told, the application comes back", async () => {
  const [last] = app.history().runs.slice(-1);
  assert.ok(last);
  const [node] = cluster.nodes;
  assert.ok(node);
  const elsewhere = join(cluster.folder, "quorum-2");
  const living = await cluster.command(node, ["cluster", "force-quorum", "--quorum", elsewhere, "--force", "--plan"]);
  assert.equal(living.code, 9, "refused while the cluster lives, even with force");
  assert.match(living.stderr, /The cluster lives in/);
  rmSync(cluster.quorum, { recursive: true });
  await everybodyAlone();
  const said = await cluster.run(node, "cluster", "force-quorum", "--quorum", elsewhere, "--yes");
  assert.match(said, /Node N2 uses .*quorum-2 from now on/);
  await cluster.whole();
  assert.match((await cluster.status())?.cluster.quorum ?? "", /quorum-2$/);
  await app.after(last);
});

scenario("a set older than the live settings: the group is held until they are made the checkpoint", async () => {
  const leader = await cluster.leader();
  const set = join(cluster.folder, "set");
  await cluster.run(leader, "recover", "checkpoints", "--all", "--yes");
  await cluster.run(leader, "backup", "DEMO", set);
  const owner = await cluster.owner("App");
  const [last] = app.history().runs.slice(-1);
  assert.ok(last);
  const newest = await app.change();
  await cluster.run(leader, "restore", set, "force", "--yes");
  await cluster.whole();
  const held = await cluster.ownerOf("App", ["offline"]);
  assert.equal(held.name, owner.name, "where its settings are the newest");
  assert.match(await cluster.run(leader, "status"), /HELD: the restored checkpoints are older/);
  const doctor = await cluster.command(leader, ["doctor"]);
  assert.equal(doctor.code, 4, doctor.stdout);
  assert.match(doctor.stdout, /Group "App" is held/);
  const early = await cluster.command(leader, ["group", "online", "App"]);
  assert.equal(early.code, 9, early.stderr);
  await cluster.run(leader, "recover", "checkpoints", "--all", "--delete-first", "--yes");
  await cluster.run(leader, "group", "release", "--all");
  assert.equal((await app.after(last)).setting, newest, "the live settings were kept");
});

scenario("at start: --reset-quorum-log forms an emptied quorum anew, and has no effect on one in order", async () => {
  const [last] = app.history().runs.slice(-1);
  assert.ok(last);
  for (const node of cluster.nodes) await node.stop();
  const [node] = cluster.nodes;
  assert.ok(node);
  const { quorum } = JSON.parse(readFileSync(join(node.data, "node.json"), "utf8")) as { quorum: string };
  for (const name of readdirSync(quorum)) rmSync(join(quorum, name), { recursive: true });
  node.start();
  assert.equal(await node.exit, 8, "nothing forms on it by itself");
  assert.deepEqual(readdirSync(quorum), []);
  const starting = new NodeProcess(node.name, node.data, ["--reset-quorum-log", "--yes"]);
  cluster.nodes[0] = starting;
  starting.start();
  await cluster.leads(starting);
  await cluster.whole();
  await app.after(last);
  await starting.stop();
  starting.start();
  await cluster.whole();
  assert.match(readFileSync(`${node.data}.out`, "utf8"), /in order; --reset-quorum-log has no effect/);
});

scenario("a data folder that is taken away under its service is noticed", async () => {
  const leader = await cluster.leader();
  const [node] = cluster.others(leader);
  assert.ok(node);
  renameSync(node.data, `${node.data}.away`);
  assert.equal(await node.exit, 8);
  assert.match(readFileSync(`${node.data}.out`, "utf8"), /was taken away or replaced under the running service/);
  rmSync(node.data, { recursive: true, force: true });
  renameSync(`${node.data}.away`, node.data);
});
