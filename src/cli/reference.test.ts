import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { cliReference } from "./reference.ts";
import { openTerminal } from "./terminal.ts";

test("docs/reference/cli.md is current (node tools/generate-cli-reference.mjs)", async () => {
  const page = readFileSync(new URL("../../docs/reference/cli.md", import.meta.url), "utf8");
  assert.equal(page, await cliReference(openTerminal()));
});
