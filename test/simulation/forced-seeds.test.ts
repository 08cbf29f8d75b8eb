import assert from "node:assert/strict";
import { test } from "node:test";
import { runSeeds } from "./run-seeds.ts";

test("the quorum is lost among faults and formed anew by force: only what the plan names is given up", async () => {
  const { code, output } = await runSeeds("--seeds", "6", "--from", "1", "--force-quorum");
  assert.equal(output, "6 passed, 0 failed\n");
  assert.equal(code, 0);
});

test("restores that hold every group: nothing comes online before its release", async () => {
  const { code, output } = await runSeeds("--seeds", "6", "--from", "1", "--holds");
  assert.equal(output, "6 passed, 0 failed\n");
  assert.equal(code, 0);
});
