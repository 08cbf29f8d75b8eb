import assert from "node:assert/strict";
import test from "node:test";
import { sha256OfChunks } from "../base/digest.ts";
import { contentDigest } from "./content.ts";
import { applyEdits } from "./edit.ts";
import { buildKey, emptyKey, type Key } from "./key.ts";
import { binary, sz } from "./value.ts";

function digest(key: Key): string {
  return contentDigest(key, sha256OfChunks);
}

test("the digest of a known tree stays what it is: stored digests outlive a version", () => {
  const tree = applyEdits(
    buildKey({ name: "r", lastWritten: 1n, className: "C", security: new Uint8Array(20) }),
    [
      { kind: "set-value", path: "A", value: sz("b", "text") },
      { kind: "set-value", path: "A", value: sz("a", "text") },
      { kind: "create-key", path: "Ä\\\ud800", className: "D" },
    ],
    2n,
  );
  assert.equal(digest(tree), "e25b8b42bae3c61ebf89a716959e1178ed4b2d2aa87c9df8ce00188fdaebfccf");
});

test("times, stored order and the root's name do not count; everything else does", () => {
  const make = (name: string, time: bigint, ...names: string[]): Key =>
    buildKey({ name, lastWritten: time, values: names.map((each) => sz(each, "x")), children: [emptyKey("k", time)] });
  assert.equal(digest(make("r", 1n, "a", "b")), digest(make("other", 2n, "b", "a")));
  const base = { name: "r", lastWritten: 1n };
  const others = [
    buildKey(base),
    buildKey({ ...base, className: "" }),
    buildKey({ ...base, security: new Uint8Array(0) }),
    buildKey({ ...base, symlink: true }),
    buildKey({ ...base, values: [sz("a", "")] }),
    buildKey({ ...base, values: [sz("A", "")] }),
    buildKey({ ...base, values: [binary("a", sz("a", "").data)] }),
    buildKey({ ...base, values: [sz("", "a")] }),
    buildKey({ ...base, children: [emptyKey("a", 1n)] }),
    buildKey({ ...base, children: [emptyKey("A", 1n)] }),
    buildKey({ ...base, children: [emptyKey("a", 1n), emptyKey("b", 1n)] }),
    buildKey({ ...base, children: [buildKey({ name: "a", lastWritten: 1n, children: [emptyKey("b", 1n)] })] }),
  ];
  assert.equal(new Set(others.map(digest)).size, others.length);
});
