import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../..", import.meta.url));
const folder = fileURLToPath(new URL(".", import.meta.url));
const patches = readdirSync(folder).filter((name) => name.endsWith(".patch"));

test("every planted bug is still one: its patch applies to the sources", () => {
  assert.ok(patches.length >= 10);
  for (const name of patches) {
    execFileSync("git", ["apply", "--check", `${folder}${name}`], { cwd: root, stdio: "pipe" });
    const [meaning = "", from = ""] = readFileSync(`${folder}${name}`, "utf8").split("\n");
    assert.match(meaning, /^[A-Z].*\(.*§\d.*\)\.$/, name);
    assert.match(from, /^From: \d+$/, name);
  }
});
