/** `clubar resource check-type`, with modules that do not pass; `tools/try-package.mjs` runs it with the manual's example. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { clubar } from "../../test/cli/run.ts";

const folder = mkdtempSync(join(tmpdir(), "clubar-check-type-"));
after(() => rmSync(folder, { recursive: true }));
const check = (module: string, ...more: readonly string[]): ReturnType<typeof clubar> =>
  clubar(["resource", "check-type", module, "--there", "true", ...more], undefined, { folder });

test("what is missing or no resource type is told as that", async () => {
  assert.equal((await check("none.mjs")).exit, 8);
  writeFileSync(join(folder, "else.mjs"), "export const x = 1;");
  const { exit, err } = await check("else.mjs");
  assert.equal(exit, 2);
  assert.match(err, /is no resource type/);
});

test("a type that leaves something behind fails, test by test", async () => {
  const body = "online: none, offline: none, terminate: none, looksAlive: yes, isAlive: yes";
  const type = `{ name: "Odd", diesWithHost: true, parameters: [], ${body} }`;
  writeFileSync(
    join(folder, "odd.mjs"),
    `const none = async () => undefined; const yes = async () => true; export const resourceType = ${type};`,
  );
  const { exit, out, err } = await check("odd.mjs");
  assert.equal(exit, 1);
  assert.match(out, /✖ online and offline, twice/);
  assert.match(err, /odd\.mjs does not do what a resource type must: \d of 6 tests failed/);
});
