/** Nodes that come and go in order. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { NodeProcess } from "../../src/daemon/demo/node-process.ts";
import { stage } from "./scenario.ts";
import { waitFor } from "./wait-for.ts";

const { cluster, app, scenario } = stage("membership");

scenario("`node stop` moves the groups in order and ends with 0", async () => {
  await app.change();
  const [before, owner] = [await app.running(), await cluster.owner("App")];
  await cluster.run(owner, "node", "stop", owner.name);
  assert.equal(await owner.exit, 0);
  const after = await app.after(before);
  assert.ok(app.history().runs.find((run) => run.instance === before.instance)?.stopped, "it was stopped politely");
  assert.notEqual((await cluster.owner("App")).name, owner.name);
  assert.ok(after.first > before.first);
  await waitFor(
    "nothing of the node is left",
    () => !cluster.own.scan().some((one) => one.command.includes(`${owner.data}/`)),
    30_000,
  );
});

scenario("SIGTERM does the same", async () => {
  const [before, owner] = [await app.running(), await cluster.owner("App")];
  assert.equal(await owner.stop(), 0);
  await app.after(before);
  assert.ok(app.history().runs.find((run) => run.instance === before.instance)?.stopped);
});

scenario("a drained node gives its groups away and gets none until it is resumed", async () => {
  const [before, owner] = [await app.running(), await cluster.owner("App")];
  await cluster.run(owner, "node", "pause", owner.name, "--drain");
  await app.after(before);
  const [other] = cluster.others(owner);
  assert.ok(other);
  const refused = await cluster.command(other, ["group", "move", "App", owner.name]);
  assert.notEqual(refused.code, 0, "a paused node takes no group");
  await cluster.run(other, "node", "resume", owner.name);
});

scenario("a node that is up is not evicted; an evicted one stays out and joins anew", async () => {
  const leader = await cluster.leader();
  const gone = cluster.others(leader, await cluster.owner("App"))[0];
  assert.ok(gone);
  const refused = await cluster.command(leader, ["node", "evict", gone.name, "--yes"]);
  assert.equal(refused.code, 3, refused.stderr);
  assert.equal(await gone.stop(), 0);
  const down = async (): Promise<boolean> =>
    (await cluster.status())?.nodes.find((node) => node.name === gone.name)?.state === "down";
  await waitFor(`${gone.name} is down`, down, 60_000, () => cluster.describe());
  await cluster.run(leader, "node", "evict", gone.name, "--yes");
  cluster.nodes.splice(cluster.nodes.indexOf(gone), 1);
  const evicted = new NodeProcess(gone.name, gone.data);
  evicted.start();
  assert.notEqual(await evicted.exit, 0);
  const again = await cluster.addNode("N4");
  assert.equal(again.data, join(cluster.folder, "N4"));
  await cluster.whole();
  await app.change();
});
