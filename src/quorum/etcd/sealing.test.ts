import assert from "node:assert/strict";
import { test } from "node:test";
import { createEtcdModel, type EtcdModel } from "../../sim/etcd-model.ts";
import { decode, encode, failure, identity, imageOf, resource } from "../../../test/conformance/quorum-scene.ts";
import { memoryFiles } from "../../../test/crash-points/example-cluster.ts";
import { openOutside } from "../../base/outside-node.ts";
import type { Quorum } from "../quorum.ts";
import { type KeptKeys, keptKeys, type KeyRing } from "./cluster-keys.ts";
import { openEtcdQuorum } from "./quorum.ts";
import { rotateKey } from "./sealing.ts";

const { random } = openOutside();

interface SceneNode {
  readonly kept: KeptKeys;
  readonly quorum: Quorum;
  /** Whether it answers. */
  isUp: boolean;
}

/** Nodes that ask one another for keys, as far as they are up. */
async function scene(names: readonly string[]): Promise<{ model: EtcdModel; nodes: readonly SceneNode[] }> {
  const { files } = memoryFiles();
  const model = createEtcdModel();
  const nodes: SceneNode[] = [];
  for (const name of names) {
    const ask = async (own: KeyRing): Promise<KeyRing> => {
      const all = [...own];
      for (const { kept, isUp } of nodes) {
        if (!isUp) continue;
        await kept.merge(own, false);
        for (const key of await kept.ring()) if (!all.some(({ id }) => id === key.id)) all.push(key);
      }
      return all;
    };
    const kept = keptKeys(files, random, `/${name}`, ask);
    const place = { client: model, prefix: "/x", random, place: "etcd:model", election: 1000 };
    nodes.push({ kept, quorum: await openEtcdQuorum({ ...place, keys: kept }), isUp: true });
  }
  await nodes[0]?.quorum.create(identity, imageOf("first"));
  for (const { kept } of nodes) await kept.merge((await nodes[0]?.kept.ring()) ?? [], true);
  return { model, nodes };
}

function rotate(
  { quorum, kept }: SceneNode,
  evictions: number,
  handOver: (ring: KeyRing) => Promise<void>,
): Promise<unknown> {
  assert.ok(quorum.sealing);
  return rotateKey({ sealing: quorum.sealing, kept, evictions, handOver });
}

/** Without asking anybody, as somebody does who copied the node's files. */
async function opens({ kept }: SceneNode, model: EtcdModel, number: number): Promise<boolean> {
  const stored = [...model.content].find(([key]) => key.endsWith(`/${String(number).padStart(8, "0")}`))?.[1];
  const { sealed } = JSON.parse(decode(stored ?? new Uint8Array())) as { sealed: string };
  return (await kept.ring()).some(({ id }) => id === sealed);
}

test("after an eviction nothing is sealed with a key that the evicted node has; the others have all", async () => {
  const { model, nodes } = await scene(["a", "b", "down", "evicted"]);
  const [a, b, down, evicted] = nodes;
  assert.ok(a && b && down && evicted);
  await b.quorum.versions.put(resource, "CPR", 1, encode("old"));
  for (const one of [down, evicted]) one.isUp = false;
  await rotate(a, 1, (ring) => b.kept.merge(ring, false));
  assert.equal(await rotate(a, 1, () => assert.fail("again")), undefined);
  const version = await b.quorum.versions.put(resource, "CPR", 1, encode("new"));
  a.isUp = false;
  assert.deepEqual(await Promise.all([1, 2].map((number) => opens(evicted, model, number))), [true, false]);
  assert.equal(decode(await down.quorum.versions.read(version)), "new");
  assert.equal(decode(await down.quorum.versions.read({ ...version, number: 1 })), "old");
  assert.equal((await down.kept.ring()).length, 2);
});

test("a write that began under the key before is made anew under the agreed one", async () => {
  const { model, nodes } = await scene(["a", "late"]);
  const [a, late] = nodes;
  assert.ok(a && late);
  model.fault = (transaction) => {
    if (!transaction.does.some((each) => "put" in each && each.put.includes("/version/"))) return undefined;
    model.fault = () => undefined;
    const [made] = [...ring];
    assert.ok(made);
    const place = [...model.content.keys()].find((key) => key.endsWith("/sealing"));
    assert.ok(place);
    model.content.set(place, encode(JSON.stringify({ format: 1, key: made.id, evictions: 1 })));
    return undefined;
  };
  await a.kept.make();
  const ring = (await a.kept.ring()).slice(-1);
  const version = await late.quorum.versions.put(resource, "CPR", 1, encode("x"));
  assert.ok((await late.kept.ring()).some(({ id }) => id === ring[0]?.id));
  assert.equal(await opens(late, model, version.number), true);
  const stored = [...model.content].find(([key]) => key.includes("/version/"));
  assert.match(decode(stored?.[1] ?? new Uint8Array()), new RegExp(ring[0]?.id ?? "none"));
});

const deaths = [
  "before it hands over",
  "after it handed over",
  "before it agrees",
  "when it agreed",
  "and agrees late",
];

for (const [index, when] of deaths.entries()) {
  test(`a leader dies ${when}: the next one goes on, and all that is stored is opened`, async () => {
    const { model, nodes } = await scene(["a", "b", "c"]);
    const [a, b, c] = nodes;
    assert.ok(a && b && c);
    const death = new Error("died");
    if (index >= 2) {
      model.fault = ({ does }) => {
        const isAgreement = does.some((each) => "put" in each && each.put.endsWith("/sealing"));
        return isAgreement ? (index === 2 ? "ETIMEDOUT" : "late") : undefined;
      };
    }
    const dying = rotate(a, 1, async (ring) => {
      if (index === 0) throw death;
      await b.kept.merge(ring, false);
      if (index === 1) throw death;
    });
    await assert.rejects(dying);
    model.fault = () => undefined;
    a.isUp = false;
    if (index === 3) model.deliver();
    await rotate(b, 1, (ring) => c.kept.merge(ring, false));
    if (index === 4) model.deliver();
    const version = await c.quorum.versions.put(resource, "CPR", 1, encode("x"));
    assert.equal(decode(await b.quorum.versions.read(version)), "x");
    assert.equal((await b.quorum.sealing?.agreed())?.evictions, 1);
  });
}

test("the agreed key is nowhere: nothing is stored under another until the leader made one", async () => {
  const { nodes } = await scene(["a", "b"]);
  const [a, b] = nodes;
  assert.ok(a && b);
  await rotate(a, 1, async () => undefined);
  a.isUp = false;
  await assert.rejects(b.quorum.versions.put(resource, "CPR", 1, encode("x")), failure("NTE_BAD_KEY"));
  await rotate(b, 1, async () => undefined);
  await b.quorum.versions.put(resource, "CPR", 1, encode("x"));
});
