import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { openSync, closeSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const program = fileURLToPath(new URL("./main.ts", import.meta.url));

test("a result that can't be written is a failure in a sentence, not a stack", () => {
  const full = openSync("/dev/full", "w");
  try {
    const { status, stderr } = spawnSync(process.execPath, [program, "--help"], { stdio: ["ignore", full, "pipe"] });
    assert.equal(status, 1);
    assert.match(stderr.toString(), /^clubar: The result can't be written: ENOSPC[^\n]*\n$/);
  } finally {
    closeSync(full);
  }
});
