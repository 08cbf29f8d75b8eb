import assert from "node:assert/strict";
import { test } from "node:test";
import { createEtcdModel } from "../../sim/etcd-model.ts";
import { failure, identity, imageOf, lead } from "../../../test/conformance/quorum-scene.ts";
import { openOutside } from "../../base/outside-node.ts";
import type { ClusterIdentity } from "../quorum.ts";
import {
  buildGeneration,
  type GenerationParts,
  generationNames,
  switchGeneration,
  switchToRestored,
} from "./generation.ts";
import { moveKeys } from "./place.ts";
import { openEtcdQuorum } from "./quorum.ts";

const { random } = openOutside();
const prefix = "/x";
const key = { id: "0011223344556677", secret: random.bytes(32) };
const keys = { begin: async () => key, newest: async () => key, find: async () => key };
const generation = (n: number): ClusterIdentity => ({
  ...identity,
  generation: n,
  lineage: `00000000-0000-4000-8000-00000000000${n}`,
});

async function scene() {
  const client = createEtcdModel();
  const parts: GenerationParts = { client, prefix, random, keys, election: 1000 };
  const open = () => openEtcdQuorum({ ...parts, place: "etcd:model" });
  await (await open()).create(generation(1), imageOf("1"));
  const build = (n: number): Promise<void> => buildGeneration(parts, generation(n), imageOf("r", 0, 0, n), []);
  const numbers = async () => (await generationNames(client, prefix)).map((name) => Number.parseInt(name, 10));
  return { client, open, build, numbers };
}

test("the leader keeps the three newest of the older generations, and what a restore builds", async () => {
  const { client, open, build, numbers } = await scene();
  for (const n of [2, 3, 4, 5]) {
    await build(n);
    await switchGeneration(client, prefix, generation(n));
  }
  await build(6);
  // Never finished: its identity is not there.
  await build(7);
  for (const name of client.content.keys())
    if (/generation\/[67]-.*\/identity$/.test(name)) client.content.delete(name);
  const old = await lead(await open(), "1");
  assert.deepEqual(await numbers(), [2, 3, 4, 5, 6, 7]);
  await build(8);
  await switchGeneration(client, prefix, generation(8));
  await assert.rejects(old.snapshot(imageOf("r", 1, 0, 5)));
  assert.deepEqual(await numbers(), [2, 3, 4, 5, 6, 7, 8], "an old leader removes nothing");
  await build(9);
  await lead(await open(), "2");
  assert.deepEqual(await numbers(), [3, 4, 5, 8, 9]);
});

test("nothing is restored into an etcd from which the cluster is being moved", async () => {
  const { client, build } = await scene();
  await build(2);
  const { lock, sealed } = moveKeys(prefix);
  for (const name of [lock, sealed]) {
    client.content.set(name, new Uint8Array());
    await assert.rejects(switchToRestored(client, prefix, generation(2)), failure("BUSY"));
    client.content.delete(name);
  }
  await switchToRestored(client, prefix, generation(2));
});
