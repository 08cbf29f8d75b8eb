import assert from "node:assert/strict";
import { test } from "node:test";
import { runSeeds } from "./run-seeds.ts";

test("the same seed of the cluster gives the same events twice", async () => {
  const [first, second] = await Promise.all([runSeeds("--only", "7", "--trace"), runSeeds("--only", "7", "--trace")]);
  assert.ok(first.output.length > 100_000);
  assert.equal(first.output, second.output);
});
