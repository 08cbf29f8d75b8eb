/** Re-creating, and deleting before, is cut short at every changing call: nothing stale comes back, and doing it again finishes it. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { silentLog } from "../../src/base/log.ts";
import type { Files } from "../../src/base/outside.ts";
import { cleanVersions } from "../../src/checkpoint/janitor.ts";
import { readRecords } from "../../src/checkpoint/records.ts";
import { inspectStored } from "../../src/checkpoint/stored.ts";
import { crashPoints } from "../../src/sim/crash-points.ts";
import { findValue, type Key, valueOf } from "../../src/tree/key.ts";
import { sz, textOf } from "../../src/tree/value.ts";
import { resource } from "../checkpoint/scene.ts";
import { firstTree, open, type Opened } from "./logged-checkpoints.ts";

const paths = ["SOFTWARE\\Shop", "SOFTWARE\\Zoo"];
/** Longer than a sector, so that it can be torn. */
const textFor = (name: string): string => `${name} ${"x".repeat(1500)}`;
const nameIn = (key: Key | undefined): string | undefined =>
  key === undefined ? undefined : textOf(valueOf(key, "v"))?.split(" ")[0];

async function set({ registry }: Opened, name: string): Promise<void> {
  await registry.transact(paths.map((path) => ({ kind: "set-value", path, value: sz("v", textFor(name)) })));
}

/** The stored versions say "old"; what is live says "new". */
async function prepareStale(files: Files): Promise<void> {
  const opened = await open(files, 1, await firstTree());
  await set(opened, "old");
  for (const path of paths) await opened.checkpoints.add(resource, "registry", path);
  await set(opened, "new");
  await opened.registry.close();
}

/** What the current version of each checkpoint holds; how its file is otherwise. */
async function stored({ database, quorum }: Opened): Promise<string[]> {
  const records = readRecords(database.tree(), resource);
  assert.ok(records !== undefined);
  assert.deepEqual(records.current.map(({ path }) => path).sort(), paths, "a checkpoint is gone");
  const found: string[] = [];
  for (const checkpoint of records.current) {
    const { state, stored: whole } = await inspectStored(quorum.versions, records, checkpoint);
    found.push(whole?.content.kind === "registry" ? (nameIn(whole.content.key) ?? "") : state);
  }
  return found;
}

function live({ registry }: Opened): (string | undefined)[] {
  return paths.map((path) => textOf(findValue(registry.root(), path, "v"))?.split(" ")[0]);
}

/** The leader's housekeeping. */
async function clean({ database, quorum, leadership }: Opened, salt: number): Promise<void> {
  let made = 0;
  const random = { bytes: (count: number) => new Uint8Array(count).fill(++made & 0xff).fill(salt, 0, 1) };
  const deleteVersion: Parameters<typeof cleanVersions>[0]["deleteVersion"] = (version) =>
    leadership.deleteVersion(version);
  await cleanVersions({ outside: { random }, database, versions: quorum.versions, deleteVersion, log: silentLog }, []);
}

async function finish(opened: Opened, deleteFirst: boolean): Promise<void> {
  if (deleteFirst) await opened.checkpoints.withdraw(resource);
  for (const path of paths) {
    const [line] = await opened.checkpoints.recreate(resource, { kind: "registry", path });
    assert.notEqual(line?.result, "failed", line?.sentence);
  }
  assert.deepEqual(await stored(opened), ["new", "new"]);
}

test("re-creating lost and torn files: at every crash a checkpoint is what it was or new, and the torn file is not lost", async () => {
  const quorumFiles = async (files: Files): Promise<string[]> => {
    const [generation = ""] = await files.list("/shared/quorum/generation");
    const folder = `/shared/quorum/generation/${generation}/{${resource}}`;
    return (await files.list(folder)).map((name) => `${folder}/${name}`);
  };
  const crashes = await crashPoints(
    async (files) => finish(await open(files, 2), false),
    async (files) => {
      const opened = await open(files, 3);
      for (const found of await stored(opened)) assert.ok(["lost", "damaged", "new"].includes(found), found);
      assert.deepEqual(live(opened), ["new", "new"]);
      const report = await opened.checkpoints.restoreBeforeOnline(resource);
      assert.deepEqual(report.placed, []);
      await finish(opened, false);
      const copies = await opened.checkpoints.sideCopies(resource);
      assert.equal(copies.length, 1, "the torn file is kept aside");
      assert.equal((await files.read(copies[0]?.file ?? "")).length, 100);
    },
    {
      prepare: async (files) => {
        await prepareStale(files);
        const [lost = "", torn = ""] = await quorumFiles(files);
        await files.unlink(lost);
        const handle = await files.open(torn, "update");
        await handle.truncate(100);
        await handle.close();
      },
      tornVariants: 0,
      told: () => "nothing",
    },
  );
  assert.ok(crashes > 100);
});

test("deleting all before re-creating: from the deletion on no crash lets stale settings come back", async () => {
  let withdrawn = false;
  const crashes = await crashPoints(
    async (files) => {
      withdrawn = false;
      const opened = await open(files, 2);
      await opened.checkpoints.withdraw(resource);
      withdrawn = true;
      await clean(opened, 2);
      await finish(opened, true);
      await files.makeFolder("/after");
    },
    async (files) => {
      const opened = await open(files, 3);
      const found = await stored(opened);
      const isOld = found.every((one) => one === "old");
      if (withdrawn) assert.ok(!isOld, "the answered deletion is lost");
      else assert.ok(isOld || !found.includes("old"), "only a part was deleted");
      await clean(opened, 3);
      if (!isOld) {
        await opened.checkpoints.restoreBeforeOnline(resource);
        assert.deepEqual(live(opened), ["new", "new"]);
        await finish(opened, false);
      } else await finish(opened, true);
      const copies = await opened.checkpoints.sideCopies(resource);
      assert.deepEqual(
        paths.filter((path) => !copies.some((copy) => copy.path === path)),
        [],
        "what was deleted is kept aside",
      );
      await clean(opened, 4);
      assert.deepEqual(await stored(opened), ["new", "new"]);
    },
    { prepare: prepareStale, tornVariants: 0, told: () => withdrawn },
  );
  assert.ok(crashes > 100);
});
