import assert from "node:assert/strict";
import { closeSync, mkdtempSync, openSync, readdirSync, readFileSync, rmSync, statSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { boundLog, openLogFile } from "./log-file.ts";

const folder = mkdtempSync(join(tmpdir(), "clubar-log-"));
after(() => rmSync(folder, { recursive: true }));

test("a log that is full is put away; the newest lines stay, the oldest log goes", () => {
  const path = join(folder, "service.log");
  const write = openLogFile(path, 1000);
  for (let line = 0; line < 1000; line++) write(String(line).padStart(9, "0"));
  const names = readdirSync(folder);
  assert.deepEqual(names, ["service.log", ...[1, 2, 3, 4].map((number) => `service.log.${number}`)]);
  const lines = names.toReversed().flatMap((name) => readFileSync(join(folder, name), "utf8").trimEnd().split("\n"));
  assert.equal(lines.at(-1), "000000999");
  assert.deepEqual(
    lines.map(Number),
    Array.from({ length: lines.length }, (_, at) => 1000 - lines.length + at),
  );
  for (const name of names) {
    assert.ok(statSync(join(folder, name)).size <= 2000, name);
    assert.equal(statSync(join(folder, name)).mode & 0o077, 0);
  }
});

test("a log that another process holds open is emptied, and what was in it is kept", () => {
  const path = join(folder, "host.log");
  const file = openSync(path, "a", 0o600);
  writeSync(file, "x".repeat(2000));
  boundLog(path, 1000);
  writeSync(file, "after");
  closeSync(file);
  assert.deepEqual([readFileSync(path, "utf8"), statSync(`${path}.1`).size], ["after", 2000]);
  boundLog(path, 1000);
  assert.equal(readFileSync(path, "utf8"), "after");
});
