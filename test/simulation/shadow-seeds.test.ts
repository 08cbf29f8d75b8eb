import assert from "node:assert/strict";
import { test } from "node:test";
import { runSeeds } from "./run-seeds.ts";

test("nodes frozen for shadow copies among faults, not all thawed: failover goes on, and what stood is whole", async () => {
  const { code, output } = await runSeeds("--seeds", "20", "--from", "1", "--shadows");
  assert.equal(output, "20 passed, 0 failed\n");
  assert.equal(code, 0);
});
