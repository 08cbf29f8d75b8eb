import assert from "node:assert/strict";
import { test } from "node:test";
import { applyEdits } from "../../tree/edit.ts";
import type { Key } from "../../tree/key.ts";
import { holds } from "../apply.ts";
import type { Change } from "../change.ts";
import { initialDatabase } from "../initial-database.ts";
import { readState } from "../state.ts";
import { createGroup } from "./group.ts";
import { createResource, deleteResource } from "./resource.ts";
import { createResourceType, deleteResourceType } from "./resource-type.ts";

let last = 0;
const newGuid = (): string => `00000000-0000-4000-8000-${String(++last).padStart(12, "0")}`;
const start = (): Key =>
  initialDatabase({ clusterName: "c", instance: newGuid(), nodeId: "1", nodeName: "n1", time: 1n, newGuid });

function apply(tree: Key, change: Change): Key {
  assert.ok(change.conditions.every((condition) => holds(tree, condition)));
  return applyEdits(tree, change.edits, 2n);
}

const own = { name: "Port Service", module: "/opt/app/type.mjs", diesWithHost: true, description: "Ports." };

test("a module becomes a type, is used, and goes when nothing is of it", () => {
  let tree = apply(start(), createResourceType(start(), own));
  const type = readState(tree).resourceTypes.get("port service");
  assert.partialDeepStrictEqual(type, own);
  const group = newGuid();
  const id = newGuid();
  tree = apply(tree, createGroup(tree, { id: group, name: "G" }));
  tree = apply(tree, createResource(tree, { id, name: "R", group, type: "PORT SERVICE" }));
  assert.equal(readState(tree).resources.get(id)?.diesWithHost, true);
  assert.throws(() => deleteResourceType(tree, { type: own.name }), { name: "CLUSTER_RESOURCE_TYPE_BUSY" });
  tree = apply(tree, deleteResource(tree, { resource: id }));
  tree = apply(tree, deleteResourceType(tree, { type: "port service" }));
  assert.equal(readState(tree).resourceTypes.has("port service"), false);
});

test("a resource of it that is made at the same time keeps the type", () => {
  const tree = apply(start(), createResourceType(start(), own));
  const removal = deleteResourceType(tree, { type: own.name });
  const group = readState(tree).groups.values().next().value?.id ?? "";
  const used = apply(tree, createResource(tree, { id: newGuid(), name: "R", group, type: own.name }));
  assert.equal(
    removal.conditions.every((condition) => holds(used, condition)),
    false,
  );
});

test("names and paths that can't be are refused, and so is taking away our own", () => {
  const tree = start();
  for (const [request, name] of [
    [{ ...own, name: "IP address" }, "OBJECT_ALREADY_EXISTS"],
    [{ ...own, name: "a\\b" }, "INVALID_PARAMETER"],
    [{ ...own, module: "type.mjs" }, "INVALID_PARAMETER"],
    [{ ...own, module: "/opt/../type.mjs" }, "INVALID_PARAMETER"],
  ] as const) {
    assert.throws(() => createResourceType(tree, request), { name });
  }
  assert.throws(() => deleteResourceType(tree, { type: "Generic Script" }), { name: "INVALID_PARAMETER" });
  assert.throws(() => deleteResourceType(tree, { type: "None" }), { name: "CLUSTER_RESOURCE_TYPE_NOT_FOUND" });
});
