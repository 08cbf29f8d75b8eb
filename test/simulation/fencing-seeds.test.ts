import assert from "node:assert/strict";
import { test } from "node:test";
import { runSeeds } from "./run-seeds.ts";

test("machines stand still, lose power and are fenced: nothing is freed too early, and no former owner writes", async () => {
  const { code, output } = await runSeeds("--seeds", "16", "--from", "1", "--fencing");
  assert.equal(output, "16 passed, 0 failed\n");
  assert.equal(code, 0);
});

test("a group is not let go while its host gives no answer: what runs in it ends after the connection", async () => {
  const { code, output } = await runSeeds("--only", "203", "--fencing");
  assert.equal(output, "1 passed, 0 failed\n");
  assert.equal(code, 0);
});
