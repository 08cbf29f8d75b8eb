import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { ownHive, sharedHive, sharedHivesAbsent } from "../../test/hives/shared-hives.ts";
import { buildKey } from "../tree/key.ts";
import { binary, textOf } from "../tree/value.ts";
import { deletedEntries } from "./deleted.ts";
import { writeHive } from "./write.ts";

const found = (bytes: Uint8Array): unknown[] =>
  deletedEntries(bytes).map(({ kind, name, path, value, whole }) =>
    kind === "key" ? ["key", path] : ["value", name, path, whole ? textOf(value) : "(not whole)"],
  );

describe("deleted entries of hives of others", { skip: sharedHivesAbsent }, () => {
  test("a key with its value, and a value of a key that is still there", () => {
    assert.deepEqual(found(sharedHive("yarp/DeletedDataHive")), [
      ["value", "v2", undefined, "456"],
      ["key", "456"],
      ["value", "v", "456", "123456"],
    ]);
  });

  test("a tree, and one whose upper part was overwritten", () => {
    assert.deepEqual(found(sharedHive("yarp/DeletedTreeHive")), [
      ["key", "1\\2\\3\\4\\New Key #1"],
      ["key", "1\\2\\3"],
      ["key", "1\\2\\3\\4"],
      ["key", "1\\2\\3\\4\\5"],
    ]);
    assert.deepEqual(found(sharedHive("yarp/DeletedTreePartialPathHive")), [
      ["key", "…\\4\\New Key #1"],
      ["key", "…\\4"],
      ["key", "…\\4\\5"],
    ]);
  });

  test("a value whose data were overwritten is not whole", () => {
    assert.deepEqual(found(sharedHive("yarp/ReallocValueDataHive")), [
      ["value", "", "2", "(not whole)"],
      ["key", "2"],
    ]);
  });

  test("a hive without free structures has none", () => {
    assert.deepEqual(deletedEntries(sharedHive("regipy/SYSTEM")), []);
  });
});

describe("deleted entries", () => {
  test("big data that was freed is put together, and counts as not whole when a part is in use", () => {
    const data = Uint8Array.from({ length: 40_000 }, (_, i) => i % 251);
    const bytes = writeHive(buildKey({ name: "R", lastWritten: 1n, values: [binary("big", data)] }), { time: 1n });
    const view = new DataView(bytes.buffer);
    const root = 4096 + 36;
    view.setUint32(root + 36, 0, true);
    const cells: number[] = [];
    for (let bin = 4096; bin < bytes.length; bin += view.getUint32(bin + 8, true)) {
      const end = bin + view.getUint32(bin + 8, true);
      for (let cell = bin + 32; cell < end; cell += Math.abs(view.getInt32(cell, true))) cells.push(cell);
    }
    const isKept = (cell: number): boolean =>
      ["nk", "sk"].includes(String.fromCharCode(bytes[cell + 4]!, bytes[cell + 5]!));
    for (const cell of cells) if (!isKept(cell)) view.setInt32(cell, Math.abs(view.getInt32(cell, true)), true);
    const [entry] = deletedEntries(bytes);
    assert.deepEqual([entry?.name, entry?.whole], ["big", true]);
    assert.deepEqual(entry?.value?.data, data);
    const segment = cells.find((cell) => view.getInt32(cell, true) === 16_352)!;
    view.setInt32(segment, -16_352, true);
    assert.equal(deletedEntries(bytes)[0]?.whole, false);
  });

  test("what is no hive has none", () => {
    assert.deepEqual(deletedEntries(new Uint8Array(10)), []);
    assert.deepEqual(deletedEntries(ownHive().fill(0x6e)), []);
  });
});
