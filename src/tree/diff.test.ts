import assert from "node:assert/strict";
import test from "node:test";
import fc from "fast-check";
import { sha256OfChunks } from "../base/digest.ts";
import { relatedTrees, tree } from "./arbitrary.ts";
import { contentDigest } from "./content.ts";
import { diff, editsFromDiff } from "./diff.ts";
import { applyEdits, type Edit } from "./edit.ts";
import { buildKey, emptyKey, type Key } from "./key.ts";
import { modelOf, plainContent } from "./model.ts";
import { dword, sz } from "./value.ts";

function content(key: Key): unknown {
  return plainContent(modelOf(key));
}

function digest(key: Key): string {
  return contentDigest(key, sha256OfChunks);
}

test("the edits out of a diff make one tree into the other", () => {
  const pairs = fc.oneof(relatedTrees, fc.tuple(tree({ randomSecurity: true }), tree({ randomSecurity: true })));
  fc.assert(
    fc.property(pairs, ([a, b]) => {
      const made = applyEdits(a, editsFromDiff(a, b), 5n);
      assert.deepEqual(content(made), content(b));
      assert.deepEqual([...diff(made, b)], []);
      assert.equal(digest(made), digest(b));
    }),
    { numRuns: 400 },
  );
});

test("no difference, equal digest and equal content are the same thing", () => {
  fc.assert(
    fc.property(relatedTrees, ([a, b]) => {
      const same = [...diff(a, b)].length === 0;
      assert.equal(same, JSON.stringify(content(a)) === JSON.stringify(content(b)));
      assert.equal(same, digest(a) === digest(b));
    }),
    { numRuns: 300 },
  );
});

test("each kind of difference is told, the key's own before its subkeys", () => {
  const a = applyEdits(
    emptyKey("a", 1n),
    [
      { kind: "set-value", path: "K", value: dword("changed", 1) },
      { kind: "set-value", path: "K", value: dword("gone", 1) },
      { kind: "set-value", path: "K", value: dword("case", 1) },
      { kind: "create-key", path: "K\\Gone\\Below" },
    ],
    1n,
  );
  const edited = applyEdits(
    a,
    [
      { kind: "set-value", path: "K", value: dword("changed", 2) },
      { kind: "delete-value", path: "K", name: "gone" },
      { kind: "delete-value", path: "K", name: "case" },
      { kind: "set-value", path: "K", value: dword("CASE", 1) },
      { kind: "delete-key", path: "K\\Gone" },
      { kind: "create-key", path: "K\\New" },
      { kind: "set-security", path: "K", security: new Uint8Array(20) },
    ],
    2n,
  );
  assert.deepEqual(
    [...diff(a, edited)].map(
      (each) => `${each.kind} ${each.path} ${"name" in each ? each.name : "what" in each ? each.what : ""}`,
    ),
    [
      "key-changed K security",
      "value-removed K case",
      "value-added K CASE",
      "value-changed K changed",
      "value-removed K gone",
      "key-removed K\\Gone ",
      "key-added K\\New ",
    ],
  );
  assert.deepEqual([...diff(undefined, a)], [{ kind: "key-added", path: "", key: a }]);
  assert.deepEqual([...diff(a, undefined)], [{ kind: "key-removed", path: "", key: a }]);
  assert.deepEqual([...diff(undefined, undefined)], []);
});

test("class and symlink flag travel, with the subtree, and name case too", () => {
  const a = buildKey({
    name: "r",
    lastWritten: 1n,
    children: [buildKey({ name: "K", lastWritten: 1n, values: [sz("v", "1")] })],
  });
  const b = buildKey({
    name: "r",
    lastWritten: 1n,
    children: [buildKey({ name: "K", lastWritten: 1n, className: "C", symlink: true, children: [emptyKey("n", 1n)] })],
  });
  const c = buildKey({ name: "r", lastWritten: 1n, className: "R", children: [emptyKey("k", 1n)] });
  for (const [from, to] of [
    [a, b],
    [b, a],
    [a, c],
    [c, b],
  ] as const) {
    assert.deepEqual(content(applyEdits(from, editsFromDiff(from, to), 2n)), content(to));
  }
});

test("a diff costs what changed: one key among 100 000, one value among 10 000", () => {
  const children = Array.from({ length: 100_000 }, (_, n) => emptyKey(`k${n}`, 1n));
  const values = Array.from({ length: 10_000 }, (_, n) => dword(`v${n}`, n));
  const trap: Key = {
    ...emptyKey("trap", 1n),
    get children(): never {
      throw new Error("a shared subtree was looked into");
    },
  };
  const wide = buildKey({ name: "r", lastWritten: 1n, children: [...children, trap], values });
  const edits: Edit[] = [
    { kind: "set-value", path: "k777", value: dword("n", 1) },
    { kind: "set-value", path: "", value: dword("V5", 6) },
  ];
  const after = applyEdits(wide, edits, 2n);
  assert.deepEqual(
    [...diff(wide, after)].map((each) => each.kind),
    ["value-changed", "value-added"],
  );
});

test("trees far deeper than the stack are compared, digested and edited at depth", () => {
  const chain = (depth: number, leaf: Key): Key => {
    let key = leaf;
    for (let at = 0; at < depth; at++) key = buildKey({ name: "k", lastWritten: 1n, children: [key] });
    return key;
  };
  const [a, b] = [chain(100_000, emptyKey("a", 1n)), chain(100_000, emptyKey("b", 1n))];
  assert.equal(digest(a).length, 64);
  let count = 0;
  for (const each of diff(chain(3000, a), chain(3000, a))) count += each.path.length;
  assert.equal(count, 0);
  assert.equal([...diff(chain(3000, emptyKey("a", 1n)), chain(3000, emptyKey("b", 1n)))].length, 2);
  assert.notEqual(digest(a), digest(b));
});
