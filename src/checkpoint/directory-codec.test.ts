import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { nameOf } from "../base/file-names.ts";
import { Failure } from "../base/errors.ts";
import { readHive, writeHive } from "../hive/index.ts";
import { buildKey, childrenOf, type Key, valuesOf } from "../tree/key.ts";
import { binary, dword, sz, type Value } from "../tree/value.ts";
import { arbitraryEntry, fileOf, folderOf, linkTo } from "../../test/checkpoint/entries.ts";
import { decodeDirectory, encodeDirectory, isDirectoryKey } from "./directory-codec.ts";
import { type Entry, entryDigest } from "./directory-entry.ts";

test("any tree of files, folders and links is a version and comes back as it was", () => {
  fc.assert(
    fc.property(arbitraryEntry(), (entry) => {
      const bytes = encodeDirectory(entry);
      const back = decodeDirectory(bytes);
      assert.deepEqual(back, entry);
      assert.equal(entryDigest(back), entryDigest(entry));
      assert.deepEqual(encodeDirectory(back), bytes, "the same settings are the same bytes");
    }),
    { numRuns: 300 },
  );
});

test("different trees have different digests", () => {
  fc.assert(
    fc.property(arbitraryEntry(), arbitraryEntry(), (a, b) => {
      const untimed = (entry: Entry): unknown =>
        JSON.stringify(entry, (key, value: unknown) => {
          if (key === "modified") return 0;
          return value instanceof Map ? [...value] : value instanceof Uint8Array ? [...value] : value;
        });
      assert.equal(entryDigest(a) === entryDigest(b), untimed(a) === untimed(b));
    }),
    { numRuns: 300 },
  );
});

test("names that a key can't have are kept: case, backslash, percent, control characters, bytes that are no UTF-8", () => {
  const names = ["Read", "READ", "read", "a\\b", "%0001", "%", "new\nline", nameOf(new Uint8Array([0xff, 0x2e, 0x80]))];
  const entry = folderOf(Object.fromEntries(names.map((name) => [name, fileOf(name)])));
  assert.deepEqual(decodeDirectory(encodeDirectory(entry)), entry);
  const shown = [...childrenOf(readHive(encodeDirectory(entry)).root)].map(({ name }) => name);
  assert.ok(shown.includes("READ") && shown.includes("%0001") && !shown.includes("a\\b"), shown.join(" "));
});

test("contents above 1 MB, deep folders and many entries are kept; deeper ones are refused with what to do", () => {
  const large = fileOf(new Uint8Array(3_000_001).fill(7));
  let deep: Entry = large;
  for (let level = 0; level < 500; level++) deep = folderOf({ d: deep });
  assert.deepEqual(decodeDirectory(encodeDirectory(deep)), deep);
  for (let level = 0; level < 20; level++) deep = folderOf({ d: deep });
  assert.throws(() => encodeDirectory(deep), { name: "MORE_DATA", next: /--exclude/ });
  const many = folderOf(Object.fromEntries(Array.from({ length: 5000 }, (_, i) => [`file ${i}`, fileOf(`${i}`)])));
  assert.deepEqual(decodeDirectory(encodeDirectory(many)), many);
});

test("the reader refuses what no folder can be", () => {
  const key = (name: string, values: readonly Value[], children: readonly Key[] = []): Key =>
    buildKey({ name, lastWritten: 1n, values, children });
  const file = (name: string, ...more: Value[]): Key =>
    key(name, [sz("Kind", "file"), dword("Mode", 0o600), binary("Content", new Uint8Array()), ...more]);
  const root = (children: readonly Key[], ...values: Value[]): Uint8Array =>
    writeHive(
      key("Directory", [dword("DirectoryFormat", 1), sz("Kind", "folder"), dword("Mode", 0o700), ...values], children),
      {
        time: 1n,
      },
    );
  const wrong: readonly (readonly [string, Uint8Array])[] = [
    ["a way out", root([file("..")])],
    ["a way out in a value", root([file("%0001", sz("Name", "../../etc/passwd"))])],
    ["an absolute name", root([file("%0001", sz("Name", "/etc"))])],
    ["no name", root([file("%0001")])],
    ["two names", root([file("a", sz("Name", "b"))])],
    ["the same name twice", root([file("a"), file("%0001", sz("Name", "a"))])],
    ["a NUL", root([file("%0001", sz("Name", "a\0b"))])],
    ["a name that is too long", root([file("%0001", sz("Name", "ä".repeat(130)))])],
    [
      "entries of a file",
      root([key("f", [sz("Kind", "file"), dword("Mode", 0), binary("Content", new Uint8Array())], [file("x")])]),
    ],
    ["another kind", root([key("f", [sz("Kind", "socket"), dword("Mode", 0)])])],
    ["no mode", root([key("f", [sz("Kind", "folder")])])],
    ["a mode with a file type", root([key("f", [sz("Kind", "folder"), dword("Mode", 0o40755)])])],
    ["half an owner", root([], dword("Owner", 1))],
    ["an empty link", root([key("l", [sz("Kind", "link"), dword("Mode", 0), sz("Target", "")])])],
    ["a file without content", root([key("f", [sz("Kind", "file"), dword("Mode", 0)])])],
    ["no directory", writeHive(key("x", []), { time: 1n })],
    ["no hive", new Uint8Array(100)],
  ];
  for (const [what, bytes] of wrong) assert.throws(() => decodeDirectory(bytes), { name: "INVALID_DATA" }, what);
  const later = writeHive(key("Directory", [dword("DirectoryFormat", 2)]), { time: 1n });
  assert.throws(() => decodeDirectory(later), { name: "VERSION_NOT_SUPPORTED" });
  assert.ok(isDirectoryKey(readHive(later).root));
});

test("fuzz: bytes that were changed anywhere are read as a tree without a way out, or refused", () => {
  const seed = encodeDirectory(
    folderOf({ a: fileOf("text"), A: fileOf("other"), in: folderOf({ l: linkTo("../a"), "%x": fileOf("") }) }),
  );
  const changes = fc.array(fc.tuple(fc.nat(seed.length - 1), fc.integer({ min: 0, max: 255 })), {
    minLength: 1,
    maxLength: 6,
  });
  fc.assert(
    fc.property(changes, fc.nat(seed.length), fc.boolean(), (edits, end, cut) => {
      const bytes = cut ? seed.slice(0, end) : seed.slice();
      for (const [at, byte] of edits) if (at < bytes.length) bytes[at] = byte;
      try {
        requireInside(decodeDirectory(bytes));
      } catch (error) {
        assert.ok(error instanceof Failure, String(error));
      }
    }),
    { numRuns: 3000 },
  );
});

test("fuzz: changed values and names are read as a tree without a way out, or refused", () => {
  const { root } = readHive(encodeDirectory(folderOf({ a: fileOf("text"), A: fileOf(""), l: linkTo("x") })));
  const odd = fc.constantFrom("..", ".", "", "a/b", "/", "a", "A", "folder", "link", "x\0y");
  fc.assert(
    fc.property(fc.nat(40), odd, (which, text) => {
      let at = 0;
      const changed = (key: Key): Key =>
        buildKey({
          ...key,
          name: at++ === which && !/[/\0]/.test(text) && text !== "" ? text : key.name,
          values: [...valuesOf(key)].map((value) => (at++ === which ? sz(value.name, text) : value)),
          children: [...childrenOf(key)].map(changed),
        });
      try {
        requireInside(decodeDirectory(writeHive(changed(root), { time: 1n })));
      } catch (error) {
        assert.ok(error instanceof Failure, String(error));
      }
    }),
    { numRuns: 1000 },
  );
});

function requireInside(entry: Entry): void {
  if (entry.kind !== "folder") return;
  for (const [name, child] of entry.entries) {
    assert.ok(!["", ".", ".."].includes(name) && !name.includes("/") && !name.includes("\0"), JSON.stringify(name));
    requireInside(child);
  }
}
