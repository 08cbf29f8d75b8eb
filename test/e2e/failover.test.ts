/** SIGKILL of what a node is made of: the application is on another node, once, with the newest acknowledged setting. */
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { NodeProcess } from "../../src/daemon/demo/node-process.ts";
import { identify, isAlive, kill } from "../../src/daemon/demo/own-processes.ts";
import { stage } from "./scenario.ts";
import { waitFor } from "./wait-for.ts";

const { cluster, app, scenario } = stage("failover");
const downBecause = async (node: NodeProcess): Promise<string | null | undefined> =>
  (await cluster.status(cluster.others(node)))?.nodes.find(({ name }) => name === node.name)?.downBecause;

const stubborn = fileURLToPath(new URL("../programs/stubborn.sh", import.meta.url));

scenario("SIGKILL of the owner's service", async () => {
  const [before, owner] = [await app.running(), await cluster.owner("App")];
  const host = cluster.host(owner);
  await app.change(owner);
  owner.signal("SIGKILL");
  await app.after(before);
  assert.notEqual((await cluster.owner("App")).name, owner.name);
  await waitFor("the old host ends after its proof", () => !isAlive(host), 30_000);
});

scenario("SIGKILL of the leader's service", async () => {
  const [before, owner, leader] = [await app.running(), await cluster.owner("App"), await cluster.leader()];
  await app.change(owner);
  leader.signal("SIGKILL");
  await waitFor(
    "somebody else leads",
    async () => (await cluster.status(cluster.others(leader)))?.leader?.node !== leader.name,
    60_000,
  );
  if (owner === leader) await app.after(before);
  else await app.lives(before, 1000);
});

scenario("SIGKILL of the service of a node that is leader and owner", async () => {
  const leader = await cluster.leader();
  if ((await cluster.owner("App")) !== leader) await cluster.run(leader, "group", "move", "App", leader.name);
  await waitFor("the leader owns App", async () => (await cluster.owner("App")) === leader, 60_000);
  const before = await app.running();
  await app.change(leader);
  leader.signal("SIGKILL");
  await app.after(before);
});

scenario("SIGKILL of host and service together", async () => {
  const [before, owner] = [await app.running(), await cluster.owner("App")];
  const host = cluster.host(owner);
  await app.change(owner);
  owner.signal("SIGKILL");
  kill(host, "SIGKILL");
  await app.after(before);
  assert.equal(await downBecause(owner), "gone");
});

scenario("SIGKILL of host and service of a node that is leader and owner", async () => {
  const leader = await cluster.leader();
  if ((await cluster.owner("App")) !== leader) await cluster.run(leader, "group", "move", "App", leader.name);
  await waitFor("the leader owns App", async () => (await cluster.owner("App")) === leader, 60_000);
  const before = await app.running();
  const host = cluster.host(leader);
  await app.change(leader);
  leader.signal("SIGKILL");
  kill(host, "SIGKILL");
  await app.after(before);
  assert.equal(await downBecause(leader), "gone");
});

scenario(
  "a program that forks twice, leaves its session and ignores signals is gone with host and service",
  async () => {
    const [owner] = cluster.nodes;
    assert.ok(owner);
    const lock = join(cluster.folder, "stubborn.lock");
    const line = `/bin/sh "${stubborn}" "${join(cluster.folder, "stubborn.places")}" "${lock}"`;
    await cluster.run(owner, "group", "create", "Stubborn");
    await cluster.run(
      owner,
      "resource",
      "create",
      "Stubborn",
      "--group",
      "Stubborn",
      "--type",
      "Generic Application",
      `CommandLine=${line}`,
    );
    await cluster.run(owner, "group", "online", "Stubborn");
    const home = await cluster.owner("Stubborn");
    await waitFor("it holds its lock", () => existsSync(`${lock}.held`), 60_000);
    const its = cluster.own.scan().filter((one) => one.command.includes(lock));
    assert.ok(its.length >= 3, `its processes are seen: ${its.map((one) => one.command).join("; ")}`);
    const host = cluster.host(home);
    home.signal("SIGKILL");
    kill(host, "SIGKILL");
    await waitFor("all its processes are gone", () => its.every((one) => !isAlive(one)), 60_000);
    await waitFor("it is online elsewhere", async () => (await cluster.owner("Stubborn")) !== home, 60_000);
    await cluster.run(await cluster.owner("Stubborn"), "group", "offline", "Stubborn");
    assert.equal(identify(its[0]?.pid ?? 0)?.started === its[0]?.started, false);
  },
);
