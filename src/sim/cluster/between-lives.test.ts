import assert from "node:assert/strict";
import { test } from "node:test";
import { SimCluster } from "./cluster.ts";

/** One node whose life is just beginning: its host does not answer yet. */
async function beginning() {
  const cluster = new SimCluster({ seed: 1, nodes: 1 });
  await cluster.start();
  const service = () => cluster.serviceOf("1")?.service;
  const isBeginning = () =>
    service()?.status().state !== "starting" && service() !== undefined && service()?.life() === undefined;
  await cluster.world.run({ until: 10_000, when: isBeginning });
  const found = service();
  assert.ok(found !== undefined && isBeginning());
  return { cluster, service: found };
}

test("what has to be done between two lives is done also when asked for while a life begins", async () => {
  const { cluster, service } = await beginning();
  const done = service.betweenLives("a test", async () => "done");
  assert.equal(await cluster.world.complete(done, 10_000), "done");
  await cluster.world.run({ until: 30_000, when: () => service.life()?.membership.isLeader() === true });
  assert.equal(service.life()?.membership.isLeader(), true);
});

test("what waits for the end of a life is refused when the service stops first", async () => {
  const { cluster, service } = await beginning();
  const refused = assert.rejects(
    service.betweenLives("a test", async () => "done"),
    { name: "CLUSTER_NODE_NOT_READY" },
  );
  void service.stop(false);
  await cluster.world.complete(refused, 20_000);
});
