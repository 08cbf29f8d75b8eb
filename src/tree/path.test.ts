import assert from "node:assert/strict";
import test from "node:test";
import fc from "fast-check";
import { keyName } from "./arbitrary.ts";
import { compareNames, foldName, joinPath, sameName, splitPath } from "./path.ts";
import { upcase } from "./upcase-table.ts";

test("the upcase table is that of Windows 10: 973 units, whole-table checksum", () => {
  const upcaseTable = Uint16Array.from({ length: 0x10000 }, (_, unit) => upcase(unit));
  const mapped = upcaseTable.filter((upper, unit) => upper !== unit);
  assert.equal(mapped.length, 973);
  assert.equal(upcaseTable.reduce((sum, upper) => (Math.imul(sum, 31) + upper) | 0, 0) >>> 0, 3007304150);
});

test("units that other tables map and Windows does not stay; letters with iota subscript go to one unit", () => {
  for (const same of ["µ", "ı", "ſ", "ς", "ß", "ა", "\u1e9b", "\u019b", "\u0264", "\ud801"])
    assert.equal(foldName(same), same);
  const pairs = [
    ["ÿ", "Ÿ"],
    ["ａ", "Ａ"],
    ["\u1fb3", "\u1fbc"],
    ["\u1f80", "\u1f88"],
    ["ǆ", "Ǆ"],
    ["\u2c65", "\u023a"],
  ] as const;
  for (const [lower, upper] of pairs) assert.equal(foldName(lower), upper);
});

test("names sort as offreg.dll wrote them: unit by unit, shorter first", () => {
  const order = ["a", "AA", "aB", "b", "äöü", "\ud801\udc00", "\ud801\udc28", "Ａ"];
  assert.deepEqual(order.toReversed().sort(compareNames), order);
  assert.ok(sameName("Ａ", "ａ"));
  assert.ok(!sameName("\ud801\udc00", "\ud801\udc28"));
});

test("comparing names is comparing folded names", () => {
  fc.assert(
    fc.property(keyName(), keyName(), (a, b) => {
      const [left, right] = [foldName(a), foldName(b)];
      assert.equal(Math.sign(compareNames(a, b)), left < right ? -1 : left > right ? 1 : 0);
      assert.equal(sameName(a, b), left === right);
      assert.equal(foldName(left), left);
    }),
  );
  assert.equal(foldName("x".repeat(5000)), "X".repeat(5000));
});

test("a path splits into its names and joins again", () => {
  assert.deepEqual(splitPath(""), []);
  assert.deepEqual(splitPath("a\\b"), ["a", "b"]);
  assert.deepEqual(splitPath("\\a"), ["", "a"]);
  assert.equal(joinPath("", "a\\b", "", "c"), "a\\b\\c");
  assert.equal(joinPath(), "");
});
