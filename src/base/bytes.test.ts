import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { concatBytes, decodeUtf16, encodeUtf16, equalBytes, fromBase64, fromHex, toBase64, toHex } from "./bytes.ts";

const anyString = fc.array(fc.nat(0xffff), { maxLength: 20 }).map((units) => String.fromCharCode(...units));

test("hexadecimal and base64 are Node's and come back", () =>
  fc.assert(
    fc.property(fc.uint8Array(), (bytes) => {
      assert.equal(toHex(bytes), Buffer.from(bytes).toString("hex"));
      assert.equal(toBase64(bytes), Buffer.from(bytes).toString("base64"));
      assert.deepEqual(fromHex(toHex(bytes).toUpperCase()), bytes);
      assert.deepEqual(fromBase64(toBase64(bytes)), bytes);
    }),
  ));

test("a text is base64 only as toBase64 writes it", () =>
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom("A", "B", "/", "=", "é", " "), maxLength: 9 }), (text) => {
      const canonical = Buffer.from(text, "base64").toString("base64") === text;
      if (canonical) assert.equal(toBase64(fromBase64(text)), text);
      else assert.throws(() => fromBase64(text), { name: "INVALID_DATA" });
    }),
    { numRuns: 2000 },
  ));

test("hexadecimal of odd length or other letters is refused", () => {
  for (const text of ["a", "0g", " 0", "0x"]) assert.throws(() => fromHex(text), { name: "INVALID_DATA" });
});

test("UTF-16 keeps every unit, lone surrogates too", () => {
  fc.assert(fc.property(anyString, (text) => assert.equal(decodeUtf16(encodeUtf16(text)), text)));
  assert.deepEqual(encodeUtf16("a\ud800"), Uint8Array.of(0x61, 0, 0, 0xd8));
  const long = "\udfffx".repeat(10_000);
  assert.equal(decodeUtf16(encodeUtf16(long)), long);
  assert.equal(decodeUtf16(Uint8Array.of(0x61, 0, 0x62)), "a");
});

test("concatenation and equality", () =>
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 4 }), { maxLength: 5 }), (parts) => {
      const whole = concatBytes(parts);
      assert.deepEqual(
        [...whole],
        parts.flatMap((part) => [...part]),
      );
      assert.ok(equalBytes(whole, whole.slice()));
      assert.ok(!equalBytes(whole, concatBytes([whole, Uint8Array.of(0)])));
      if (whole.length > 0) assert.ok(!equalBytes(whole, whole.with(whole.length - 1, (whole.at(-1) ?? 0) ^ 1)));
    }),
  ));
