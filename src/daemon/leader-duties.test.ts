import assert from "node:assert/strict";
import { test } from "node:test";
import { openOutside } from "../base/outside-node.ts";
import { createLog } from "../base/log.ts";
import type { Database } from "../database/database.ts";
import { initialDatabase } from "../database/initial-database.ts";
import { readState } from "../database/state.ts";
import type { Update } from "../database/update.ts";
import type { Leader } from "../membership/leader.ts";
import type { CheckpointVersions } from "../quorum/quorum.ts";
import { applyEdits } from "../tree/edit.ts";
import { Housekeeping } from "./leader-duties.ts";

const outside = openOutside();
const first = { clusterName: "c", instance: "i", nodeId: "1", nodeName: "n", time: 1n };

test("whoever begins to lead completes the database of an older clubar, by one update", async () => {
  let count = 0;
  const complete = initialDatabase({ ...first, newGuid: () => String(++count) });
  let tree = applyEdits(complete, [{ kind: "delete-key", path: "ResourceTypes\\File Share" }], 2n);
  const updates: Update[] = [];
  const tag = { generation: 1, epoch: 1, sequence: 1 };
  let isLost = true;
  const database: Partial<Database> = {
    tree: () => tree,
    self: { node: "1", incarnation: "x" },
    async submit(update) {
      if (isLost) return { outcome: "unknown" };
      updates.push(update);
      tree = applyEdits(tree, update.edits, 3n);
      return { outcome: "applied", tag };
    },
  };
  const versions: Partial<CheckpointVersions> = { resources: async () => [] };
  const lines: string[] = [];
  const log = createLog((line) => void lines.push(line), outside.clock, {});
  const parts = { outside, log, database: database as Database, versions: versions as CheckpointVersions };
  const housekeeping = new Housekeeping(parts);
  const leader = {} as Leader;
  await housekeeping.tidy(undefined);
  await assert.rejects(housekeeping.tidy(leader), { name: "OUTCOME_UNKNOWN" });
  isLost = false;
  for (let round = 0; round < 3; round++) await housekeeping.tidy(leader);
  await housekeeping.tidy({} as Leader);
  assert.equal(updates.length, 1);
  assert.deepEqual(readState(tree).resourceTypes, readState(complete).resourceTypes);
  assert.ok(lines.some((line) => line.includes("completed") && line.includes("File Share")));
});
