import assert from "node:assert/strict";
import { test } from "node:test";
import { applyEdits } from "../tree/edit.ts";
import { buildKey, findValue, type Key } from "../tree/key.ts";
import { sz, textOf } from "../tree/value.ts";
import type { Checkpoint } from "./checkpoint.ts";
import { treeDigest } from "./content.ts";
import { planRegistry } from "./plan.ts";

const key = (name: string, text: string, children: Key[] = []): Key =>
  buildKey({ name, lastWritten: 7n, values: [sz("v", text)], children });
const version = (path: string, number: number): Checkpoint => ({
  kind: "registry",
  path,
  number,
  fileDigest: "",
  contentDigest: "",
  size: 0,
  time: 0,
});
const equal = (a: Key, b: Key): boolean => treeDigest(a) === treeDigest(b);
const root = key("HKLM", "", [
  key("SOFTWARE", "", [key("A", "a0", [key("B", "b0")]), key("C", "c0")]),
  key("SYSTEM", "", [key("D", "d0")]),
]);
const outer = "SOFTWARE\\A";
const inner = "SOFTWARE\\A\\B";

function after(items: Parameters<typeof planRegistry>[1]): {
  readonly tree: Key;
  readonly texts: (string | undefined)[];
  readonly plan: ReturnType<typeof planRegistry>;
} {
  const plan = planRegistry(root, items, equal);
  const tree = applyEdits(
    root,
    plan.hives.flat().map(({ put }) => put),
    9n,
  );
  return { plan, tree, texts: [outer, inner].map((path) => textOf(findValue(tree, path, "v"))) };
}

test("of overlapping versions the newer one decides", () => {
  const a = key("A", "a1", [key("B", "b1")]);
  const b = key("B", "b2");
  const newerInside = [
    { checkpoint: version(outer, 1), tree: a },
    { checkpoint: version(inner, 2), tree: b },
  ];
  assert.deepEqual(after(newerInside).texts, ["a1", "b2"]);
  const newerOutside = [
    { checkpoint: version(inner, 1), tree: b },
    { checkpoint: version(outer, 2), tree: a },
  ];
  assert.deepEqual(after(newerOutside).texts, ["a1", "b1"]);
  assert.equal(after(newerOutside).plan.hives.flat().length, 1, "one subtree, put once");
});

test("what is equal is left alone, each hive has its own transaction, and undo brings everything back", () => {
  const items = [
    { checkpoint: version("software\\a", 1), tree: key("A", "a0", [key("B", "b0")]) },
    { checkpoint: version("SOFTWARE\\C", 2), tree: key("C", "c1") },
    { checkpoint: version("SOFTWARE\\New\\E", 3), tree: key("E", "e1") },
    { checkpoint: version("SYSTEM\\D", 4), tree: key("D", "d1") },
  ];
  const { plan, tree } = after(items);
  assert.deepEqual(
    plan.hives.map((hive) => hive.map(({ path }) => path)),
    [["SOFTWARE\\C", "SOFTWARE\\New\\E"], ["SYSTEM\\D"]],
  );
  assert.deepEqual(
    plan.equal.map(({ number }) => number),
    [1],
  );
  assert.deepEqual(
    plan.placed.map(({ number }) => number),
    [2, 3, 4],
  );
  const back = applyEdits(
    tree,
    plan.hives.flat().map(({ undo }) => undo),
    9n,
  );
  for (const path of ["SOFTWARE\\C", "SYSTEM\\D"])
    assert.equal(textOf(findValue(back, path, "v")), textOf(findValue(root, path, "v")));
  assert.equal(findValue(back, "SOFTWARE\\New\\E", "v"), undefined);
});
