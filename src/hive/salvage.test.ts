import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { ownHive, sharedHive, sharedHivesAbsent } from "../../test/hives/shared-hives.ts";
import { cellModel, type ModelKey } from "../../test/hives/cell-model.ts";
import { edits as someEdits, tree as anyTree } from "../tree/arbitrary.ts";
import { childrenOf, type Key, valuesOf } from "../tree/key.ts";
import { checkHive } from "./check.ts";
import { HiveEditor } from "./edit-hive.ts";
import { HiveError } from "./hive-error.ts";
import { openHive } from "./open.ts";
import { orphansName, salvageHive, type SalvageReport } from "./salvage.ts";
import { writeHive } from "./write.ts";

/** A salvaged key with the one above it; undefined for the root and for those below the lost-and-found key. */
interface Saved {
  readonly key: Key;
  readonly parent: bigint | undefined;
}

/** By their times, which are the places of their cells. */
function savedKeys(tree: Key): Map<bigint, Saved> {
  const found = new Map<bigint, Saved>();
  const waiting: Saved[] = [{ key: tree, parent: undefined }];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const { key } = next;
    const isPlace = key.name === orphansName;
    if (!isPlace && key.lastWritten !== 0n) found.set(key.lastWritten, next);
    for (const child of childrenOf(key)) waiting.push({ key: child, parent: isPlace ? undefined : key.lastWritten });
  }
  return found;
}

/** What there must be of a hive that ends at `cut`; returns how many keys. */
function expectSaved(model: readonly ModelKey[], cut: number, tree: Key, report: SalvageReport): number {
  const saved = savedKeys(tree);
  const isThere = (ends: readonly number[]): boolean => ends.every((end) => end <= cut);
  let keys = 0;
  let orphans = 0;
  const lost = new Set<ModelKey>();
  for (const one of model) {
    if (!isThere([one.end])) continue;
    keys++;
    const found = saved.get(one.time);
    assert.ok(found !== undefined, `${one.name}, cut at ${cut}`);
    const top = one.parent !== undefined && !isThere([one.parent.end]);
    if (top || (one.parent !== undefined && lost.has(one.parent))) {
      lost.add(one);
      orphans++;
    }
    assert.equal(found.parent, top ? undefined : one.parent?.time, one.name);
    // Among others that lost theirs, a name may be taken.
    if (!top) assert.equal(found.key.name, one.name);
    assert.equal(
      found.key.className,
      one.className !== undefined && isThere(one.className.ends) ? one.className.text : undefined,
    );
    const values = isThere([one.valuesEnd]) ? one.values.filter(({ ends }) => isThere(ends)) : [];
    assert.deepEqual(
      [...valuesOf(found.key)].map(({ name, data }) => `${name} ${Buffer.from(data).toString("hex")}`).sort(),
      values.map(({ name, data }) => `${name} ${Buffer.from(data).toString("hex")}`).sort(),
      `${one.name}, cut at ${cut}`,
    );
  }
  assert.ok(report.keys >= keys && report.orphans >= orphans);
  assert.ok(keys === model.length || report.findings.length > 0);
  return keys;
}

/** Salvages the hive cut there. */
function cutAt(bytes: Uint8Array, model: readonly ModelKey[], cut: number): number {
  const cutBytes = bytes.subarray(0, cut);
  if (!model.some(({ end }) => end <= cut)) {
    assert.throws(() => salvageHive(cutBytes), HiveError);
    return 0;
  }
  const { tree, report } = salvageHive(cutBytes);
  return expectSaved(model, cut, tree, report);
}

describe("a hive that is cut off", () => {
  test("gives every key and value whose cells are there, in its place or in the one for what has no parent", () => {
    const shape = { depth: 3, width: 4, values: 3, dataLength: 60 };
    fc.assert(
      fc.property(
        anyTree(shape),
        someEdits(10),
        fc.constantFrom(3 as const, 5 as const),
        fc.boolean(),
        fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 6, maxLength: 6 }),
        (start, changes, minor, believed, cuts) => {
          const editor = new HiveEditor(writeHive(start, { time: 1n, minor }), { check: false });
          for (const change of changes)
            try {
              editor.apply([change], 2n);
            } catch {
              continue;
            }
          const bytes = editor.whole(2n);
          const model = cellModel(bytes);
          if (!believed) bytes[508]! ^= 1;
          for (const share of cuts) cutAt(bytes, model, 4096 + 32 + Math.floor(share * (bytes.length - 4128)));
        },
      ),
      { numRuns: 150 },
    );
  });

  test("of an NTUSER.DAT every cut at a page, beside one and inside one", { skip: sharedHivesAbsent }, () => {
    const bytes = sharedHive("regipy/NTUSER.DAT");
    const model = cellModel(bytes);
    assert.deepEqual(
      [8191, 8192].map((cut) => cutAt(bytes, model, cut)),
      [21, 21],
    );
    let before = 0;
    for (const page of [3, 7, 40, 41, 90, 150, 200])
      for (const beside of [-1, 0, 1, 33, 2047]) {
        const keys = cutAt(bytes, model, page * 4096 + beside);
        assert.ok(keys >= before);
        before = keys;
      }
  });

  test("is refused by who reads strictly", () => {
    const bytes = ownHive();
    for (let cut = 4096; cut < bytes.length; cut += 500) {
      assert.throws(() => openHive(bytes.subarray(0, cut)), HiveError);
      assert.ok(checkHive(bytes.subarray(0, cut)).some(({ rule }) => rule === "file-short"));
    }
  });
});
