import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import fc from "fast-check";
import { encodeUtf16 } from "../base/bytes.ts";
import { Failure } from "../base/errors.ts";
import { applyEdits, type Edit } from "../tree/edit.ts";
import { buildKey, childrenOf, emptyKey, findKey, findValue, type Key, valuesOf } from "../tree/key.ts";
import { binary, dword, expandSz, multiSz, qword, sz, type Value } from "../tree/value.ts";
import { foldName } from "../tree/path.ts";
import { readHive } from "./read.ts";
import { readRegText, writeRegText } from "./reg-text.ts";

const decode = (bytes: Uint8Array): string => new TextDecoder("utf-16le").decode(bytes);
const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);
const head = "Windows Registry Editor Version 5.00\r\n\r\n";

/** Content without what the format can't carry. */
function content(key: Key): unknown {
  return {
    values: [...valuesOf(key)].map(({ name, type, data }) => [name, type, [...data]]),
    children: [...childrenOf(key)].map((child) => [child.name, content(child)]),
  };
}

const unit = fc.integer({ min: 1, max: 0xffff }).map((code) => String.fromCharCode(code));
const keyName = fc.string({ unit, minLength: 1, maxLength: 6 }).filter((name) => !/[\\\r\n]/.test(name));
const valueName = fc.string({ unit, maxLength: 6 }).filter((name) => !/[\r\n]/.test(name));
const text = fc.string({
  unit: fc.oneof(unit, fc.constantFrom('"', "\\", ";", "\r", "\n", "[", "]", "\0")),
  maxLength: 20,
});
const value: fc.Arbitrary<Value> = fc.oneof(
  fc.tuple(valueName, text).map(([name, one]) => sz(name, one)),
  fc.tuple(valueName, text).map(([name, one]) => expandSz(name, one)),
  fc.tuple(valueName, fc.integer({ min: 0, max: 0xffffffff })).map(([name, one]) => dword(name, one)),
  fc
    .tuple(valueName, fc.integer({ min: 0, max: 0xffffffff }), fc.uint8Array({ maxLength: 120 }))
    .map(([name, type, data]) => ({ name, type, data })),
  fc
    .tuple(valueName, fc.constantFrom(1, 2, 3, 4, 7, 11), fc.uint8Array({ maxLength: 9 }))
    .map(([name, type, data]) => ({ name, type, data })),
);
const folded = ({ name }: { readonly name: string }): string => foldName(name);
const treeOf = (depth: number): fc.Arbitrary<Key> =>
  fc
    .record({
      name: keyName,
      values: fc.uniqueArray(value, { selector: folded, maxLength: 4 }),
      children: depth === 0 ? fc.constant([]) : fc.uniqueArray(treeOf(depth - 1), { selector: folded, maxLength: 3 }),
    })
    .map((parts) => buildKey({ ...parts, lastWritten: 1n }));
const tree = treeOf(3);

test("every tree comes back with all its names, types and bytes", () => {
  fc.assert(
    fc.property(tree, (key) => {
      const edits = readRegText(writeRegText("SOFTWARE\\there", key));
      const read = applyEdits(emptyKey("HKEY_LOCAL_MACHINE", 1n), edits, 1n);
      assert.deepEqual(content(findKey(read, "SOFTWARE\\there") as Key), content(key));
    }),
    { numRuns: 500 },
  );
});

test("a text is written as a text only when its bytes are exactly that", () => {
  const line = (one: Value): string =>
    decode(writeRegText("S", buildKey({ name: "S", lastWritten: 0n, values: [one] }))).split("\r\n")[3] ?? "";
  assert.equal(line(sz("a", 'C:\\x "y"')), '"a"="C:\\\\x \\"y\\""');
  assert.equal(line(sz("", "x")), '@="x"');
  assert.equal(line({ name: "a", type: 1, data: encodeUtf16("x") }), '"a"=hex(1):78,00');
  assert.equal(line(sz("a", "x\0")), '"a"=hex(1):78,00,00,00,00,00');
  assert.equal(line(sz("a", "\r")), '"a"=hex(1):0d,00,00,00');
  assert.equal(line(sz("a", "\ud800")), '"a"=hex(1):00,d8,00,00');
  assert.equal(line({ name: "a", type: 1, data: new Uint8Array(3) }), '"a"=hex(1):00,00,00');
  assert.equal(line(dword("a", 0x1f)), '"a"=dword:0000001f');
  assert.equal(line({ name: "a", type: 4, data: Uint8Array.of(1) }), '"a"=hex(4):01');
  assert.equal(line(qword("a", 1n)), '"a"=hex(b):01,00,00,00,00,00,00,00');
  assert.equal(line(binary("a", new Uint8Array())), '"a"=hex:');
  assert.equal(line(multiSz("a", ["b"])), '"a"=hex(7):62,00,00,00,00,00');
});

test("no line is longer than 80 columns unless its head is", () => {
  const lines = decode(
    writeRegText("S", buildKey({ name: "S", lastWritten: 0n, values: [binary("name", new Uint8Array(300))] })),
  ).split("\r\n");
  assert.ok(lines.length > 10);
  for (const line of lines) assert.ok(line.length <= 80, line);
});

test("what regedit and people write is understood", () => {
  const asked = readRegText(
    utf8(
      `${head}; a comment\n[hklm\\SOFTWARE\\A]\r\n  @="x" ; why\r\n"n"=-\r\n"h" = hex(2):41,0,\\\r\n  00,00\r\n"d"=dword:a\r\n` +
        `"two"="1\r\n2"\r\n[-HKEY_LOCAL_MACHINE\\SOFTWARE\\B]\r\n\r\n`,
    ),
  );
  const path = "SOFTWARE\\A";
  assert.deepEqual(asked, [
    { kind: "create-key", path },
    { kind: "set-value", path, value: sz("", "x") },
    { kind: "delete-value", path, name: "n" },
    { kind: "set-value", path, value: { name: "h", type: 2, data: Uint8Array.of(0x41, 0, 0, 0) } },
    { kind: "set-value", path, value: dword("d", 10) },
    { kind: "set-value", path, value: sz("two", "1\r\n2") },
    { kind: "delete-key", path: "SOFTWARE\\B" },
  ] satisfies Edit[]);
  const same = readRegText(encodeUtf16(`${head}[HKEY_LOCAL_MACHINE\\SOFTWARE\\é]`));
  assert.deepEqual(same, [{ kind: "create-key", path: "SOFTWARE\\é" }]);
});

const wrong: readonly (readonly [string, string, RegExp])[] = [
  ["no title", "[HKLM\\A]", /does not begin/],
  ["another root", `${head}[HKEY_CURRENT_USER\\A]`, /not below HKEY_LOCAL_MACHINE/],
  ["the root itself", `${head}[HKEY_LOCAL_MACHINE]`, /not below/],
  ["an open key", `${head}[HKLM\\A`, /line 3: a key's line/],
  ["a value without a key", `${head}"a"="b"`, /outside of a key/],
  ["a value below a deleted key", `${head}[-HKLM\\A]\n"a"="b"`, /outside of a key/],
  ["no closing mark", `${head}[HKLM\\A]\n"a"="b`, /no closing/],
  ["a single backslash", `${head}[HKLM\\A]\n"a"="C:\\d"`, /line 4: .*single backslash/],
  ["a wrong byte", `${head}[HKLM\\A]\n"a"=hex:0g`, /no byte/],
  ["a long dword", `${head}[HKLM\\A]\n"a"=dword:123456789`, /neither/],
  ["more after a value", `${head}[HKLM\\A]\n"a"="b" c`, /stands after a value/],
];
for (const [name, source, reason] of wrong) {
  test(`refused: ${name}`, () => {
    assert.throws(
      () => readRegText(utf8(source)),
      (error: unknown) => error instanceof Failure && error.name === "INVALID_DATA" && reason.test(error.message),
    );
  });
}

test("REGEDIT4 and foreign bytes are refused by name", () => {
  assert.throws(() => readRegText(utf8("REGEDIT4\r\n")), { name: "VERSION_NOT_SUPPORTED" });
  assert.throws(() => readRegText(Uint8Array.of(0x57, 0xff, 0xfe)), { name: "INVALID_DATA" });
});

test("a name that no line can hold is refused, not mangled", () => {
  for (const key of [
    buildKey({ name: "S", lastWritten: 0n, values: [sz("a\nb", "")] }),
    buildKey({ name: "S", lastWritten: 0n, children: [emptyKey("a\rb", 0n)] }),
  ]) {
    assert.throws(() => writeRegText("S", key), { name: "INVALID_NAME" });
  }
});

test("any bytes are read or refused, never anything else", () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.uint8Array(),
        fc.string().map((text) => utf8(head + text)),
        fc.string().map((text) => encodeUtf16(`${head}[HKLM\\A]\n${text}`)),
      ),
      (bytes) => {
        try {
          readRegText(bytes);
        } catch (error) {
          assert.ok(error instanceof Failure, String(error));
        }
      },
    ),
  );
});

test("the sample hive as text and back", () => {
  const { root } = readHive(new Uint8Array(readFileSync(new URL("../../test/data/software.hive", import.meta.url))));
  const read = applyEdits(emptyKey("HKEY_LOCAL_MACHINE", 0n), readRegText(writeRegText("SOFTWARE", root)), 0n);
  assert.deepEqual(content(findKey(read, "SOFTWARE") as Key), content(root));
  assert.equal(findValue(read, "SOFTWARE", "no such value"), undefined);
});
