import assert from "node:assert/strict";
import { test } from "node:test";
import { memoryFiles, outsideOf } from "../../test/crash-points/example-cluster.ts";
import type { Outside } from "../base/outside.ts";
import { dword, dwordOf } from "../tree/value.ts";
import { findValue } from "../tree/key.ts";
import { binary } from "../tree/value.ts";
import { hivesAtRest, readHiveAtRest } from "./hive-at-rest.ts";
import { openRegistry, type Registry } from "./registry.ts";

const folder = "/registry";

function set(registry: Registry, number: number): Promise<void> {
  return registry.transact([{ kind: "set-value", path: "SOFTWARE\\App", value: dword("Number", number) }]);
}

test("a freeze folds, keeps the image while changes go on, and folding comes after it", async () => {
  const { files } = memoryFiles();
  const registry = await openRegistry(outsideOf(files) as Outside, folder, { foldBeyond: 300 });
  await set(registry, 1);
  const freeze = await registry.freeze();
  const image = await files.read(`${folder}/SOFTWARE`);
  for (let number = 2; number < 200; number++) await set(registry, number);
  assert.deepEqual(await files.read(`${folder}/SOFTWARE`), image, "the image stands");
  const atRest = await readHiveAtRest(files, folder, "SOFTWARE");
  assert.equal(
    dwordOf(atRest && findValue(atRest, "App", "Number")),
    199,
    "image and journal are the hive of a moment",
  );
  await assert.rejects(registry.freeze(), /frozen/);
  assert.deepEqual(freeze.thaw(), []);
  await set(registry, 200);
  await registry.close();
  assert.notDeepEqual(await files.read(`${folder}/SOFTWARE`), image, "folded again");
  assert.deepEqual(await hivesAtRest(files, folder), ["SOFTWARE", "SYSTEM"]);
});

test("a change too long for the journal is made all the same, and the thaw tells", async () => {
  const { files } = memoryFiles();
  const registry = await openRegistry(outsideOf(files) as Outside, folder, { foldBeyond: 300 });
  const freeze = await registry.freeze();
  const value = binary("Long", new Uint8Array(100_000));
  await registry.transact([{ kind: "set-value", path: "SOFTWARE\\App", value }]);
  assert.deepEqual(freeze.thaw(), ["SOFTWARE"]);
  assert.deepEqual((await registry.freeze()).thaw(), []);
  await registry.close();
});
