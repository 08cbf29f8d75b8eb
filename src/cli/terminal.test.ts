import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { openSync, closeSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { plainText } from "./render/table.ts";

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

test("what a result says of names and paths moves no cursor; lines and tabs stay", () => {
  assert.equal(plainText("a\tb \u001b[31m\u0007\u009b1m\r\nEnd.\n"), "a\tb \\x1b[31m\\x07\\x9b1m\\x0d\nEnd.\n");
});

test("a device is no artefact and is not read for ever", () => {
  for (const words of [
    ["inspect", "/dev/zero"],
    ["diff", "/dev/zero", "/dev/zero"],
  ]) {
    const { status, stderr } = spawnSync(process.execPath, [program, ...words], { timeout: 30_000 });
    assert.match(stderr.toString(), /\/dev\/zero is a device/);
    assert.equal(status, 2, words[0] ?? "");
  }
});
