import assert from "node:assert/strict";
import { test } from "node:test";
import { runSeeds } from "./run-seeds.ts";

test("seeds 106 to 140: whatever fails, every promise holds", async () => {
  const { code, output } = await runSeeds("--seeds", "35", "--from", "106");
  assert.equal(output, "35 passed, 0 failed\n");
  assert.equal(code, 0);
});
