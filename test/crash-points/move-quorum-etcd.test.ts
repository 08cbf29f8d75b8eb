/**
 * A move between a folder and an etcd, or two etcds, is cut short at every transaction: before it, after it, or so that it is carried out
 * late, when others have decided. The cluster is in force in one place, with everything that was acknowledged, and stays there.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { namedVersions } from "../../src/backup/named-versions.ts";
import { sha256 } from "../../src/base/digest.ts";
import type { Files } from "../../src/base/outside.ts";
import { openOutside } from "../../src/base/outside-node.ts";
import { replay } from "../../src/membership/copy-image.ts";
import { openDiskQuorum } from "../../src/quorum/disk/quorum.ts";
import type { EtcdClient } from "../../src/quorum/etcd/client.ts";
import type { GenerationParts } from "../../src/quorum/etcd/generation.ts";
import { openEtcdQuorum } from "../../src/quorum/etcd/quorum.ts";
import { diskEnd } from "../../src/recovery/move/disk-end.ts";
import { etcdEnd } from "../../src/recovery/move/etcd-end.ts";
import { settleMove } from "../../src/recovery/move/follow-move.ts";
import { type MoveParts, moveQuorum, resumeMove } from "../../src/recovery/move/move-quorum.ts";
import type { EndName, MoveOrder } from "../../src/recovery/move/move-record.ts";
import { createEtcdModel, type EtcdModel } from "../../src/sim/etcd-model.ts";
import { identity, memoryFiles, outsideOf } from "./example-cluster.ts";
import { after, data, digestOf, makeQuorum, place } from "./example-quorum.ts";

const { random } = openOutside();
const target = "/new/quorum";
const secret = { id: "0011223344556677", secret: random.bytes(32) };
const keys = { begin: async () => secret, newest: async () => secret, find: async () => secret };
const guid = (n: number): string => `00000000-0000-4000-8000-00000000000${n}`;
const end = (to: string): EndName => ({ kind: to.startsWith("etcd:") ? "etcd" : "directory", place: to });

function orderOf(from: string, to: string, generation: number): MoveOrder {
  const next = { ...identity, generation, lineage: guid(generation) };
  return { from: end(from), departure: { plan: guid(generation), kind: end(to).kind, to, identity: next }, time: 7 };
}

const orders = {
  "to etcd": { setUp: [], order: orderOf(place, "etcd:model", 4), places: [place, "etcd:model"] },
  "from etcd": {
    setUp: [orderOf(place, "etcd:model", 4)],
    order: orderOf("etcd:model", target, 5),
    places: ["etcd:model", target],
  },
  "between etcds": {
    setUp: [orderOf(place, "etcd:model", 4)],
    order: orderOf("etcd:model", "etcd:other", 5),
    places: ["etcd:model", "etcd:other"],
  },
} as const;

function etcdParts(client: EtcdClient, at: string): GenerationParts {
  return { client, prefix: at.replace("etcd:", "/"), random, keys, election: 1000 };
}

function partsOf(files: Files, client: EtcdClient): MoveParts {
  const timers = {
    sleep: (_ms: number, signal?: AbortSignal) =>
      new Promise<void>((resolve) => signal?.addEventListener("abort", () => resolve())),
  };
  const open: MoveParts["open"] = ({ kind, place: at }) =>
    kind === "etcd"
      ? etcdEnd({ random, timers }, at, async () => etcdParts(client, at))
      : diskEnd(outsideOf(files, 3), at);
  return { files, data, open, remember: async () => undefined };
}

/** A quorum in a folder and an engine beside it, after the moves that bring it where the test begins. */
async function world(setUp: readonly MoveOrder[]): Promise<{ files: Files; model: EtcdModel; parts: MoveParts }> {
  const { files } = memoryFiles();
  for (const folder of ["/shared", "/new", data]) await files.makeFolder(folder);
  await makeQuorum(files, after, 9);
  const model = createEtcdModel();
  const parts = partsOf(files, model);
  for (const first of setUp) await moveQuorum(parts, first, async () => undefined);
  return { files, model, parts };
}

/** Dead at transaction `at`: nothing comes after it, and its locks are free. */
function dying(
  files: Files,
  model: EtcdModel,
  at: number,
  how: "before" | "after" | "late",
): [MoveParts, Promise<void>] {
  const died = Promise.withResolvers<void>();
  let count = 0;
  const txn: EtcdClient["txn"] = async (transaction) => {
    if (count++ < at) return model.txn(transaction);
    if (count === at + 1 && how === "after") await model.txn(transaction);
    if (count === at + 1 && how === "late") {
      model.fault = () => "late";
      await model.txn(transaction).catch(() => undefined);
      model.fault = () => undefined;
    }
    died.resolve();
    return new Promise(() => undefined);
  };
  const parts = partsOf(files, { ...model, txn });
  const open: MoveParts["open"] = (name) => ({
    ...parts.open(name),
    lock: async (how) => {
      const held = await parts.open(name).lock(how);
      const claim = async (plan: string): Promise<void> => {
        await held.claim(plan);
        await held.release();
      };
      return { claim, release: async () => undefined };
    },
  });
  return [{ ...parts, open }, died.promise];
}

/** The one place of the two that is in force, whole. */
async function inForce(files: Files, client: EtcdClient, places: readonly string[]): Promise<string> {
  const found: string[] = [];
  for (const at of places) {
    const quorum =
      end(at).kind === "etcd"
        ? await openEtcdQuorum({ ...etcdParts(client, at), place: at })
        : await openDiskQuorum(outsideOf(files, 5), at);
    if ((await quorum.identity()) === undefined) continue;
    found.push(at);
    const { tree } = replay(await quorum.load());
    assert.equal(digestOf(tree), digestOf(after.tree));
    for (const version of namedVersions(tree))
      assert.equal(sha256(await quorum.versions.read(version)), version.fileDigest);
  }
  assert.ok(found.length < 2, `${found.join(" and ")} are in force`);
  return found[0] ?? "none";
}

for (const [name, { setUp, order, places }] of Object.entries(orders)) {
  for (const how of ["before", "after", "late"] as const) {
    test(`${name}, dead at every transaction (${how}): whoever comes next ends it in one place`, async () => {
      const seen = { old: 0, new: 0 };
      // Each twice: the node itself comes next, or another one.
      for (let round = 0; ; round++) {
        const at = round >> 1;
        const { files, model, parts } = await world(setUp);
        const [dead, died] = dying(files, model, at, how);
        const ended = moveQuorum(dead, order, async () => undefined).then(() => "ended");
        if ((await Promise.race([ended, died])) === "ended") break;
        model.endLeases();
        if (round % 2 === 0) {
          const { state } = await settleMove(parts.open(order.from), parts.open);
          assert.ok(state === "here" || state === "moved", `${at}: ${state}`);
        } else await resumeMove(parts);
        const before = await inForce(files, model, places);
        assert.notEqual(before, "none", `${at}`);
        model.deliver();
        await settleMove(parts.open(order.from), parts.open);
        assert.equal(await inForce(files, model, places), before, `${at}: what came late changed it`);
        await resumeMove(parts);
        assert.equal(await inForce(files, model, places), before, `${at}`);
        seen[before === places[0] ? "old" : "new"]++;
      }
      assert.ok(seen.old > 6 && seen.new > 6, JSON.stringify(seen));
    });
  }
}

test("between etcds, paused at every transaction while others decide: the mover does not get around them", async () => {
  const { setUp, order, places } = orders["between etcds"];
  const seen = { old: 0, new: 0 };
  for (let at = 0; ; at++) {
    const { files, model, parts } = await world(setUp);
    let count = 0;
    const txn: EtcdClient["txn"] = async (transaction) => {
      if (count++ === at) {
        model.endLeases();
        await settleMove(parts.open(order.from), parts.open);
      }
      return model.txn(transaction);
    };
    await moveQuorum(partsOf(files, { ...model, txn }), order, async () => undefined).catch(() => undefined);
    await settleMove(parts.open(order.from), parts.open);
    const ends = await inForce(files, model, places);
    assert.notEqual(ends, "none", `${at}`);
    await resumeMove(parts);
    assert.equal(await inForce(files, model, places), ends, `${at}`);
    seen[ends === places[0] ? "old" : "new"]++;
    if (count <= at) break;
  }
  assert.ok(seen.old > 6 && seen.new > 3, JSON.stringify(seen));
});

test("a mover that was paused before it sealed, and one that came after it, leave one place in force", async () => {
  const { setUp, order, places } = orders["between etcds"];
  const { files, model, parts } = await world(setUp);
  const [paused, woken, switching, switched] = Array.from({ length: 4 }, () => Promise.withResolvers<void>());
  assert.ok(paused && woken && switching && switched);
  const txn: EtcdClient["txn"] = async (transaction) => {
    if (transaction.does.some((one) => "put" in one && one.put === "/other/current")) {
      switching.resolve();
      await switched.promise;
    }
    return model.txn(transaction);
  };
  const first = moveQuorum(partsOf(files, { ...model, txn }), order, () => {
    paused.resolve();
    return woken.promise;
  }).catch(() => switching.resolve());
  await paused.promise;
  model.endLeases();
  const prepare = async (): Promise<void> => {
    woken.resolve();
    await switching.promise;
  };
  await moveQuorum({ ...parts, data: "/second" }, orderOf("etcd:model", target, 6), prepare).catch(() => undefined);
  switched.resolve();
  await first;
  assert.notEqual(await inForce(files, model, [...places, target]), "none");
});
