import assert from "node:assert/strict";
import test from "node:test";
import fc from "fast-check";
import {
  binary,
  binaryOf,
  dword,
  dwordOf,
  expandSz,
  multiSz,
  multiSzOf,
  qword,
  qwordOf,
  sz,
  textOf,
  valueType,
} from "./value.ts";

const text = fc.string({ unit: fc.constantFrom("a", "\0", "é", "\ud800", "\udc00", "\n", "ﬃ") });

test("what a maker writes its reader reads", () => {
  fc.assert(
    fc.property(text, fc.nat(0xffff_ffff), fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), (words, small, large) => {
      assert.equal(textOf(sz("n", words)), words);
      assert.equal(textOf(expandSz("n", words)), words);
      assert.equal(dwordOf(dword("n", small)), small);
      assert.equal(qwordOf(qword("n", large)), large);
    }),
  );
  const word = fc.string({ minLength: 1 }).filter((each) => !each.includes("\0"));
  fc.assert(fc.property(fc.array(word), (words) => assert.deepEqual(multiSzOf(multiSz("n", words)), words)));
});

test("a reader gives undefined for what is absent, of another type or of another length", () => {
  const short = { name: "n", type: valueType.dword, data: new Uint8Array(3) };
  for (const read of [textOf, multiSzOf, dwordOf, qwordOf, binaryOf]) assert.equal(read(undefined), undefined);
  assert.equal(dwordOf(short), undefined);
  assert.equal(dwordOf(sz("n", "a")), undefined);
  assert.equal(qwordOf(dword("n", 1)), undefined);
  assert.equal(textOf(dword("n", 1)), undefined);
  assert.equal(multiSzOf(sz("n", "a")), undefined);
  assert.deepEqual(binaryOf(binary("n", Uint8Array.of(1))), Uint8Array.of(1));
});

test("texts without their NUL, with an odd byte and lists without their end are read", () => {
  assert.equal(textOf({ name: "", type: 1, data: Uint8Array.of(65, 0, 66, 0) }), "AB");
  assert.equal(textOf({ name: "", type: 1, data: Uint8Array.of(65, 0, 66) }), "A");
  assert.deepEqual(multiSzOf({ name: "", type: 7, data: Uint8Array.of(65, 0, 0, 0, 66, 0) }), ["A", "B"]);
  assert.deepEqual(multiSzOf({ name: "", type: 7, data: new Uint8Array(0) }), []);
});

test("numbers and lists that the type can't hold are refused", () => {
  for (const bad of [-1, 1.5, 2 ** 32, Number.NaN]) assert.throws(() => dword("n", bad), { name: "INVALID_PARAMETER" });
  for (const bad of [-1n, 2n ** 64n]) assert.throws(() => qword("n", bad), { name: "INVALID_PARAMETER" });
  for (const bad of [[""], ["a\0b"]]) assert.throws(() => multiSz("n", bad), { name: "INVALID_PARAMETER" });
});
