import assert from "node:assert/strict";
import test from "node:test";
import { applyEdits, type Edit } from "../tree/edit.ts";
import { emptyKey, type Key } from "../tree/key.ts";
import { dword } from "../tree/value.ts";
import { changedPaths } from "./changed-paths.ts";

function edited(root: Key, ...paths: readonly string[]): Key {
  const edits = paths.map((path): Edit => ({ kind: "set-value", path, value: dword("Value", path.length) }));
  return applyEdits(
    root,
    paths.flatMap((path, index): Edit[] => [{ kind: "create-key", path }, edits[index] as Edit]),
    7n,
  );
}

const before = edited(emptyKey("HKLM", 0n), "SOFTWARE\\App", "Cluster\\Groups\\1");

test("the keys that a change touched", () => {
  const after = edited(before, "SOFTWARE\\App\\Sub", "SYSTEM\\Setup");
  assert.deepEqual([...(changedPaths(before, after) ?? [])].sort(), ["SOFTWARE\\App\\Sub", "SYSTEM"]);
});

test("what changes in the cluster database meanwhile is no change of a setting", () => {
  const many = Array.from({ length: 100 }, (_, index) => `cluster\\Groups\\${index}`);
  assert.deepEqual(changedPaths(before, edited(before, "SOFTWARE\\App\\Sub", ...many)), ["SOFTWARE\\App\\Sub"]);
});

test("so many changed keys that they are not looked at one by one", () => {
  const many = Array.from({ length: 100 }, (_, index) => `SOFTWARE\\App\\${index}`);
  assert.equal(changedPaths(before, edited(before, ...many)), undefined);
});
