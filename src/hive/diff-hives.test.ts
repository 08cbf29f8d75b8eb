import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { ownHive, sharedHive, sharedHivesAbsent } from "../../test/hives/shared-hives.ts";
import { numbersFrom } from "../../test/fuzz/mutate.ts";
import { relatedTrees, tree } from "../tree/arbitrary.ts";
import { diff, type Difference } from "../tree/diff.ts";
import { applyEdits, type Edit } from "../tree/edit.ts";
import { buildKey, emptyKey, type Key } from "../tree/key.ts";
import { binary, dword } from "../tree/value.ts";
import { modelOf, plain } from "../tree/model.ts";
import { HiveError } from "./hive-error.ts";
import { openHive } from "./open.ts";
import { readHive } from "./read.ts";
import { writeHive } from "./write.ts";

/** Differences as plain data; whole keys with all below them. */
function told(differences: Iterable<Difference>): unknown[] {
  return [...differences].map((one) => ("key" in one ? { ...one, key: plain(modelOf(one.key)) } : one));
}

function sameAsTrees(a: Uint8Array, b: Uint8Array): number {
  const found = told(openHive(a).differences(openHive(b)));
  assert.deepEqual(found, told(diff(readHive(a).root, readHive(b).root)));
  return found.length;
}

describe("two hives cell by cell", () => {
  test("differ in what their trees differ in, told in the same order", () => {
    const minor = fc.constantFrom(3 as const, 5 as const);
    const pairs = fc.oneof(relatedTrees, fc.tuple(tree({ randomSecurity: true }), tree({ randomSecurity: true })));
    fc.assert(
      fc.property(pairs, minor, minor, ([a, b], first, second) => {
        sameAsTrees(writeHive(a, { time: 1n, minor: first }), writeHive(b, { time: 2n, minor: second }));
      }),
      { numRuns: 200 },
    );
  });

  test("one byte anywhere in a value's name or data, and data in several pieces", () => {
    const values = [dword("number", 7), ...[1, 5, 6, 7, 8, 100, 40_000].map((n) => binary(`v${n}`, new Uint8Array(n)))];
    const make = (changed: number, at: number): Uint8Array => {
      const own = values.map((value, i) => {
        const data = value.data.slice();
        if (i === changed) data[at] = 0x41;
        return { ...value, data };
      });
      const below = buildKey({ name: "below", lastWritten: 1n, values: own });
      return writeHive(buildKey({ name: "R", lastWritten: 1n, children: [below, emptyKey("z", 1n)] }), { time: 1n });
    };
    const plainOne = make(-1, 0);
    const typed = { ...values[3]!, type: 9 };
    const retyped = buildKey({ name: "below", lastWritten: 1n, values: values.with(3, typed) });
    const children = [retyped, emptyKey("z", 1n)];
    assert.equal(sameAsTrees(plainOne, writeHive(buildKey({ name: "R", lastWritten: 1n, children }), { time: 1n })), 1);
    assert.equal(sameAsTrees(plainOne, make(-1, 0)), 0);
    values.forEach(({ data }, i) => {
      for (const at of [0, data.length >> 1, data.length - 1]) assert.equal(sameAsTrees(plainOne, make(i, at)), 1);
    });
  });

  test("a damaged cell, and one that is used twice, end it", () => {
    const names = ["a", "b", "c"];
    const children = names.map((name) => buildKey({ name, lastWritten: 1n, values: [dword("v", 1)] }));
    const bytes = writeHive(buildKey({ name: "R", lastWritten: 1n, children }), { time: 1n });
    const sound = openHive(bytes.slice());
    const { root } = openHive(bytes);
    const [first, second] = root.subkeys();
    const view = new DataView(bytes.buffer, bytes.byteOffset);
    view.setUint32(second!.offset + 40, view.getUint32(first!.offset + 40, true), true);
    assert.throws(() => [...sound.differences(openHive(bytes))], HiveError);
    assert.throws(() => [...openHive(bytes).differences(sound)], HiveError);
  });
});

test("a damaged hive is refused as a tree is, or compared as its tree is; nothing else is thrown", () => {
  const sound = ownHive();
  const random = numbersFrom(7);
  let compared = 0;
  for (let run = 0; run < 400; run++) {
    const bytes = sound.slice();
    for (let at = 0; at < 1 + (run % 3); at++) bytes[4096 + random(bytes.length - 4096)] = random(256);
    let expected: unknown[] | undefined;
    try {
      expected = told(diff(readHive(sound).root, readHive(bytes).root));
    } catch (error) {
      assert.ok(error instanceof HiveError);
    }
    try {
      const found = told(openHive(sound).differences(openHive(bytes)));
      if (expected === undefined) continue;
      assert.deepEqual(found, expected);
      compared++;
    } catch (error) {
      assert.ok(error instanceof HiveError && expected === undefined, String(error));
    }
  }
  assert.ok(compared > 100, `${compared} compared`);
});

describe("hives of others, cell by cell", { skip: sharedHivesAbsent }, () => {
  const names = [
    "yarp/WrongOrderHive",
    "yarp/BigDataHive",
    "yarp/ManySubkeysHive",
    "yarp/ExtendedASCIIHive",
    "regipy/BCD",
  ];
  for (const [at, name] of names.entries()) {
    test(name, () => {
      const bytes = sharedHive(name);
      assert.equal(sameAsTrees(bytes, bytes), 0);
      const { root } = readHive(bytes);
      const edits: Edit[] = [
        { kind: "set-value", path: "New key", value: dword("v", at) },
        { kind: "set-value", path: "", value: dword("v", at) },
      ];
      const changed: Key = applyEdits(root, edits, 5n);
      assert.equal(sameAsTrees(bytes, writeHive(changed, { time: 1n })), 2);
      sameAsTrees(sharedHive(names[(at + 1) % names.length]!), bytes);
    });
  }
});
