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
    const [meaning = "", from = "", options = ""] = readFileSync(`${folder}${name}`, "utf8").split("\n");
    assert.match(meaning, /^[A-Z].*\(.*§\d.*\)\.$/, name);
    assert.match(from, /^From: \d+$/, name);
    // Which faults and how long, no more: a bug must be found by what it does.
    assert.match(
      options,
      /^(Options: (--(long|brink|faults|restores|holds|force-quorum|moves|fencing|quorum)\b ?[a-z0-9,-]* ?)+)?$/,
      name,
    );
  }
});
