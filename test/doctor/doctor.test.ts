/**
 * What the doctor says, situation by situation: `situations/NAME/facts.json` is laid over `healthy.json`, `expect.txt` is the answer. After
 * a wanted change: CLUBAR_RECORD=1 node --test test/doctor/doctor.test.ts, then read the difference.
 */
import assert from "node:assert/strict";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { exitCodes } from "../../src/cli/exit.ts";
import { type Diagnosis, diagnose } from "../../src/recovery/doctor.ts";
import type { DoctorFacts } from "../../src/recovery/doctor-facts.ts";

const folder = join(import.meta.dirname, "situations");
const names = readdirSync(folder).sort();
const healthy = read(join(import.meta.dirname, "healthy.json"));

function read(path: string): DoctorFacts {
  return JSON.parse(readFileSync(path, "utf8")) as DoctorFacts;
}

function textOf({ verdict, restore, findings, next, newest, exit }: Diagnosis): string {
  return [
    `exit ${exit}: ${verdict}`,
    `restore ${restore.needed}: ${restore.sentence}`,
    `newest: ${newest === null ? "none" : `${newest.where} at ${newest.tag}`}`,
    "",
    ...findings.map(
      ({ level, id, sentence, why }) => `${level} [${id}] ${sentence}${why === "" ? "" : `\n    ${why}`}`,
    ),
    "",
    ...next.map(({ command, why }, at) => `${at + 1}. ${command}\n    ${why}`),
    "",
  ].join("\n");
}

test("there are at least twenty situations", () => assert.ok(names.length >= 20));

for (const name of names) {
  test(name, () => {
    const found = diagnose({ ...healthy, ...read(join(folder, name, "facts.json")) });
    assert.ok(found.next.length <= 3);
    assert.ok(exitCodes.some(([code]) => code === found.exit));
    assert.equal(found.exit === 0, !found.findings.some(({ level }) => level === "problem" || level === "warning"));
    const expected = join(folder, name, "expect.txt");
    const text = textOf(found);
    if (process.env["CLUBAR_RECORD"] === "1") writeFileSync(expected, text);
    assert.equal(text, readFileSync(expected, "utf8"));
  });
}
