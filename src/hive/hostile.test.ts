/** Hives made to hurt: what is small in the file must not become large in memory or long in time. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { logEntry, logFile, setBaseFields } from "../../test/hives/log-file.ts";
import { RawHive } from "../../test/hives/raw-hive.ts";
import {
  checkHive,
  deletedEntries,
  emptyKey,
  HiveError,
  openHive,
  readHive,
  recoverHive,
  salvageHive,
  writeHive,
} from "./index.ts";

const none = 0xffff_ffff;

function refuses(act: () => unknown, why: RegExp): void {
  assert.throws(act, (error) => error instanceof HiveError && why.test(error.reason));
}

/** As lists of 1000 under an index. */
function listOf(hive: RawHive, keys: readonly number[]): number {
  const lists: number[] = [];
  for (let from = 0; from < keys.length; from += 1000) lists.push(hive.list(keys.slice(from, from + 1000)));
  return hive.index(lists);
}

describe("hives made to hurt", () => {
  test("a list of lists whose parts are all the same one: more entries than the hive has room for", () => {
    const hive = new RawHive(1 << 20);
    const root = hive.key("R", none);
    const leaf = hive.list(Array<number>(60_000).fill(hive.key("a", root)));
    const index = hive.index(Array<number>(60_000).fill(leaf));
    for (const count of [3_600_000_000, 5000]) {
      hive.fill(root, [count, index]);
      const bytes = hive.finish(root);
      refuses(() => openHive(bytes).root.subkeys(), /subkeys, more than the hive|a subkey list holds 60000 entries/);
      refuses(() => openHive(bytes).find("b"), /subkeys, more than the hive|a subkey list holds 60000 entries/);
      refuses(() => readHive(bytes), /./);
      assert.equal(salvageHive(bytes).report.keys, 2);
    }
  });

  test("a gigabyte of data in segments that are all the same one", () => {
    const hive = new RawHive(1 << 20);
    const root = hive.key("R", none);
    const segment = hive.cell(16_344);
    const list = hive.cell(65_535 * 4, ...Array<number>(65_535).fill(segment));
    hive.fill(root, undefined, [hive.value(65_535 * 16_344, hive.cell(8, 0xffff_6264, list))]);
    const bytes = hive.finish(root);
    refuses(() => openHive(bytes).root.value("")?.data, /are more than the hive/);
    assert.deepEqual(
      salvageHive(bytes).report.losses.map(({ kind }) => kind),
      ["data"],
    );
  });

  test("50,000 subkeys of the same name are salvaged with names of their own", () => {
    const count = 50_000;
    const hive = new RawHive(count * 100);
    const root = hive.key("R", none);
    const keys = Array.from({ length: count }, () => hive.key("a", root));
    hive.fill(root, [count, listOf(hive, keys)]);
    const { tree, report } = salvageHive(hive.finish(root));
    assert.equal(report.keys, count + 1);
    assert.equal(report.losses.filter(({ kind }) => kind === "name").length, count - 1);
    assert.equal(readHive(writeHive(tree, { time: 1n })).root.children?.size, count);
  });

  test("20,000 losses below 510 keys with long names: their paths are cut", () => {
    const hive = new RawHive(4 << 20);
    const root = hive.key("R", none);
    let parent = root;
    for (let depth = 0; depth < 510; depth++) {
      const key = hive.key("\u0416".repeat(255), parent, true);
      hive.fill(parent, [1, hive.list([key])]);
      parent = key;
    }
    const keys = Array.from({ length: 20_000 }, (_, i) => hive.key(`k${String(i).padStart(5, "0")}`, parent));
    hive.fill(parent, [keys.length, listOf(hive, keys)]);
    // None of them has the class name that it says.
    for (const key of keys) hive.view.setUint32(4096 + key + 4 + 48, 0x10, true);
    const bytes = hive.finish(root);
    const { losses } = salvageHive(bytes).report;
    assert.equal(losses.length, 20_000);
    assert.ok(losses.every(({ path }) => path.length < 1400));
    assert.match(losses.at(-1)!.path, /^…\\\u0416.*\\k19999$/);
    assert.ok(checkHive(bytes).every(({ path }) => (path ?? "").length < 1400));
    assert.deepEqual(deletedEntries(bytes), []);
  });

  test("deleted values that lie across each other, and many with the same data", () => {
    const put = (step: number, value: readonly number[]): Uint8Array => {
      const hive = new RawHive(2 << 20);
      const root = hive.key("R", none);
      const from = 4096 + hive.next + 4;
      const bytes = hive.finish(root, 3);
      for (let at = from; at + 70_000 < bytes.length; at += step)
        value.forEach((word, i) => hive.view.setUint32(at + i * 4, word, true));
      return bytes;
    };
    const names = deletedEntries(put(24, [0xff00_6b76, 0x8000_0000, 0, 3, 1]));
    assert.ok(names.length > 0 && names.reduce((sum, { name }) => sum + name.length, 0) < 2 << 20);
    const data = deletedEntries(put(24, [0x6b76, 1 << 20, 0x1000, 3, 1]));
    assert.ok(data.length > 50_000);
    assert.ok(data.reduce((sum, { value }) => sum + value!.data.length, 0) <= 2 * (3 << 20));
  });

  test("cells behind a damaged one that lie across each other", () => {
    const count = 20_000;
    const hive = new RawHive(4 << 20);
    const root = hive.key("R", none);
    const data = hive.next + count * 36 + 64;
    const values = Array.from({ length: count }, (_, i) =>
      hive.cell(24, 0x4_6b76, 1 << 20, data + i * 8, 3, 1, 0x6000_0000 + i),
    );
    hive.fill(root, undefined, values);
    const damaged = 4096 + hive.next;
    const bytes = hive.finish(root, 3);
    hive.view.setInt32(damaged, 3, true);
    for (let i = 0; i < count; i++) hive.view.setInt32(4096 + data + i * 8, -((1 << 20) + 8), true);
    const { report } = salvageHive(bytes);
    assert.ok(report.values > 0 && report.dataBytes <= bytes.length);
  });

  test("a log that says that the hive has two gigabytes", () => {
    const before = writeHive(emptyKey("R", 1n), { time: 7n });
    const after = before.slice();
    after[5000]! ^= 1;
    const entry = logEntry(11, before, after);
    const dirty = before.slice();
    setBaseFields(dirty, [
      [4, 12],
      [8, 11],
    ]);
    const log = logFile(dirty, 11, [entry]);
    assert.equal(recoverHive(dirty, [log]).outcome, "recovered");
    const large = logFile(dirty, 11, [logEntry(11, before, after, 0x7fff_f000)]);
    assert.throws(() => recoverHive(dirty, [large]), /2147483648 bytes, but far less is there/);
  });
});
