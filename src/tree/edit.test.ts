import assert from "node:assert/strict";
import test from "node:test";
import fc from "fast-check";
import { edits as someEdits, tree } from "./arbitrary.ts";
import { applyEdits, type Edit } from "./edit.ts";
import {
  buildKey,
  childCount,
  childOf,
  childrenOf,
  emptyKey,
  findKey,
  findValue,
  valueCount,
  valueOf,
  valuesOf,
  type Key,
} from "./key.ts";
import { applyToModel, modelOf, plain } from "./model.ts";
import { dword, dwordOf, sz, textOf } from "./value.ts";

const root = emptyKey("ROOT", 1n);

test("edits do what they do to the model, and leave the tree before as it was", () => {
  fc.assert(
    fc.property(tree(), someEdits(20), (before, edits) => {
      const model = modelOf(before);
      const unchanged = plain(modelOf(before));
      const after = applyEdits(before, edits, 77n);
      for (const edit of edits) applyToModel(model, edit, 77n);
      assert.deepEqual(plain(modelOf(after)), plain(model));
      assert.deepEqual(plain(modelOf(before)), unchanged);
    }),
    { numRuns: 300 },
  );
});

test("names keep the spelling they were made with and are found by any", () => {
  const tree = applyEdits(
    root,
    [
      { kind: "set-value", path: "Software\\App", value: sz("Ärger", "1") },
      { kind: "set-value", path: "SOFTWARE\\app", value: sz("äRGER", "2") },
    ],
    2n,
  );
  assert.equal(findKey(tree, "sOFTWARE\\aPP")?.name, "App");
  assert.equal(findValue(tree, "software\\app", "ÄRGER")?.name, "Ärger");
  assert.equal(textOf(findValue(tree, "software\\app", "ärger")), "2");
  assert.equal(childCount(tree), 1);
});

test("an edit that changes nothing gives the very same tree", () => {
  const tree = applyEdits(root, [{ kind: "set-value", path: "A", value: dword("n", 5) }], 2n);
  const idle: Edit[] = [
    { kind: "create-key", path: "a", className: "other" },
    { kind: "set-value", path: "a", value: dword("N", 5) },
    { kind: "delete-value", path: "A", name: "absent" },
    { kind: "delete-value", path: "absent\\key", name: "n" },
    { kind: "delete-key", path: "absent" },
    { kind: "delete-key", path: "absent\\key" },
    { kind: "set-security", path: "A", security: undefined },
  ];
  for (const edit of idle) assert.equal(applyEdits(tree, [edit], 9n), tree, edit.kind);
});

test("a refused edit refuses the whole list", () => {
  const good: Edit = { kind: "create-key", path: "A" };
  const long = "x".repeat(256);
  const deep = Array.from({ length: 513 }, () => "k").join("\\");
  const deepTree = chain(300);
  const bad: readonly (readonly [Edit, string])[] = [
    [{ kind: "create-key", path: "\\A" }, "INVALID_NAME"],
    [{ kind: "create-key", path: "A\\" }, "INVALID_NAME"],
    [{ kind: "create-key", path: "A\\\\B" }, "INVALID_NAME"],
    [{ kind: "create-key", path: long }, "INVALID_NAME"],
    [{ kind: "create-key", path: deep }, "INVALID_NAME"],
    [{ kind: "set-value", path: "A", value: sz("v".repeat(16384), "") }, "INVALID_NAME"],
    [
      { kind: "set-value", path: "A", value: { name: "", type: 2 ** 32, data: new Uint8Array(0) } },
      "INVALID_PARAMETER",
    ],
    [
      { kind: "put-tree", path: "A", tree: buildKey({ name: "A", lastWritten: 1n, children: [emptyKey("b\\c", 1n)] }) },
      "INVALID_NAME",
    ],
    [{ kind: "put-tree", path: deep.slice(0, 2 * 300 - 1), tree: deepTree }, "INVALID_NAME"],
    [{ kind: "set-security", path: "absent", security: new Uint8Array(20) }, "FILE_NOT_FOUND"],
    [{ kind: "delete-key", path: "" }, "ACCESS_DENIED"],
  ];
  for (const [edit, name] of bad) assert.throws(() => applyEdits(root, [good, edit], 2n), { name });
  applyEdits(
    root,
    [
      { kind: "create-key", path: deep.slice(2) },
      { kind: "create-key", path: "x".repeat(255) },
    ],
    2n,
  );
});

test("last-write times: the key of a value, the parent of a new or deleted key, and nobody above", () => {
  const tree = applyEdits(root, [{ kind: "create-key", path: "A\\B" }], 2n);
  const valued = applyEdits(tree, [{ kind: "set-value", path: "A\\B", value: dword("n", 1) }], 3n);
  const times = (key: Key): (bigint | undefined)[] => ["", "A", "A\\B"].map((path) => findKey(key, path)?.lastWritten);
  assert.deepEqual(times(tree), [2n, 2n, 2n]);
  assert.deepEqual(times(valued), [2n, 2n, 3n]);
  assert.deepEqual(times(applyEdits(valued, [{ kind: "delete-key", path: "A\\B" }], 4n)), [2n, 4n, undefined]);
  const put = applyEdits(valued, [{ kind: "put-tree", path: "A\\B", tree: emptyKey("other", 1n) }], 5n);
  assert.deepEqual(times(put), [2n, 2n, 1n]);
  assert.equal(findKey(put, "A\\B")?.name, "B");
});

test("a new key takes its parent's security", () => {
  const security = new Uint8Array(20).fill(7);
  const tree = applyEdits(
    buildKey({ name: "", lastWritten: 1n, security }),
    [{ kind: "create-key", path: "A\\B" }],
    2n,
  );
  assert.equal(findKey(tree, "A\\B")?.security, security);
});

test("a key with 10 000 values built by edits keeps their order and shares all but the path", () => {
  const count = 10_000;
  const edits = Array.from(
    { length: count },
    (_, n): Edit => ({ kind: "set-value", path: "A", value: dword(`v${(n * 7919) % count}`, n) }),
  );
  const tree = applyEdits(root, edits, 2n);
  const key = findKey(tree, "A") as Key;
  assert.equal(valueCount(key), count);
  assert.deepEqual(
    [...valuesOf(key)].map(dwordOf),
    Array.from({ length: count }, (_, n) => n),
  );
  assert.deepEqual(dwordOf(valueOf(key, "V7919")), 1);
  const rest = applyEdits(
    tree,
    edits
      .slice(40)
      .map(
        (edit): Edit => ({ kind: "delete-value", path: "A", name: edit.kind === "set-value" ? edit.value.name : "" }),
      ),
    3n,
  );
  assert.deepEqual(
    [...valuesOf(findKey(rest, "A") as Key)].map(dwordOf),
    Array.from({ length: 40 }, (_, n) => n),
  );
});

test("a key with many children is built at once or by edits, in the order of folded names", () => {
  const names = Array.from({ length: 3000 }, (_, n) => `${n % 2 === 0 ? "k" : "K"}${(n * 7919) % 3000}`);
  const built = buildKey({ name: "r", lastWritten: 1n, children: names.map((name) => emptyKey(name, 1n)) });
  const edited = applyEdits(
    root,
    names.map((path): Edit => ({ kind: "create-key", path })),
    1n,
  );
  assert.deepEqual(
    [...childrenOf(built)].map((key) => key.name),
    [...childrenOf(edited)].map((key) => key.name),
  );
  assert.equal(childOf(built, "K7")?.name.toLowerCase(), "k7");
  assert.throws(() => buildKey({ name: "r", lastWritten: 1n, children: [emptyKey("a", 1n), emptyKey("A", 1n)] }), {
    name: "INVALID_PARAMETER",
  });
  assert.throws(() => buildKey({ name: "r", lastWritten: 1n, values: [sz("a", ""), sz("A", "")] }), {
    name: "INVALID_PARAMETER",
  });
});

function chain(depth: number): Key {
  let key = emptyKey("k", 1n);
  for (let at = 0; at < depth; at++) key = buildKey({ name: "k", lastWritten: 1n, children: [key] });
  return key;
}
