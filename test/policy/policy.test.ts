/**
 * What the cluster decides, scenario by scenario: `scenarios/NAME/state.txt` in, `expect.txt` out. After a wanted change of policy:
 * CLUBAR_RECORD=1 node --test test/policy/policy.test.ts, then read the difference.
 */
import assert from "node:assert/strict";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { parseScenario } from "./scenario.ts";
import { summarize } from "./summary.ts";

const folder = join(import.meta.dirname, "scenarios");
const names = readdirSync(folder).sort();

test("there are at least twenty scenarios", () => {
  assert.ok(names.length >= 20);
});

for (const name of names) {
  test(name, () => {
    const text = summarize(parseScenario(readFileSync(join(folder, name, "state.txt"), "utf8")));
    const expected = join(folder, name, "expect.txt");
    if (process.env["CLUBAR_RECORD"] === "1") writeFileSync(expected, text);
    assert.equal(text, readFileSync(expected, "utf8"));
  });
}
