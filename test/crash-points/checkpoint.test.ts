/** Every changing call of a commit and of putting in place is cut short: the newest version is old or new, whole, and can be loaded. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { sha256 } from "../../src/base/digest.ts";
import { silentLog } from "../../src/base/log.ts";
import type { Files, Outside } from "../../src/base/outside.ts";
import { createCheckpoints, type Checkpoints } from "../../src/checkpoint/checkpoint.ts";
import { readRecords } from "../../src/checkpoint/records.ts";
import { verifyEvidence } from "../../src/checkpoint/verify.ts";
import { applyRecord, prepare } from "../../src/database/apply.ts";
import type { Database } from "../../src/database/database.ts";
import { encodeUpdate } from "../../src/database/update-codec.ts";
import type { SubmitResult, Update } from "../../src/database/update.ts";
import { readHive, writeHive } from "../../src/hive/index.ts";
import { openDiskQuorum } from "../../src/quorum/disk/quorum.ts";
import type { Leadership, Loaded, Quorum, SnapshotImage } from "../../src/quorum/quorum.ts";
import type { Tag } from "../../src/quorum/tag.ts";
import { openKeyContainers, type KeyContainers } from "../../src/registry/key-containers.ts";
import { openRegistry, type Registry } from "../../src/registry/registry.ts";
import { crashPoints } from "../../src/sim/crash-points.ts";
import { findValue, type Key, valueOf } from "../../src/tree/key.ts";
import { sz, textOf } from "../../src/tree/value.ts";
import { identity } from "../conformance/quorum-scene.ts";
import { JumpingTime, resource, Scene } from "../checkpoint/scene.ts";

const path = "SOFTWARE\\Shop";
const inner = `${path}\\Inner`;
const container = { type: 1, provider: "", key: "Key" };
/** Longer than a sector, so that it can be torn. */
const textFor = (name: string): string => `${name} ${"x".repeat(2000)}`;

/** The same names and keys in every run. */
function outsideOf(files: Files, salt: number): Outside {
  const { clock, timers } = new JumpingTime();
  let made = 0;
  const bytes = (count: number): Uint8Array => new Uint8Array(count).fill(++made & 0xff).fill(salt, 0, 1);
  return { files, clock, timers, random: { bytes } } as unknown as Outside;
}

const imageOf = (tree: Key, tag: Tag): SnapshotImage => ({ tag, hive: writeHive(tree, { time: 1n }) });

function replay(loaded: Loaded): { tree: Key; tag: Tag } {
  let { root: tree } = readHive(loaded.snapshot.hive);
  for (const record of loaded.records) tree = applyRecord(tree, record);
  return { tree, tag: loaded.records.at(-1)?.tag ?? loaded.snapshot.tag };
}

/** A database that is nothing but the quorum's log. */
class LoggedDatabase implements Database {
  readonly self = { node: "1", incarnation: "i" };
  readonly #quorum: Quorum;
  readonly #leadership: Leadership;
  #state: { tree: Key; tag: Tag };

  constructor(quorum: Quorum, leadership: Leadership, state: { tree: Key; tag: Tag }) {
    this.#quorum = quorum;
    this.#leadership = leadership;
    this.#state = state;
  }

  tree(): Key {
    return this.#state.tree;
  }

  tag(): Tag {
    return this.#state.tag;
  }

  async submit(update: Update): Promise<SubmitResult> {
    await verifyEvidence(this.#quorum.versions, update);
    const tag = { ...this.#state.tag, sequence: this.#state.tag.sequence + 1 };
    const prepared = prepare(this.#state.tree, update, tag, 0);
    if (prepared.outcome === "refused") return prepared;
    assert.equal(prepared.outcome, "applies");
    const answer = await this.#leadership.append({ tag, time: 0, body: encodeUpdate(update) });
    if (answer === "unknown" || prepared.outcome !== "applies") return { outcome: "unknown" };
    this.#state = { tree: prepared.tree, tag };
    return { outcome: "applied", tag };
  }

  waitFor(): Promise<void> {
    return Promise.resolve();
  }

  onChange(): () => void {
    return () => undefined;
  }

  isLeader(): boolean {
    return true;
  }
}

interface Opened {
  readonly checkpoints: Checkpoints;
  readonly registry: Registry;
  readonly keys: KeyContainers;
  readonly database: LoggedDatabase;
  readonly quorum: Quorum;
}

async function open(files: Files, salt: number, first?: Key): Promise<Opened> {
  const outside = outsideOf(files, salt);
  const quorum = await openDiskQuorum(outside, "/shared/quorum");
  if (first !== undefined) await quorum.create(identity, imageOf(first, { generation: 1, epoch: 0, sequence: 0 }));
  const claim = await quorum.leader();
  const leadership = await quorum.claim(claim?.epoch ?? 0, {
    node: "1",
    incarnation: "i",
    endpoint: "e",
    hostEndpoint: "h",
  });
  assert.ok(leadership !== undefined);
  let state: { tree: Key; tag: Tag } | undefined;
  await leadership.takeOver((loaded) => {
    const found = replay(loaded);
    state = { tree: found.tree, tag: { ...found.tag, epoch: leadership.epoch } };
    return imageOf(state.tree, state.tag);
  });
  assert.ok(state !== undefined);
  const database = new LoggedDatabase(quorum, leadership, state);
  const registry = await openRegistry(outside, "/node/registry");
  const keys = await openKeyContainers(outside, "/node/keys");
  const checkpoints = createCheckpoints({
    outside,
    database,
    registry,
    keys,
    versions: quorum.versions,
    log: silentLog,
    folder: "/node",
  });
  return { checkpoints, registry, keys, database, quorum };
}

async function set(registry: Registry, name: string): Promise<void> {
  const value = sz("v", textFor(name));
  await registry.transact(
    [path, inner, "SYSTEM\\Shop"].slice(0, 2).map((key) => ({ kind: "set-value" as const, path: key, value })),
  );
  await registry.transact([{ kind: "set-value", path: "SYSTEM\\Shop", value }]);
}

const liveOf = (registry: Registry, key: string): string | undefined =>
  textOf(findValue(registry.root(), key, "v"))?.split(" ")[0];

async function firstTree(): Promise<Key> {
  const scene = await Scene.open(1);
  scene.place(1);
  return scene.tree;
}

test("a commit is whole or absent at every crash, and the version before can be loaded", async () => {
  const first = await firstTree();
  let committed = false;
  const crashes = await crashPoints(
    async (files) => {
      committed = false;
      const { checkpoints, registry } = await open(files, 2);
      await set(registry, "second");
      await checkpoints.recreate(resource, { path });
      committed = true;
      await files.makeFolder("/after");
    },
    async (files) => {
      const { quorum, database, checkpoints } = await open(files, 3);
      const [current] = readRecords(database.tree(), resource)?.current ?? [];
      assert.ok(current !== undefined, "the checkpoint is gone");
      const bytes = await quorum.versions.read({ resource, number: current.number, kind: "CPT" });
      assert.equal(sha256(bytes), current.fileDigest);
      const text = textOf(valueOf(readHive(bytes).root, "v"))?.split(" ")[0];
      assert.equal(text, current.number === 1 ? "first" : "second");
      if (committed) assert.equal(text, "second", "an answered version is lost");
      const before = current.number;
      assert.notEqual((await checkpoints.recreate(resource, { path }))[0]?.result, "failed");
      assert.ok((checkpoints.list(resource)[0]?.number ?? 0) >= before);
    },
    {
      prepare: async (files) => {
        const { checkpoints, registry } = await open(files, 1, first);
        await set(registry, "first");
        await checkpoints.add(resource, "registry", path);
        await registry.close();
      },
      tornVariants: 0,
    },
  );
  assert.ok(crashes > 100);
});

test("putting in place changes a hive wholly or not at every crash, and is finished by doing it again", async () => {
  const first = await firstTree();
  let keyFirst = "";
  await crashPoints(
    async (files) => {
      const { checkpoints } = await open(files, 2);
      await checkpoints.restoreBeforeOnline(resource);
    },
    async (files) => {
      const { checkpoints, registry, keys } = await open(files, 3);
      assert.equal(liveOf(registry, path), liveOf(registry, inner), "half a checkpoint is in place");
      assert.ok(["first", "by-hand"].includes(liveOf(registry, path) ?? ""));
      const report = await checkpoints.restoreBeforeOnline(resource);
      assert.deepEqual(
        [path, inner, "SYSTEM\\Shop"].map((key) => liveOf(registry, key)),
        ["first", "first", "first"],
      );
      assert.equal(keys.publicPem(container), keyFirst);
      for (const { file } of report.losers) {
        assert.ok(file !== undefined);
        assert.ok((await files.read(file)).length > 0);
      }
      assert.equal((await checkpoints.restoreBeforeOnline(resource)).equal.length, 3);
      assert.ok((await checkpoints.audit(resource)).every(({ result }) => result === "ok"));
    },
    {
      prepare: async (files) => {
        const { checkpoints, registry, keys } = await open(files, 1, first);
        await set(registry, "first");
        await keys.create(container, "ed25519", true);
        keyFirst = keys.publicPem(container);
        await checkpoints.add(resource, "registry", path);
        await checkpoints.add(resource, "registry", "SYSTEM\\Shop");
        await checkpoints.add(resource, "crypto", "1\\\\Key");
        await set(registry, "by-hand");
        await keys.delete(container);
        await keys.create(container, "ed25519", true);
        await registry.close();
      },
      tornVariants: 0,
    },
  );
});
