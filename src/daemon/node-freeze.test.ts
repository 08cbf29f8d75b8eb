import assert from "node:assert/strict";
import { test } from "node:test";
import { memoryFiles, outsideOf } from "../../test/crash-points/example-cluster.ts";
import { Failure } from "../base/errors.ts";
import { silentLog } from "../base/log.ts";
import type { Outside } from "../base/outside.ts";
import { Replica } from "../database/replica.ts";
import { openRegistry, type Registry } from "../registry/registry.ts";
import { emptyKey } from "../tree/key.ts";
import { binary, dword } from "../tree/value.ts";
import { ClusDbFile } from "./clusdb-file.ts";
import { LivingDatabase } from "./living-database.ts";
import { NodeFreeze } from "./node-freeze.ts";

/** Sleeps end when the test says so; those of 0 ms, the pauses while a large hive is written, by themselves. */
interface Scene {
  readonly freeze: NodeFreeze;
  readonly registry: Registry;
  readonly replica: Replica;
  readonly clusDb: () => Promise<string>;
  /** Ends all sleeps of that length. */
  readonly pass: (ms: number) => void;
}

async function scene(): Promise<Scene> {
  const { files } = memoryFiles();
  await files.makeFolder("/n1");
  const sleeps: { readonly ms: number; readonly end: () => void }[] = [];
  const timers = {
    sleep: (ms: number, signal?: AbortSignal) =>
      new Promise<void>((resolve) => {
        signal?.addEventListener("abort", () => resolve());
        if (ms === 0) setImmediate(resolve);
        sleeps.push({ ms, end: resolve });
      }),
  };
  const outside = { ...outsideOf(files), timers } as unknown as Outside;
  const registry = await openRegistry(outside, "/n1/registry");
  const replica = new Replica(emptyKey("Cluster", 0n), { generation: 1, epoch: 1, sequence: 1 }, "l");
  const clusDb = new ClusDbFile(outside, "/n1", silentLog);
  const database = new LivingDatabase(replica, "1");
  const freeze = new NodeFreeze({ outside, log: silentLog, registry, clusDb, database });
  return {
    freeze,
    registry,
    replica,
    clusDb: async () => Buffer.from(await files.read("/n1/ClusDb")).toString("latin1"),
    pass: (ms) => {
      for (const sleep of sleeps) if (sleep.ms === ms) sleep.end();
    },
  };
}

const named =
  (name: string) =>
  (error: unknown): boolean =>
    error instanceof Failure && error.name === name;

test("frozen once at a time; ClusDb stands, registry changes go on, and the thaw says that the files stood", async () => {
  const { freeze, registry, replica, clusDb, pass } = await scene();
  const { id, tag } = await freeze.freeze(60_000);
  assert.equal(tag, "1:1:1");
  const saved = await clusDb();
  await assert.rejects(freeze.freeze(60_000), named("BUSY"));
  replica.reset(emptyKey("Cluster", 0n), { generation: 1, epoch: 1, sequence: 2 }, "l");
  await registry.transact([{ kind: "set-value", path: "SOFTWARE\\A", value: dword("N", 1) }]);
  pass(1000);
  assert.equal(await clusDb(), saved);
  assert.throws(() => freeze.thaw("another"), named("INVALID_PARAMETER"));
  assert.deepEqual(freeze.thaw(id), { kept: true, why: "" });
  await freeze.thawed();
  await (await freeze.freeze(60_000), clusDb()).then((now) =>
    assert.notEqual(now, saved, "saved again after the thaw"),
  );
});

test("it ends by itself after its limit; whoever thaws late hears it, and who waited goes on", async () => {
  const { freeze, pass } = await scene();
  const { id } = await freeze.freeze(5000);
  let went = false;
  const waiting = freeze.thawed().then(() => (went = true));
  await Promise.resolve();
  assert.equal(went, false);
  pass(5000);
  await waiting;
  const thawed = freeze.thaw(id);
  assert.equal(thawed.kept, false);
  assert.match(thawed.why, /5000 ms/);
  await freeze.freeze(5000);
});

test("a change too long for a journal is told at the thaw; a service that stops ends the freeze", async () => {
  const { freeze, registry } = await scene();
  const { id } = await freeze.freeze(5000);
  const value = binary("Long", new Uint8Array(5_000_000));
  await registry.transact([{ kind: "set-value", path: "SOFTWARE\\A", value }]);
  const thawed = freeze.thaw(id);
  assert.equal(thawed.kept, false);
  assert.match(thawed.why, /SOFTWARE/);
  await freeze.freeze(5000);
  freeze.close();
  await freeze.thawed();
});
