import assert from "node:assert/strict";
import { test } from "node:test";
import { runSeeds } from "./run-seeds.ts";

test("the cluster on an etcd that loses its leader, is slow, loses answers and is cut off", async () => {
  const { code, output } = await runSeeds("--seeds", "4", "--from", "1", "--quorum", "etcd");
  assert.equal(output, "4 passed, 0 failed\n");
  assert.equal(code, 0);
});
