/** Every changing call of a commit and of putting in place is cut short: the newest version is old or new, whole, and can be loaded. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { sha256 } from "../../src/base/digest.ts";
import { writeFileDurably } from "../../src/base/durable.ts";
import type { Files } from "../../src/base/outside.ts";
import { fileKind } from "../../src/checkpoint/names.ts";
import { readRecords } from "../../src/checkpoint/records.ts";
import { readHive } from "../../src/hive/index.ts";
import type { Registry } from "../../src/registry/registry.ts";
import { crashPoints } from "../../src/sim/crash-points.ts";
import { findValue, valueOf } from "../../src/tree/key.ts";
import { sz, textOf } from "../../src/tree/value.ts";
import { resource } from "../checkpoint/scene.ts";
import { firstTree, open } from "./logged-checkpoints.ts";

const path = "SOFTWARE\\Shop";
const inner = `${path}\\Inner`;
const container = { type: 1, provider: "", key: "Key" };
/** Longer than a sector, so that it can be torn. */
const textFor = (name: string): string => `${name} ${"x".repeat(2000)}`;

async function set(registry: Registry, name: string): Promise<void> {
  const value = sz("v", textFor(name));
  await registry.transact(
    [path, inner, "SYSTEM\\Shop"].slice(0, 2).map((key) => ({ kind: "set-value" as const, path: key, value })),
  );
  await registry.transact([{ kind: "set-value", path: "SYSTEM\\Shop", value }]);
}

const liveOf = (registry: Registry, key: string): string | undefined =>
  textOf(findValue(registry.root(), key, "v"))?.split(" ")[0];

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
      told: () => committed,
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
      told: () => "nothing",
    },
  );
});

test("a folder that is put in place, then captured, is old or new at every crash, and doing it again finishes it", async () => {
  const first = await firstTree();
  const place = "/srv/shop/settings";
  const write = (files: Files, text: string): Promise<void> =>
    writeFileDurably(files, `${place}/v`, new TextEncoder().encode(textFor(text)));
  const liveIn = async (files: Files): Promise<string | undefined> =>
    new TextDecoder().decode(await files.read(`${place}/v`)).split(" ")[0];
  const crashes = await crashPoints(
    async (files) => {
      const { checkpoints } = await open(files, 2);
      await checkpoints.restoreBeforeOnline(resource);
      await write(files, "second");
      await checkpoints.recreate(resource);
    },
    async (files) => {
      const { quorum, database, checkpoints } = await open(files, 3);
      const { current = [] } = readRecords(database.tree(), resource) ?? {};
      assert.equal(current.length, 1, "a checkpoint is gone");
      for (const { kind, number, fileDigest } of current) {
        const bytes = await quorum.versions.read({ resource, number, kind: fileKind(kind) });
        assert.equal(sha256(bytes), fileDigest);
      }
      const folder = current.find(({ kind }) => kind === "directory");
      await checkpoints.restoreBeforeOnline(resource);
      const text = await liveIn(files);
      assert.equal(text, folder?.number === 1 ? "first" : "second");
      assert.deepEqual(await files.list("/srv/shop"), ["settings"], "something is left beside it");
      assert.ok((await checkpoints.audit(resource)).every(({ result }) => result === "ok"));
    },
    {
      prepare: async (files) => {
        const { checkpoints, registry } = await open(files, 1, first);
        await files.makeFolder(place);
        await write(files, "first");
        await checkpoints.add(resource, "directory", place);
        await write(files, "by-hand");
        await registry.close();
      },
      tornVariants: 0,
      told: () => "nothing",
    },
  );
  assert.ok(crashes > 200, `${crashes}`);
});
