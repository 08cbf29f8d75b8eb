import assert from "node:assert/strict";
import { test } from "node:test";
import type { Connection, Outside } from "../base/outside.ts";
import { createWorld, type World } from "./world.ts";

const bytes = (s: string): Uint8Array => new TextEncoder().encode(s);
const text = (b: Uint8Array): string => new TextDecoder().decode(b);

async function echo(
  world: World,
): Promise<{ client: Outside; connection: Connection; got: string[]; closed: () => boolean }> {
  const [server, client] = [world.outside("m1", "server"), world.outside("m2", "client")];
  await world.complete(server.net.listen("/quorum/s", (each) => each.onFrame((frame) => each.send(frame))));
  const connection = await world.complete(client.net.connect("/quorum/s"));
  const got: string[] = [];
  let isClosed = false;
  connection.onFrame((frame) => got.push(text(frame)));
  connection.onClose(() => {
    isClosed = true;
  });
  return { client, connection, got, closed: () => isClosed };
}

test("frames keep their order, late ones included", async () => {
  const world = createWorld({ seed: 1, machines: ["m1", "m2"], network: { lateChance: 0.3 } });
  const { connection, got } = await echo(world);
  const sent = Array.from({ length: 50 }, (_, i) => String(i));
  for (const each of sent) connection.send(bytes(each));
  await world.run({ until: 60_000, when: () => got.length === 50 });
  assert.deepEqual(got, sent);
});

test("a one-way cut holds frames back until it is healed", async () => {
  const world = createWorld({ seed: 1, machines: ["m1", "m2"], network: { breaksAfter: [5000, 6000] } });
  const { connection, got, closed } = await echo(world);
  const heal = world.network.cut("m1", "m2");
  connection.send(bytes("x"));
  await world.run({ until: world.now + 1000 });
  assert.deepEqual(got, []);
  heal();
  await world.run({ until: world.now + 100 });
  assert.deepEqual(got, ["x"]);
  assert.equal(closed(), false);
});

test("a slow way holds up what goes along it, in order, until it is as before", async () => {
  const world = createWorld({ seed: 1, machines: ["m1", "m2"] });
  const { connection, got } = await echo(world);
  const undo = world.network.slow("m1", "m2", 500);
  connection.send(bytes("x"));
  await world.run({ until: world.now + 400 });
  assert.deepEqual(got, []);
  undo();
  connection.send(bytes("y"));
  await world.run({ until: world.now + 50 });
  assert.deepEqual(got, []);
  await world.run({ until: world.now + 100 });
  assert.deepEqual(got, ["x", "y"]);
});

test("a connection behind a long partition breaks, and a new one cannot be made", async () => {
  const world = createWorld({ seed: 1, machines: ["m1", "m2"] });
  const { client, connection, got, closed } = await echo(world);
  world.network.partition("server", "client");
  connection.send(bytes("x"));
  await world.run({ until: world.now + 20_000 });
  assert.equal(closed(), true);
  assert.deepEqual(got, []);
  await assert.rejects(world.complete(client.net.connect("/quorum/s")), { code: "ETIMEDOUT" });
});

test("a dead listener refuses, its connections close, its address can be taken again", async () => {
  const world = createWorld({ seed: 1, machines: ["m1", "m2"] });
  const { client, closed } = await echo(world);
  const other = world.outside("m1", "other");
  await assert.rejects(world.complete(other.net.listen("/quorum/s", () => undefined)), { code: "EADDRINUSE" });
  const [server] = world.find("server");
  assert.ok(server);
  world.kill(server);
  await world.run({ until: world.now + 10 });
  assert.equal(closed(), true);
  await assert.rejects(world.complete(client.net.connect("/quorum/s")), { code: "ECONNREFUSED" });
  await assert.rejects(world.complete(client.net.connect("/quorum/none")), { code: "ENOENT" });
  await world.complete(other.net.listen("/quorum/s", () => undefined));
});

test("nothing happens any more once a process is dead: calls under way, frames, later calls", async () => {
  for (let seed = 0; seed < 20; seed++) {
    const world = createWorld({ seed, machines: ["m1", "m2"] });
    const { client, connection } = await echo(world);
    const watcher = world.outside("m2", "watcher");
    const handle = await world.complete(client.files.open("/quorum/f", "append"));
    const [process] = world.find("client");
    assert.ok(process);
    const before = world.trace.count;
    for (let i = 0; i < 5; i++) void handle.write(bytes("0123456789"));
    void client.files.makeFolder("/quorum/folder");
    world.kill(process);
    const names = world.disk("quorum").list("/quorum");
    const left = text(world.disk("quorum").existing("/quorum/f").content.read(0, 100));
    connection.send(bytes("x"));
    void client.files.makeFolder("/quorum/late");
    await world.run({ until: world.now + 1000 });
    assert.equal(text(await world.complete(watcher.files.read("/quorum/f"))), left);
    assert.deepEqual(world.disk("quorum").list("/quorum"), names);
    const later = world.trace.lines().slice(before);
    assert.ok(!later.some((line) => line.includes("frame of")), later.join("\n"));
  }
});

test("what waits for a stopped process comes before what arrives as it continues", async () => {
  const world = createWorld({ seed: 1, machines: ["m1", "m2"] });
  const { connection, got } = await echo(world);
  const [client] = world.find("client");
  assert.ok(client);
  connection.send(bytes("0"));
  connection.send(bytes("1"));
  await world.run({ until: world.now + 0.01 });
  client.setStopped(true);
  await world.run({ until: world.now + 100 });
  assert.equal(got.length, 0);
  client.setStopped(false);
  client.whenRunning(() => got.push("new"));
  await world.run({ until: world.now + 100 });
  assert.deepEqual(got, ["0", "1", "new"]);
});
