import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, test } from "node:test";
import fc from "fast-check";
import { sharedFiles, sharedHive, sharedHivesAbsent } from "../../test/hives/shared-hives.ts";
import { concatBytes, encodeUtf16 } from "../base/bytes.ts";
import { Failure } from "../base/errors.ts";
import * as arbitrary from "../tree/arbitrary.ts";
import { diffTree } from "../tree/diff-tree.ts";
import { applyEdits, type Edit } from "../tree/edit.ts";
import { buildKey, emptyKey, type Key } from "../tree/key.ts";
import { modelOf, plain, plainContent } from "../tree/model.ts";
import { binary, dword, multiSz, qword, sz, type Value } from "../tree/value.ts";
import { openHive } from "./open.ts";
import { readHive } from "./read.ts";
import type { RegForm } from "./reg-encoding.ts";
import { readRegText, readRegTree } from "./reg-text.ts";
import { streamHiveText, streamRegText, writeRegText } from "./reg-write.ts";
import { writeHive } from "./write.ts";

const decode = (bytes: Uint8Array): string => new TextDecoder("utf-16le").decode(bytes);
const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);
const head = "Windows Registry Editor Version 5.00\r\n\r\n";

const forms: readonly RegForm[] = ["unicode", "utf-8", "ascii", "regedit4"];
const prefix = "HKEY_LOCAL_MACHINE\\SOFTWARE\\there";
const pageOf = (form: RegForm): { readonly codePage?: string } =>
  form === "regedit4" ? { codePage: "windows-1252" } : {};
const held = (key: Key): unknown => plain(modelOf(key));

test("every tree comes back with all there is in it, in every form", () => {
  fc.assert(
    fc.property(arbitrary.tree({ randomSecurity: true }), fc.constantFrom(...forms), (key, form) => {
      const read = readRegTree(writeRegText(key, { prefix, form, times: true }), pageOf(form));
      assert.equal(read.path, prefix);
      assert.deepEqual(held(read.root), held(key));
    }),
    { numRuns: 400 },
  );
});

test("as edits of an empty tree it makes the same content", () => {
  fc.assert(
    fc.property(arbitrary.tree({ randomSecurity: true }), fc.constantFrom(...forms), (key, form) => {
      const options = { prefix, ...pageOf(form), attributes: true };
      const edits = readRegText(writeRegText(key, { prefix, form }), options);
      const made = applyEdits(emptyKey("", 1n), edits, 1n);
      // The class and the link of the root itself are no edits of a key that exists.
      const [root] = [{ ...modelOf(made), className: key.className, symlink: key.symlink }];
      assert.deepEqual(plainContent(root), plainContent(modelOf(key)));
    }),
    { numRuns: 200 },
  );
});

test("without comments it is what everybody reads, and what that can't hold is refused, not mangled", () => {
  fc.assert(
    fc.property(arbitrary.tree({ depth: 2 }), fc.constantFrom(...forms), (key, form) => {
      let bytes: Uint8Array;
      try {
        bytes = writeRegText(key, { prefix, form, extension: false });
      } catch (error) {
        assert.equal((error as Error).name, "INVALID_NAME");
        return;
      }
      const { root } = readRegTree(bytes, pageOf(form));
      const { counts } = diffTree(key, root, { attributes: false });
      assert.deepEqual(new Set(Object.values(counts)), new Set([0]));
    }),
    { numRuns: 200 },
  );
});

test("chunks of a large tree are the whole text", () => {
  const values = Array.from({ length: 40 }, (_, at) => binary(`v${at}`, new Uint8Array(5000).fill(at)));
  const key = buildKey({ name: "S", lastWritten: 0n, values });
  let chunks = 0;
  streamRegText(key, {}, () => (chunks += 1));
  assert.ok(chunks > 3);
  assert.deepEqual(held(readRegTree(writeRegText(key, { times: true })).root), held(key));
});

test("a text is written as a text only when its bytes are exactly that", () => {
  const line = (one: Value): string =>
    decode(
      writeRegText(buildKey({ name: "HKEY_LOCAL_MACHINE", lastWritten: 0n, values: [one] }), { extension: false }),
    ).split("\r\n")[3] ?? "";
  assert.equal(line(sz("a", 'C:\\x "y"')), '"a"="C:\\\\x \\"y\\""');
  assert.equal(line(sz("", "x")), '@="x"');
  assert.equal(line(sz("a", "")), '"a"=""');
  assert.equal(line(sz("a", "ä\u{10410}")), '"a"="ä\u{10410}"');
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

test("the old dialect has texts in its code page, and the rest for clubar only", () => {
  const values = [sz("ä", "é"), multiSz("m", ["é"]), sz("later", "\u0416"), binary("b", Uint8Array.of(0xe9))];
  const key = buildKey({ name: "HKEY_LOCAL_MACHINE", lastWritten: 0n, values });
  const text = new TextDecoder("windows-1252").decode(writeRegText(key, { form: "regedit4" }));
  assert.deepEqual(text.split("\r\n").slice(0, 8), [
    "REGEDIT4",
    "",
    "[HKEY_LOCAL_MACHINE]",
    '"ä"="é"',
    '"m"=hex(7):e9,00,00',
    ";clubar 1",
    ';clubar value "later" hex(1):16,04,00,00',
    '"b"=hex:e9',
  ]);
  assert.throws(() => writeRegText(key, { form: "regedit4", codePage: "shift_jis" }), { name: "INVALID_PARAMETER" });
  const japanese = concatBytes([utf8('REGEDIT4\r\n[HKLM\\A]\r\n"a"="'), Uint8Array.of(0x83, 0x5c), utf8('"')]);
  assert.deepEqual(readRegText(japanese, { codePage: "shift_jis" })[1], {
    kind: "set-value",
    path: "A",
    value: sz("a", "ソ"),
  });
  assert.throws(() => readRegText(japanese), { name: "INVALID_DATA", message: /code page/ });
});

test("what a line can't hold stands in comments that others pass over", () => {
  const hidden = buildKey({ name: "a\nb", lastWritten: 0n, values: [sz("x", "1")], children: [emptyKey("below", 0n)] });
  const key = buildKey({ name: "R", lastWritten: 0n, className: "C", values: [sz("n\0", "1")], children: [hidden] });
  const lines = decode(writeRegText(key, { prefix: "HKEY_LOCAL_MACHINE\\R" })).split("\r\n");
  assert.deepEqual(lines.slice(2, -1), [
    "[HKEY_LOCAL_MACHINE\\R]",
    ";clubar 1",
    ';clubar class "C"',
    ';clubar value "n\\u0000" hex(1):31,00,00,00',
    "",
    ';clubar key "HKEY_LOCAL_MACHINE\\\\R\\\\a\\nb"',
    ';clubar value "x" hex(1):31,00,00,00',
    "",
    ';clubar key "HKEY_LOCAL_MACHINE\\\\R\\\\a\\nb\\\\below"',
    "",
  ]);
});

test("no line is longer than 80 columns unless its head is", () => {
  const key = buildKey({ name: "S", lastWritten: 0n, values: [binary("name", new Uint8Array(300))] });
  const lines = decode(writeRegText(key, { extension: false })).split("\r\n");
  assert.ok(lines.length > 10);
  for (const line of lines) assert.ok(line.length <= 80, line);
});

test("what regedit and people write is understood", () => {
  const asked = readRegText(
    utf8(
      `${head}; a comment\n[hklm\\SOFTWARE\\A]\r\n  @="x" ; why\r\n"n"=-\r\n"h" = hex(2):41,0,\\\r\n  00,00\r\n"d"=dword:a\r\n` +
        `"two"="1\r\n2"\r\n;clubar said\r\n[-HKEY_LOCAL_MACHINE\\SOFTWARE\\B]\r\n\r\n`,
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
  const same = encodeUtf16(`${head}[HKEY_LOCAL_MACHINE\\SOFTWARE\\é]`);
  const made = [{ kind: "create-key", path: "SOFTWARE\\é" }];
  assert.deepEqual(readRegText(same), made);
  assert.deepEqual(readRegText(concatBytes([Uint8Array.of(0xfe, 0xff), same.map((_, at) => same[at ^ 1] ?? 0)])), made);
  assert.deepEqual(readRegText(utf8(`${head}[HKCU]\n[hkey_current_user\\B]`), { prefix: "HKCU" }), [
    { kind: "create-key", path: "" },
    { kind: "create-key", path: "B" },
  ]);
});

describe("texts of others", { skip: sharedHivesAbsent }, () => {
  const texts = sharedHivesAbsent === false ? sharedFiles().filter((name) => name.endsWith(".reg")) : [];
  for (const name of texts) {
    test(name, () => {
      const { root, path, deletes } = readRegTree(sharedHive(name));
      assert.ok(deletes || name.endsWith("samba-provision.reg") || path.startsWith("HKEY_"), path);
      assert.deepEqual(held(readRegTree(writeRegText(root, { prefix: path, times: true })).root), held(root));
    });
  }
});

const wrong: readonly (readonly [string, string, RegExp])[] = [
  ["no title", "[HKLM\\A]", /does not begin/],
  ["another root", `${head}[HKEY_CURRENT_USER\\A]`, /not below HKEY_LOCAL_MACHINE/],
  ["two bytes without a comma", `${head}[HKLM\\A]\n"a"=hex:00 00`, /comma/],
  ["three digits", `${head}[HKLM\\A]\n"a"=hex:000`, /no byte/],
  ["a line that is not continued", `${head}[HKLM\\A]\n"a"=hex:00,\\ 00`, /backslash/],
  ["an unknown comment of clubar", `${head};clubar 1\n[HKLM\\A]\n;clubar colour "red"`, /not known/],
  ["a descriptor that was not given", `${head};clubar 1\n[HKLM\\A]\n;clubar security 7`, /not known/],
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

test("foreign bytes and comments of a later clubar are refused by name", () => {
  assert.throws(() => readRegText(Uint8Array.of(0x57, 0xff, 0xfe)), { name: "INVALID_DATA" });
  assert.throws(() => readRegText(utf8(`${head};clubar 2\r\n`)), { name: "VERSION_NOT_SUPPORTED" });
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

test("a hive's text is that of its tree, but for the order in the file", () => {
  const time = 1n;
  fc.assert(
    fc.property(arbitrary.tree(), (tree) => {
      const parts: Uint8Array[] = [];
      streamHiveText(openHive(writeHive(tree, { time })), { prefix, times: true }, (part) => parts.push(part));
      assert.deepEqual(concatBytes(parts), writeRegText(tree, { prefix, times: true }));
    }),
  );
});

test("the sample hive as text and back", () => {
  const { root } = readHive(new Uint8Array(readFileSync(new URL("../../test/data/software.hive", import.meta.url))));
  for (const form of forms) {
    const bytes = writeRegText(root, { prefix: "HKEY_LOCAL_MACHINE\\SOFTWARE", form, times: true });
    const read = readRegTree(bytes, { prefix: "HKLM\\SOFTWARE", ...pageOf(form) });
    assert.deepEqual(held(read.root), held(root));
  }
});
