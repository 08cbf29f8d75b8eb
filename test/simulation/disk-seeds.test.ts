import assert from "node:assert/strict";
import { test } from "node:test";
import { runSeeds } from "./run-seeds.ts";

test("a disk is replaced among faults: its old state or its new one holds at any time, and the new one in the end", async () => {
  const { code, output } = await runSeeds("--seeds", "8", "--from", "1", "--disks");
  assert.equal(output, "8 passed, 0 failed\n");
  assert.equal(code, 0);
});
