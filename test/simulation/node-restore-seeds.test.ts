import assert from "node:assert/strict";
import { test } from "node:test";
import { runSeeds } from "./run-seeds.ts";

test("nodes restored from VSS sets among faults, and the cluster once: each takes effect once, and gives up what it says", async () => {
  const { code, output } = await runSeeds("--seeds", "8", "--from", "1", "--node-restores");
  assert.equal(output, "8 passed, 0 failed\n");
  assert.equal(code, 0);
});
