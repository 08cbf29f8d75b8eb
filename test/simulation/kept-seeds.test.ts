import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { runSeeds } from "./run-seeds.ts";

const kept = JSON.parse(readFileSync(new URL("seeds.json", import.meta.url), "utf8")) as { seeds: readonly number[] };

test("seeds that once found a bug find none any more", async () => {
  const { code, output } = await runSeeds("--only", kept.seeds.join(","));
  assert.equal(output, `${kept.seeds.length} passed, 0 failed\n`);
  assert.equal(code, 0);
});
