import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { away, readAppLines } from "./app-lines.ts";

test("runs that follow each other are fine; two at a time, or one without the lock, are violations", () => {
  const folder = mkdtempSync(join(tmpdir(), "clubar-lines-"));
  const lines = (text: string): ReturnType<typeof readAppLines> => {
    writeFileSync(join(folder, "lines"), text);
    return readAppLines(join(folder, "lines"));
  };
  const good = lines("start 1 a x y\nalive 5 a x y\nstart 7 b z\nstop 9 b z\nalive 11");
  assert.deepEqual(good.violations, []);
  assert.deepEqual(
    good.runs.map(({ setting, stopped }) => [setting, stopped]),
    [
      ["x y", false],
      ["z", true],
    ],
  );
  assert.equal(away(good.runs[0]!, good.runs[1]!), 2);
  assert.equal(lines("start 1 a x\nstart 4 b x\nalive 5 a x\n").violations.length, 1);
  assert.equal(
    lines("start 1 a x\nalive 5 a x\nstart 6 b x\nstart 8 c x\nalive 7 b x\nalive 9 a x\n").violations.length,
    2,
  );
  assert.equal(lines("start 1 a x\nlocked-out 2 b x\n").violations.length, 1);
  rmSync(folder, { recursive: true });
});
