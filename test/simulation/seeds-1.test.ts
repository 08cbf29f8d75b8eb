import assert from "node:assert/strict";
import { test } from "node:test";
import { runSeeds } from "./run-seeds.ts";

test("seeds 1 to 35: whatever fails, every promise holds", async () => {
  const { code, output } = await runSeeds("--seeds", "35", "--from", "1");
  assert.equal(output, "35 passed, 0 failed\n");
  assert.equal(code, 0);
});
