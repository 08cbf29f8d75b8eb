import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import { openOutside } from "../base/outside-node.ts";
import { prepare } from "../database/apply.ts";
import { ChangeBuilder } from "../database/change.ts";
import type { Database } from "../database/database.ts";
import { emptyKey, findKey, type Key, valueCount } from "../tree/key.ts";
import { sz } from "../tree/value.ts";
import { submitChange } from "./change.ts";

/** A leader's database whose updates take turns of the process: changes made side by side meet. */
function database(): { readonly database: Database; readonly refusals: () => number } {
  let tree = emptyKey("Cluster", 1n);
  let sequence = 0;
  let refused = 0;
  const submit: Database["submit"] = async (update) => {
    await turn();
    const tag = { generation: 1, epoch: 1, sequence: ++sequence };
    const prepared = prepare(tree, update, tag, 0);
    if (prepared.outcome === "applies") tree = prepared.tree;
    await turn();
    if (prepared.outcome === "refused") refused++;
    return prepared.outcome === "refused" ? prepared : { outcome: "applied", tag };
  };
  return { database: { tree: () => tree, submit } as Database, refusals: () => refused };
}

test("structural changes side by side all come through", async () => {
  const outside = openOutside();
  const scene = database();
  const make = (index: number) => (tree: Key) =>
    new ChangeBuilder(tree)
      .structure()
      .set("Groups\\x", sz(`value ${index}`, ""))
      .build("A change.");
  const all = Array.from({ length: 64 }, (_, index) => submitChange(scene.database, outside, make(index)));
  await Promise.all(all);
  const found = findKey(scene.database.tree(), "Groups\\x");
  assert.equal(found === undefined ? 0 : valueCount(found), 64);
  // Each is refused once at most: from then on they wait for each other.
  assert.ok(scene.refusals() <= 64, `${scene.refusals()} refusals`);
});
