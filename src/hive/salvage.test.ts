import assert from "node:assert/strict";
import { test } from "node:test";
import { buildKey, childrenOf, emptyKey, type Key, valuesOf } from "../tree/key.ts";
import { binary } from "../tree/value.ts";
import { HiveError } from "./hive-error.ts";
import { Inspection } from "./inspection.ts";
import { isKeyCell } from "./inspect-keys.ts";
import { baseBlockSize } from "./layout.ts";
import { openHive } from "./open.ts";
import { salvageHive } from "./salvage.ts";
import { writeHive } from "./write.ts";

/** Where the cells of all keys end in the file. */
function endsOfKeys(bytes: Uint8Array): number[] {
  const inspection = new Inspection(bytes, false);
  const ends: number[] = [];
  for (let offset = 0; offset < inspection.bins.extent; offset += 8) {
    const cell = inspection.cellAt(offset);
    if (typeof cell !== "string" && isKeyCell(inspection, cell.data)) ends.push(cell.data + cell.length);
  }
  return ends;
}

function sample(): Key {
  const data = binary("data", new Uint8Array(200).fill(7));
  const children = Array.from({ length: 12 }, (_, i) =>
    buildKey({ name: `key ${i}`, lastWritten: 1n, values: [data] }),
  );
  return buildKey({ name: "ROOT", lastWritten: 1n, children: [...children, emptyKey("last", 1n)] });
}

test("of a bin that the file ends in, every key is saved whose cell is there", () => {
  const whole = writeHive(sample(), { time: 1n });
  const unbelieved = whole.slice();
  unbelieved[508]! ^= 1;
  const ends = endsOfKeys(whole);
  assert.equal(ends.length, 14);
  for (const bytes of [whole, unbelieved])
    for (let length = baseBlockSize; length < bytes.length; length++) {
      const cut = bytes.subarray(0, length);
      const expected = ends.filter((end) => end <= length).length;
      if (bytes === whole) assert.throws(() => openHive(cut), HiveError);
      if (expected === 0) {
        assert.throws(() => salvageHive(cut), HiveError);
        continue;
      }
      const { tree, report } = salvageHive(cut);
      assert.equal(report.keys, expected, `${length}`);
      assert.ok(expected === 14 || report.losses.length > 0, `${length}`);
      for (const key of childrenOf(tree))
        for (const { data } of valuesOf(key)) assert.deepEqual(data, new Uint8Array(200).fill(7));
    }
});
