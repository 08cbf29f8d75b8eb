import assert from "node:assert/strict";
import { test } from "node:test";
import { runSeeds } from "./run-seeds.ts";

test("checkpoint files that a person loses and re-creates among faults: no acknowledged setting is lost", async () => {
  const { code, output } = await runSeeds("--seeds", "20", "--from", "1", "--recoveries");
  assert.equal(output, "20 passed, 0 failed\n");
  assert.equal(code, 0);
});
