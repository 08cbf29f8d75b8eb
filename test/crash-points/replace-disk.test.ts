/** Replacing a disk is cut short at every changing call of the quorum's log: it happened wholly or not, and the next run ends it. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Files } from "../../src/base/outside.ts";
import type { Change } from "../../src/database/change.ts";
import { addDependency } from "../../src/database/commands/dependency.ts";
import { createGroup } from "../../src/database/commands/group.ts";
import { createResource } from "../../src/database/commands/resource.ts";
import { initialDatabase } from "../../src/database/initial-database.ts";
import { readState } from "../../src/database/state.ts";
import { planDiskReplacement } from "../../src/recovery/recovery.ts";
import { crashPoints } from "../../src/sim/crash-points.ts";
import { applyEdits } from "../../src/tree/edit.ts";
import { findValue, type Key } from "../../src/tree/key.ts";
import { textOf } from "../../src/tree/value.ts";
import { open } from "./logged-checkpoints.ts";

const guid = (n: number): string => `00000000-0000-4000-8000-${String(n).padStart(12, "0")}`;
const [oldDisk, newDisk, app] = [guid(11), guid(12), guid(13)] as const;
const request = { old: "old", with: "new" };

function firstTree(): Key {
  let next = 900;
  const newGuid = (): string => guid((next += 1));
  let tree = initialDatabase({ clusterName: "c", instance: guid(1), nodeId: "1", nodeName: "n1", time: 1n, newGuid });
  const apply = ({ edits }: Change): void => {
    tree = applyEdits(tree, edits, 1n);
  };
  apply(createGroup(tree, { id: guid(10), name: "web" }));
  for (const [id, name] of [
    [oldDisk, "old"],
    [newDisk, "new"],
  ] as const) {
    const parameters = { DiskSignature: 7, MountPoint: `/srv/${name}/${"x".repeat(600)}` };
    apply(createResource(tree, { id, name, group: "web", type: "Physical Disk", parameters }));
  }
  apply(createResource(tree, { id: app, name: "app", group: "web", type: "Generic Application" }));
  apply(addDependency(tree, { resource: "app", dependsOn: "old" }));
  return tree;
}

async function replace(files: Files, salt: number): Promise<string> {
  const { database, registry } = await open(files, salt);
  const { plan, change } = planDiskReplacement(database.tree(), request);
  const submitted = change && (await database.submit({ ...change, requestId: guid(100 + salt) }));
  await registry.close();
  return submitted?.outcome ?? plan.result;
}

async function stateOn(files: Files, salt: number): Promise<string> {
  const { database, registry } = await open(files, salt);
  await registry.close();
  return stateOf(database.tree());
}

/** "before" or "after"; anything in between fails. */
function stateOf(tree: Key): string {
  const { resources } = readState(tree);
  const needs = resources.get(app)?.dependsOn;
  const point = (id: string): string | undefined =>
    textOf(findValue(tree, `Resources\\${id}\\Parameters`, "MountPoint"))?.slice(0, 8);
  const found = [needs, resources.get(oldDisk)?.name, point(oldDisk), point(newDisk)];
  const after = [[newDisk], "old (lost)", undefined, "/srv/old"];
  const is = JSON.stringify(found) === JSON.stringify(after) ? "after" : "before";
  assert.deepEqual(found, is === "after" ? after : [[oldDisk], "old", "/srv/old", "/srv/new"]);
  return is;
}

test("a replacement is whole or absent at every crash, and the next run ends it", async () => {
  let answered = false;
  const seen = new Set<string>();
  const crashes = await crashPoints(
    async (files) => {
      answered = false;
      answered = (await replace(files, 2)) === "applied";
      await files.makeFolder("/after");
    },
    async (files) => {
      const found = await stateOn(files, 3);
      seen.add(found);
      if (answered) assert.equal(found, "after", "an answered replacement is lost");
      assert.equal(await replace(files, 4), found === "after" ? "already" : "applied");
      assert.equal(await stateOn(files, 5), "after");
    },
    {
      prepare: async (files) => {
        await (await open(files, 1, firstTree())).registry.close();
      },
      told: () => answered,
    },
  );
  assert.ok(crashes > 50, `${crashes} crashes`);
  assert.deepEqual([...seen].sort(), ["after", "before"]);
});
