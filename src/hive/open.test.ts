import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { chainHive } from "../../test/hives/chain.ts";
import { ownHive, sharedHive, sharedHivesAbsent } from "../../test/hives/shared-hives.ts";
import { buildKey, childrenOf, emptyKey, findKey, type Key, valuesOf } from "../tree/key.ts";
import { binary } from "../tree/value.ts";
import { HiveError } from "./hive-error.ts";
import { HiveImage } from "./image.ts";
import { type HiveKey, openHive } from "./open.ts";
import { readHive } from "./read.ts";
import { writeHive } from "./write.ts";

/** Every key of a tree with its path. */
function* pathsOf(root: Key): Generator<readonly [path: string, key: Key], void, undefined> {
  const waiting: (readonly [string, Key])[] = [["", root]];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    yield next;
    const [path, key] = next;
    for (const child of childrenOf(key)) waiting.push([path === "" ? child.name : `${path}\\${child.name}`, child]);
  }
}

function sameKey(found: HiveKey, key: Key): void {
  assert.equal(found.name, key.name);
  assert.equal(found.lastWritten, key.lastWritten);
  assert.equal(found.className, key.className);
  assert.deepEqual(found.security, key.security);
  assert.deepEqual(
    found.values().map(({ name, type, data }) => ({ name, type, data })),
    [...valuesOf(key)].map(({ name, type, data }) => ({ name, type, data })),
  );
}

describe("a hive that is opened lazily", () => {
  test("looks at few cells until more is asked for", () => {
    const children = Array.from({ length: 4000 }, (_, i) => emptyKey(`k${i}`, 1n));
    const bytes = writeHive(buildKey({ name: "R", lastWritten: 1n, children }), { time: 1n });
    const image = new HiveImage(bytes);
    assert.equal(image.steps, 0);
    image.claim(36, 0);
    assert.ok(image.steps < 60, `${image.steps} steps`);
    image.scanAll();
    assert.ok(image.steps > 4000);
  });

  test("finds what a whole read finds, by any spelling, also in lists of lists", () => {
    const children = Array.from({ length: 1500 }, (_, i) => emptyKey(`Key-${i}`, 1n));
    const made = writeHive(
      buildKey({ name: "R", lastWritten: 1n, children, values: [binary("b", new Uint8Array(40_000).fill(1))] }),
      {
        time: 1n,
      },
    );
    for (const bytes of [ownHive(), made]) {
      const hive = openHive(bytes);
      for (const [path, key] of pathsOf(readHive(bytes).root)) {
        const found = hive.find(path.toUpperCase());
        assert.ok(found !== undefined, path);
        sameKey(found, key);
        assert.equal(hive.find(`${path}\\absent`), undefined);
      }
    }
  });

  test("bytes may lie anywhere in memory", () => {
    const bytes = ownHive();
    const padded = new Uint8Array(bytes.length + 8);
    padded.set(bytes, 3);
    assert.deepEqual(readHive(padded.subarray(3, 3 + bytes.length)), readHive(bytes));
  });

  test("names that come again are told from names of the same length, as often as they come", () => {
    const names = Array.from({ length: 300 }, (_, i) => `Name-${String(i % 100).padStart(1 + (i % 3), "0")}`);
    const children = Array.from({ length: 40 }, (_, i) =>
      buildKey({
        name: `k${i}`,
        lastWritten: 1n,
        values: [...new Set(names)].map((name) => binary(name, new Uint8Array(1))),
      }),
    );
    const hive = openHive(writeHive(buildKey({ name: "R", lastWritten: 1n, children }), { time: 1n }));
    for (const key of hive.root.subkeys())
      assert.deepEqual(
        key.values().map((value) => value.name),
        [...new Set(names)],
      );
  });

  test("damage is met where it is, not before", () => {
    const below = buildKey({ name: "below", lastWritten: 1n, values: [binary("v", new Uint8Array(9))] });
    const bytes = writeHive(buildKey({ name: "R", lastWritten: 1n, children: [below, emptyKey("sound", 1n)] }), {
      time: 1n,
    });
    const value = openHive(bytes).find("below")?.value("v")?.offset ?? 0;
    bytes[value] = 0;
    const hive = openHive(bytes);
    assert.equal(hive.find("sound")?.name, "sound");
    assert.equal(hive.find("below")?.valueCount, 1);
    assert.throws(() => hive.find("below")?.values(), HiveError);
    assert.throws(() => hive.walk({}), HiveError);
    assert.throws(() => hive.read(), HiveError);
  });

  test("a walk of a part, and one of a chain that is too deep", () => {
    const hive = openHive(ownHive());
    const names: string[] = [];
    hive.walk({ key: ({ name }, depth) => names.push(`${depth} ${name}`) }, hive.find("Contoso\\Billing"));
    assert.deepEqual(names, ["0 Billing", "1 Database", "1 Features"]);
    assert.equal(findKey(hive.find("Contoso")!.read(), "billing\\features")?.name, "Features");
    assert.throws(() => openHive(chainHive(600)).walk({}), /deeper than 512/);
  });
});

describe("hives of others, lazily", { skip: sharedHivesAbsent }, () => {
  for (const name of [
    "nt-hive/testhive",
    "yarp/WrongOrderHive",
    "yarp/UpcaseHive",
    "yarp/TruncatedPairHive2",
    "regipy/BCD",
  ]) {
    test(`every key of ${name} is found by its path`, () => {
      const bytes = sharedHive(name);
      const hive = openHive(bytes);
      for (const [path, key] of pathsOf(readHive(bytes).root)) sameKey(hive.find(path) ?? assert.fail(path), key);
    });
  }

  test("layered keys tell what they do to the layer below", () => {
    const counts: Record<string, number> = {};
    let inherited = 0;
    openHive(sharedHive("yarp/System_Delta")).walk({
      key(key) {
        counts[key.layering] = (counts[key.layering] ?? 0) + 1;
        if (key.inheritsClass) inherited++;
        if (key.layering === "tombstone") assert.equal(key.valueCount + key.subkeyCount, 0);
      },
    });
    assert.deepEqual(counts, { merge: 522, tombstone: 2, "supersede-tree": 62 });
    assert.equal(inherited, 515);
  });
});
