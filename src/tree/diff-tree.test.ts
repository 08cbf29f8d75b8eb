import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { relatedTrees } from "./arbitrary.ts";
import { diff } from "./diff.ts";
import { type DiffNode, diffTree } from "./diff-tree.ts";
import { applyEdits } from "./edit.ts";
import { emptyKey, type Key } from "./key.ts";
import { dword, sz } from "./value.ts";

const time = 1n;
const base: Key = applyEdits(
  emptyKey("ROOT", time),
  [
    { kind: "set-value", path: "A\\B", value: sz("Port", "80") },
    { kind: "set-value", path: "A\\Gone\\Below", value: dword("N", 1) },
    { kind: "set-value", path: "Same", value: dword("N", 1) },
  ],
  time,
);

test("only keys on the way to a difference are told, whole subtrees unfolded", () => {
  const after = applyEdits(
    base,
    [
      { kind: "set-value", path: "A\\B", value: sz("Port", "81") },
      { kind: "delete-key", path: "A\\Gone" },
      { kind: "set-value", path: "New\\Below", value: dword("M", 2) },
    ],
    time,
  );
  const { root, counts, more } = diffTree(base, after);
  assert.deepEqual(outline(root), [
    "A inside",
    "A\\B inside: ~Port",
    "A\\Gone removed",
    "A\\Gone\\Below removed: -N",
    "New added",
    "New\\Below added: +M",
  ]);
  assert.deepEqual(counts, {
    keysAdded: 2,
    keysRemoved: 2,
    keysChanged: 0,
    valuesAdded: 1,
    valuesRemoved: 1,
    valuesChanged: 1,
  });
  assert.equal(more, 0);
});

test("equal trees have no difference", () => {
  assert.equal(diffTree(base, base).root, undefined);
  assert.equal(
    diffTree(base, applyEdits(base, [{ kind: "set-value", path: "Same", value: dword("N", 1) }], 9n)).root,
    undefined,
  );
});

test("class names and security count unless a side can't carry them", () => {
  const secured = applyEdits(base, [{ kind: "set-security", path: "A", security: Uint8Array.of(1, 2) }], time);
  assert.deepEqual(diffTree(base, secured).root?.children[0]?.what, ["security"]);
  assert.equal(diffTree(base, secured, { attributes: false }).root, undefined);
});

test("what is left out is counted", () => {
  const { root, more, counts } = diffTree(emptyKey("ROOT", time), base, { most: 3 });
  assert.equal(outline(root).length, 2);
  assert.equal(more, counts.keysAdded + counts.valuesAdded - 3);
});

test("any two trees: as many are told as there are differences, and none when there is none", () => {
  fc.assert(
    fc.property(relatedTrees, ([a, b]) => {
      const { root, counts, more } = diffTree(a, b);
      const told = root === undefined ? 0 : size(root) - 1;
      const [first] = diff(a, b);
      assert.equal(root === undefined, first === undefined);
      assert.equal(more, 0);
      const wholes = counts.keysAdded + counts.keysRemoved;
      assert.ok(told >= wholes, "every key of a whole subtree is told");
      assert.equal(values(root), counts.valuesAdded + counts.valuesRemoved + counts.valuesChanged);
    }),
  );
});

function outline(node: DiffNode | undefined, above = ""): string[] {
  return (node?.children ?? []).flatMap((child) => {
    const path = above === "" ? child.name : `${above}\\${child.name}`;
    const marks = child.values.map(({ name, before, after }) =>
      before === undefined ? `+${name}` : after === undefined ? `-${name}` : `~${name}`,
    );
    return [`${path} ${child.change}${marks.length === 0 ? "" : `: ${marks.join(" ")}`}`, ...outline(child, path)];
  });
}

function size(node: DiffNode): number {
  return node.children.reduce((sum, child) => sum + size(child), 1);
}

function values(node: DiffNode | undefined): number {
  return node === undefined ? 0 : node.children.reduce((sum, child) => sum + values(child), node.values.length);
}
