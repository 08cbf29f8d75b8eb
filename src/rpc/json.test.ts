import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { fromJson, toJson } from "./json.ts";

const name = fc.oneof(fc.string(), fc.constantFrom("$b", "$n", "$$b", "$", "__proto__", "toString"));
const { value } = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    fc.constantFrom(null, true, false),
    fc.integer(),
    fc.double({ noNaN: true, noDefaultInfinity: true }).map((n) => n + 0),
    fc.string(),
    fc.array(fc.nat(0xffff)).map((units) => String.fromCharCode(...units)),
    fc.bigInt(),
    fc.uint8Array(),
    fc.array(tie("value"), { maxLength: 4 }),
    fc.array(fc.tuple(name, tie("value")), { maxLength: 4 }).map((entries) => Object.fromEntries(entries)),
  ),
}));

test("every plain value comes back, also through UTF-8", () =>
  fc.assert(
    fc.property(value, (one) => {
      const utf8 = new TextEncoder().encode(toJson(one));
      assert.deepEqual(fromJson(new TextDecoder().decode(utf8)), one);
    }),
    { numRuns: 500 },
  ));

test("undefined properties are left out, other values are refused", () => {
  assert.equal(toJson({ a: undefined, b: 1n, c: Uint8Array.of(1) }), '{"b":{"$n":"1"},"c":{"$b":"AQ=="}}');
  for (const bad of [Number.NaN, Infinity, new Date(), new Map(), Symbol("s"), () => 1, [new Error("e")]]) {
    assert.throws(() => toJson(bad), { name: "INVALID_DATA" });
  }
});

test("what toJson does not write is refused", () => {
  for (const bad of ["", "{", '{"$x":1}', '{"$b":1}', '{"$b":"?"}', '{"$n":"1.5"}', '{"$n":"01"}', '{"$b":"","a":1}']) {
    assert.throws(() => fromJson(bad), { name: "INVALID_DATA" }, bad);
  }
});
