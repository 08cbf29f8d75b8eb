/** The quorum folder is emptied under three real nodes: nothing forms by itself; the newest copy is found, and forms it anew. */
import assert from "node:assert/strict";
import { readdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { Diagnosis } from "../../src/recovery/doctor.ts";
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
