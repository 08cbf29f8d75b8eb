/** SIGSTOP, for a while or past the limits, then SIGCONT: what was paused never runs beside its successor. */
import assert from "node:assert/strict";
import type { NodeProcess } from "../../src/daemon/demo/node-process.ts";
import { isAlive, kill } from "../../src/daemon/demo/own-processes.ts";
import { stage } from "./scenario.ts";
import { waitFor } from "./wait-for.ts";

const { cluster, app, scenario } = stage("pauses");

/** A third of the permit (4 s under these times), well within every limit. */
const short = 1300;

async function followingOwner(): Promise<NodeProcess> {
  const leader = await cluster.leader();
  if ((await cluster.owner("App")) === leader) {
    const [target] = cluster.others(leader);
    assert.ok(target);
    await cluster.run(leader, "group", "move", "App", target.name);
    await waitFor("App has moved", async () => (await cluster.owner("App")) === target, 60_000);
  }
  return cluster.owner("App");
}

async function notLedBy(node: NodeProcess): Promise<void> {
  const led = async (): Promise<boolean> => {
    const leader = (await cluster.status(cluster.others(node)))?.leader?.node;
    return leader !== undefined && leader !== node.name;
  };
  await waitFor(`another node than ${node.name} leads`, led, 60_000, () => cluster.describe());
}

scenario("the owner's service is paused for a while", async () => {
  const [before, owner] = [await app.running(), await cluster.owner("App")];
  owner.signal("SIGSTOP");
  await app.lives(before, short);
  owner.signal("SIGCONT");
  await cluster.whole();
  await app.lives(await app.running(), 500);
  assert.equal((await app.running()).instance, before.instance);
});

scenario("the owner's service is paused past the limits", async () => {
  const owner = await followingOwner();
  await app.change();
  const before = await app.running();
  owner.signal("SIGSTOP");
  await app.after(before);
  owner.signal("SIGCONT");
  await waitFor("the hung service was ended", () => !owner.isRunning(), 30_000);
});

scenario("the leader's service is paused past the limits", async () => {
  await followingOwner();
  await app.change();
  const [before, leader] = [await app.running(), await cluster.leader()];
  leader.signal("SIGSTOP");
  await notLedBy(leader);
  await app.lives(before, 500);
  leader.signal("SIGCONT");
  const setting = await app.change();
  assert.equal((await app.running()).instance, before.instance, `still the same run after ${setting}`);
});

scenario("host and service of the owner are paused for a while", async () => {
  const owner = await followingOwner();
  const [before, host] = [await app.running(), cluster.host(owner)];
  owner.signal("SIGSTOP");
  kill(host, "SIGSTOP");
  await app.lives(before, short);
  kill(host, "SIGCONT");
  owner.signal("SIGCONT");
  await cluster.whole();
  assert.equal((await app.running()).instance, before.instance);
});

scenario("host and service of the owner are paused past the limits", async () => {
  const owner = await followingOwner();
  await app.change();
  const [before, host] = [await app.running(), cluster.host(owner)];
  owner.signal("SIGSTOP");
  kill(host, "SIGSTOP");
  await app.after(before);
  kill(host, "SIGCONT");
  owner.signal("SIGCONT");
  await waitFor("the old host is gone", () => !isAlive(host), 30_000);
});

scenario("host and service of the leader are paused past the limits", async () => {
  await app.change();
  const [before, leader, owner] = [await app.running(), await cluster.leader(), await cluster.owner("App")];
  const host = cluster.host(leader);
  leader.signal("SIGSTOP");
  kill(host, "SIGSTOP");
  await notLedBy(leader);
  if (owner === leader) await app.after(before);
  else await app.lives(before, 500);
  kill(host, "SIGCONT");
  leader.signal("SIGCONT");
});
