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

/** Files that swap a folder for a link to the victim right after somebody looked at it, once. */
function treacherous(name: string): Files {
  let isDone = false;
  return {
    ...outside.files,
    stat: async (path) => {
      const stat = await outside.files.stat(path);
      if (isDone || stat?.kind !== "folder" || !path.endsWith(`/${name}`)) return stat;
      isDone = true;
      const swapped = join(base, "old", name);
      renameSync(swapped, `${swapped}.away`);
      symlinkSync(join(base, "victim"), swapped);
      return stat;
    },
  };
}

async function remove(files: Files): Promise<void> {
  const entry = (await new DirectoryScanner(outside, join(base, "old")).scan(checkFilter({}))).entry;
  await removeReplaced(files, { old: join(base, "old"), place: join(base, "place"), entry });
}

test("a folder that becomes a link after it was looked at is not emptied through it", async () => {
  await remove(treacherous("sub")).catch(() => undefined);
  assert.deepEqual(readdirSync(join(base, "victim")), ["inner", "kept"]);
  assert.equal(statSync(join(base, "victim")).mode & 0o777, 0o755);
});

test("what came late is not carried into where a link at the place leads", async () => {
  const entry = (await new DirectoryScanner(outside, join(base, "old")).scan(checkFilter({}))).entry;
  writeFileSync(join(base, "old", "sub", "late"), "late");
  rmSync(join(base, "place", "sub"), { recursive: true });
  symlinkSync(join(base, "victim"), join(base, "place", "sub"));
  await removeReplaced(outside.files, { old: join(base, "old"), place: join(base, "place"), entry });
  assert.deepEqual(readdirSync(join(base, "victim")), ["inner", "kept"]);
});
