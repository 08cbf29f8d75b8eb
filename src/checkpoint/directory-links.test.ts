/** Whoever may write in a folder swaps inner folders for links while it is replaced: nothing outside it is touched. */
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, test } from "node:test";
import { openOutside } from "../base/outside-node.ts";
import type { Files } from "../base/outside.ts";
import { checkFilter } from "./directory-filter.ts";
import { removeReplaced } from "./directory-old.ts";
import { DirectoryScanner } from "./directory-scan.ts";

const outside = openOutside();
let base = "";
beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), "clubar-links-"));
  for (const folder of ["victim/inner", "old/sub", "place/sub"]) mkdirSync(join(base, folder), { recursive: true });
  writeFileSync(join(base, "victim", "kept"), "kept");
});
afterEach(() => rmSync(base, { recursive: true, force: true }));

/** Files whose calls of one kind first swap a folder for a link to the victim, once. */
function treacherous(call: "list" | "holdFolder", swapped: string): Files {
  let isDone = false;
  const swap = (): void => {
    if (isDone) return;
    isDone = true;
    renameSync(swapped, `${swapped}.away`);
    symlinkSync(join(base, "victim"), swapped);
  };
  const { files } = outside;
  return call === "list"
    ? { ...files, list: (path) => (swap(), files.list(path)) }
    : { ...files, holdFolder: (path, work) => (swap(), files.holdFolder(path, work)) };
}

async function remove(files: Files): Promise<void> {
  const entry = (await new DirectoryScanner(outside, join(base, "old")).scan(checkFilter({}))).entry;
  await removeReplaced(files, { old: join(base, "old"), place: join(base, "place"), entry });
}

for (const call of ["list", "holdFolder"] as const) {
  test(`a folder that becomes a link before ${call} is not emptied through it`, async () => {
    await remove(treacherous(call, join(base, "old", "sub"))).catch(() => undefined);
    assert.deepEqual(readdirSync(join(base, "victim")), ["inner", "kept"]);
    assert.equal(statSync(join(base, "victim")).mode & 0o777, 0o755);
  });
}

test("what came late is not carried into where a link at the place leads", async () => {
  const entry = (await new DirectoryScanner(outside, join(base, "old")).scan(checkFilter({}))).entry;
  writeFileSync(join(base, "old", "sub", "late"), "late");
  rmSync(join(base, "place", "sub"), { recursive: true });
  symlinkSync(join(base, "victim"), join(base, "place", "sub"));
  await removeReplaced(outside.files, { old: join(base, "old"), place: join(base, "place"), entry });
  assert.deepEqual(readdirSync(join(base, "victim")), ["inner", "kept"]);
});
