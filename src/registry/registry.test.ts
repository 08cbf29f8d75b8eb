import assert from "node:assert/strict";
import { mkdtemp, readFile, readdir, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test, { type TestContext } from "node:test";
import fc from "fast-check";
import { sha256OfChunks } from "../base/digest.ts";
import { openOutside } from "../base/outside-node.ts";
import { readHive } from "../hive/read.ts";
import { writeHive } from "../hive/write.ts";
import { edits as someEdits } from "../tree/arbitrary.ts";
import { contentDigest } from "../tree/content.ts";
import { applyEdits, type Edit } from "../tree/edit.ts";
import { childrenOf, emptyKey, findKey, findValue, type Key } from "../tree/key.ts";
import { binary, dword, dwordOf, sz, textOf } from "../tree/value.ts";
import { openRegistry } from "./registry.ts";

const outside = openOutside();

async function temporaryFolder(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "registry-"));
  t.after(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

function setDword(path: string, name: string, number: number): Edit {
  return { kind: "set-value", path, value: dword(name, number) };
}

function digest(key: Key | undefined): string {
  assert.ok(key);
  return contentDigest(key, sha256OfChunks);
}

test("a new registry has SOFTWARE and SYSTEM; changes are there after opening again, spelling and all", async (t) => {
  const folder = await temporaryFolder(t);
  const registry = await openRegistry(outside, folder);
  assert.deepEqual(
    [...childrenOf(registry.root())].map((key) => key.name),
    ["SOFTWARE", "SYSTEM"],
  );
  await registry.transact([
    { kind: "set-value", path: "software\\Company\\App", value: sz("Name", "Ä\ud800") },
    setDword("Software\\Company", "n", 7),
  ]);
  await registry.transact([]);
  const before = digest(findKey(registry.root(), "SOFTWARE"));
  await registry.close();
  await registry.close();
  const again = await openRegistry(outside, folder);
  assert.equal(digest(findKey(again.root(), "SOFTWARE")), before);
  assert.equal(textOf(findValue(again.root(), "SOFTWARE\\company\\APP", "NAME")), "Ä\ud800");
  await again.close();
  assert.equal((await stat(join(folder, "SOFTWARE"))).mode & 0o777, 0o600);
  assert.equal(dwordOf(findValue(readHive(await readFile(join(folder, "SOFTWARE"))).root, "Company", "n")), 7);
});

test("what no close folded is read from the journal, last-write times included", async (t) => {
  const folder = await temporaryFolder(t);
  await fc.assert(
    fc.asyncProperty(fc.array(someEdits(6), { maxLength: 6 }), async (transactions) => {
      const place = await mkdtemp(join(folder, "case-"));
      const registry = await openRegistry(outside, place);
      for (const transaction of transactions) {
        await registry.transact(
          transaction.map((edit) => ({ ...edit, path: edit.path === "" ? "SOFTWARE" : `SOFTWARE\\${edit.path}` })),
        );
      }
      const before = findKey(registry.root(), "SOFTWARE");
      assert.ok(before);
      const copy = await mkdtemp(join(folder, "copy-"));
      for (const name of await readdir(place)) await writeFile(join(copy, name), await readFile(join(place, name)));
      await registry.close();
      for (const from of [copy, place]) {
        const again = await openRegistry(outside, from);
        const after = findKey(again.root(), "SOFTWARE");
        assert.ok(after);
        assert.deepEqual(writeHive(after, { time: 1n }), writeHive(before, { time: 1n }));
        await again.close();
      }
    }),
    { numRuns: 15 },
  );
});

test("a transaction is all or nothing, in one hive, and never under a read-only mount", async (t) => {
  const registry = await openRegistry(outside, await temporaryFolder(t));
  const cluster = emptyKey("x", 1n);
  registry.mountReadOnly("Cluster", () => cluster);
  const before = registry.root();
  const refused: readonly (readonly [readonly Edit[], string])[] = [
    [[setDword("SOFTWARE\\A", "n", 1), { kind: "create-key", path: "SOFTWARE\\A\\\\B" }], "INVALID_NAME"],
    [[setDword("SOFTWARE\\A", "n", 1), setDword("SYSTEM\\A", "n", 1)], "INVALID_PARAMETER"],
    [[{ kind: "delete-key", path: "SOFTWARE" }], "ACCESS_DENIED"],
    [[setDword("cluster\\A", "n", 1)], "ACCESS_DENIED"],
    [[setDword("HARDWARE", "n", 1)], "FILE_NOT_FOUND"],
    [[setDword("", "n", 1)], "INVALID_NAME"],
    [[setDword("\\SOFTWARE", "n", 1)], "INVALID_NAME"],
    [[setDword("SOFTWARE\\", "n", 1)], "INVALID_NAME"],
  ];
  for (const [edits, name] of refused) await assert.rejects(registry.transact(edits), { name });
  assert.equal(registry.root(), before);
  await registry.transact([setDword("SOFTWARE", "n", 1)]);
  assert.equal(dwordOf(findValue(registry.root(), "SOFTWARE", "n")), 1);
  await registry.close();
  await assert.rejects(registry.transact([setDword("SOFTWARE", "n", 2)]), { name: "INVALID_HANDLE" });
});

test("watchers hear once a transaction, when it is durable, of their subtree only", async (t) => {
  const folder = await temporaryFolder(t);
  const registry = await openRegistry(outside, folder);
  const heard: string[] = [];
  const watch = (path: string): (() => void) => registry.watch(path, () => heard.push(path));
  const stop = watch("software\\a");
  watch("SOFTWARE\\A\\B\\C");
  watch("SOFTWARE\\Other");
  await registry.transact([
    setDword("SOFTWARE\\A\\B", "n", 1),
    setDword("SOFTWARE\\A\\B", "m", 1),
    setDword("SOFTWARE\\A", "n", 1),
  ]);
  assert.deepEqual(heard.splice(0), ["software\\a"]);
  await registry.transact([{ kind: "create-key", path: "SOFTWARE\\A\\B\\C" }]);
  assert.deepEqual(heard.splice(0), ["software\\a", "SOFTWARE\\A\\B\\C"]);
  await registry.transact([setDword("SOFTWARE\\A\\B", "n", 1)]);
  assert.deepEqual(heard, [], "nothing changed");
  stop();
  await registry.transact([{ kind: "delete-key", path: "SOFTWARE\\A" }]);
  assert.deepEqual(heard.splice(0), ["SOFTWARE\\A\\B\\C"]);
  let durable = false;
  registry.watch("SYSTEM", () => {
    durable = dwordOf(findValue(registry.root(), "SYSTEM\\K", "n")) === 9;
  });
  await registry.transact([setDword("SYSTEM\\K", "n", 9)]);
  assert.ok(durable);
  await registry.close();
});

test("many transactions at once are applied in call order and share writes", async (t) => {
  const folder = await temporaryFolder(t);
  const registry = await openRegistry(outside, folder);
  const done: number[] = [];
  const count = 300;
  await Promise.all(
    Array.from({ length: count }, async (_, number) => {
      await registry.transact([setDword("SOFTWARE\\K", "last", number), setDword("SOFTWARE\\K", `v${number}`, number)]);
      done.push(number);
    }),
  );
  assert.deepEqual(
    done,
    Array.from({ length: count }, (_, number) => number),
  );
  assert.equal(dwordOf(findValue(registry.root(), "SOFTWARE\\K", "last")), count - 1);
  await registry.close();
});

test("transactions at once go on through many folds, and none is lost", async (t) => {
  const folder = await temporaryFolder(t);
  const registry = await openRegistry(outside, folder, { foldBeyond: 2000 });
  const count = 400;
  for (let round = 0; round < 4; round++) {
    await Promise.all(
      Array.from({ length: count / 4 }, async (_, at) => {
        for (let turn = 0; turn < at; turn++) await Promise.resolve();
        await registry.transact([setDword(`SOFTWARE\\K${at}`, `v${round}`, round)]);
      }),
    );
  }
  const before = digest(findKey(registry.root(), "SOFTWARE"));
  await registry.close();
  const again = await openRegistry(outside, folder);
  assert.equal(digest(findKey(again.root(), "SOFTWARE")), before);
  for (let number = 0; number < count; number++) {
    const found = findValue(again.root(), `SOFTWARE\\K${number % 100}`, `v${Math.floor(number / 100)}`);
    assert.equal(dwordOf(found), Math.floor(number / 100));
  }
  await again.close();
});

test("a journal that has grown is folded into its hive; a transaction too long for it becomes a hive at once", async (t) => {
  const folder = await temporaryFolder(t);
  const registry = await openRegistry(outside, folder, { foldBeyond: 20_000 });
  const journalSize = async (): Promise<number> => (await stat(join(folder, "SOFTWARE.journal"))).size;
  await registry.transact([
    { kind: "set-value", path: "SOFTWARE\\Big", value: binary("b", new Uint8Array(100_000).fill(7)) },
  ]);
  assert.ok((await journalSize()) < 1000);
  for (let number = 0; number < 1500; number++)
    await registry.transact([setDword("SOFTWARE\\K", `value ${number}`, number)]);
  assert.ok((await journalSize()) < 75_000, `${await journalSize()}`);
  const before = digest(findKey(registry.root(), "SOFTWARE"));
  await registry.close();
  const again = await openRegistry(outside, folder);
  assert.equal(digest(findKey(again.root(), "SOFTWARE")), before);
  await again.close();
});

test("a hive is loaded, saved, unloaded, and stays so", async (t) => {
  const folder = await temporaryFolder(t);
  const registry = await openRegistry(outside, folder);
  const tree = applyEdits(emptyKey("ROOT", 5n), [setDword("A\\B", "n", 3)], 5n);
  const name = "My hive/é";
  await registry.load(name, writeHive(tree, { time: 1n }));
  await assert.rejects(registry.load(name.toUpperCase(), writeHive(tree, { time: 1n })), { name: "ALREADY_EXISTS" });
  await assert.rejects(registry.load("Other", new Uint8Array(5000)), { name: "HIVE_CORRUPT" });
  await assert.rejects(registry.load("a\\b", writeHive(tree, { time: 1n })), { name: "INVALID_NAME" });
  await registry.transact([setDword(`${name}\\A\\B`, "m", 4)]);
  assert.equal(dwordOf(findValue(readHive(registry.save(`${name}\\A`)).root, "B", "m")), 4);
  assert.throws(() => registry.save("SOFTWARE\\absent"), { name: "FILE_NOT_FOUND" });
  await registry.close();
  const again = await openRegistry(outside, folder);
  assert.equal(dwordOf(findValue(again.root(), `${name}\\a\\b`, "N")), 3);
  await again.unload(name.toUpperCase());
  await assert.rejects(again.unload(name), { name: "FILE_NOT_FOUND" });
  assert.equal(findKey(again.root(), name), undefined);
  await again.load(name, writeHive(tree, { time: 1n }));
  await again.unload(name);
  await again.close();
  assert.deepEqual(await readdir(folder), [".lock", "SOFTWARE", "SOFTWARE.journal", "SYSTEM", "SYSTEM.journal"]);
});

test("a read-only mount shows the newest tree and keeps the root the same while nothing changes", async (t) => {
  const registry = await openRegistry(outside, await temporaryFolder(t));
  let tree = applyEdits(emptyKey("ClusDb", 1n), [setDword("Groups", "n", 1)], 1n);
  registry.mountReadOnly("Cluster", () => tree);
  assert.equal(findKey(registry.root(), "cluster")?.name, "Cluster");
  assert.equal(registry.root(), registry.root());
  tree = applyEdits(tree, [setDword("Groups", "n", 2)], 2n);
  assert.equal(dwordOf(findValue(registry.root(), "Cluster\\Groups", "n")), 2);
  assert.throws(() => registry.mountReadOnly("CLUSTER", () => tree), { name: "ALREADY_EXISTS" });
  await assert.rejects(registry.unload("Cluster"), { name: "ACCESS_DENIED" });
  await registry.close();
});

test("a second opening, a foreign image and a lost journal are refused", async (t) => {
  const folder = await temporaryFolder(t);
  const registry = await openRegistry(outside, folder);
  await assert.rejects(openRegistry(outside, folder), { name: "BUSY" });
  await registry.transact([setDword("SOFTWARE\\K", "n", 1)]);
  await registry.close();
  const image = await readFile(join(folder, "SOFTWARE"));
  await writeFile(join(folder, "SOFTWARE"), writeHive(emptyKey("SOFTWARE", 1n), { time: 1n }));
  await assert.rejects(openRegistry(outside, folder), { name: "CLUSTERLOG_CORRUPT" });
  await writeFile(join(folder, "SOFTWARE"), image);
  await (await openRegistry(outside, folder)).close();
  await rm(join(folder, "SOFTWARE.journal"));
  await assert.rejects(openRegistry(outside, folder), { name: "CLUSTERLOG_CORRUPT" });
});
