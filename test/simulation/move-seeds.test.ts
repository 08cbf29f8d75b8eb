import assert from "node:assert/strict";
import { test } from "node:test";
import { runSeeds } from "./run-seeds.ts";

test("the quorum is moved between folders and etcds while everything runs: done or gone back, and nothing is lost", async () => {
  const { code, output } = await runSeeds("--seeds", "4", "--from", "1", "--moves");
  assert.equal(output, "4 passed, 0 failed\n");
  assert.equal(code, 0);
});

test("a move that its own record could not begin is none", async () => {
  const { code, output } = await runSeeds("--only", "3212", "--moves");
  assert.equal(output, "1 passed, 0 failed\n");
  assert.equal(code, 0);
});
