import assert from "node:assert/strict";
import { test } from "node:test";
import { applyEdits, type Edit } from "../../tree/edit.ts";
import type { Key } from "../../tree/key.ts";
import { dword, sz } from "../../tree/value.ts";
import { holds } from "../apply.ts";
import { initialDatabase } from "../initial-database.ts";
import { readState } from "../state.ts";
import { completeDatabase } from "./complete.ts";

let last = 0;
const newGuid = (): string => `00000000-0000-4000-8000-${String(++last).padStart(12, "0")}`;
const start = initialDatabase({
  clusterName: "c",
  instance: newGuid(),
  nodeId: "1",
  nodeName: "n1",
  time: 1n,
  newGuid,
});
const changed = (...edits: readonly Edit[]): Key => applyEdits(start, edits, 2n);
const without = (...paths: readonly string[]): Key =>
  changed(...paths.map((path): Edit => ({ kind: "delete-key", path })));

function completed(tree: Key): Key {
  const change = completeDatabase(tree);
  assert.ok(change);
  assert.ok(change.conditions.every((condition) => holds(tree, condition)));
  const next = applyEdits(tree, change.edits, 3n);
  assert.equal(completeDatabase(next), undefined);
  return next;
}

test("the database of an older clubar gets what it lacks by one update, and only once", () => {
  const old = without("ResourceTypes\\OCF Agent", "ResourceTypes\\OCF Daemon", "ResourceTypes\\File Share", "Quorum");
  assert.match(completeDatabase(old)?.because ?? "", /key Quorum.*OCF Agent.*OCF Daemon.*File Share/);
  const type = readState(completed(old)).resourceTypes;
  assert.deepEqual(type, readState(start).resourceTypes);
  assert.equal(completeDatabase(start), undefined);
  assert.equal(type.get("ocf agent")?.diesWithHost, false);
});

test("a third party's type of that name stays; what does not die with its host is said so, never the reverse", () => {
  const path = "ResourceTypes\\OCF Agent";
  const theirs: Edit[] = [sz("DllName", "/opt/ocf.mjs"), dword("DiesWithHost", 1)].map((value) => ({
    kind: "set-value",
    path,
    value,
  }));
  assert.equal(completeDatabase(changed({ kind: "delete-key", path }, ...theirs)), undefined);
  const claims = (name: string, dies: 0 | 1): Edit => ({
    kind: "set-value",
    path: `ResourceTypes\\${name}`,
    value: dword("DiesWithHost", dies),
  });
  const corrected = readState(completed(changed(claims("OCF Agent", 1), claims("IP Address", 0)))).resourceTypes;
  assert.deepEqual(
    [corrected.get("ocf agent")?.diesWithHost, corrected.get("ip address")?.diesWithHost],
    [false, false],
  );
});
