import assert from "node:assert/strict";
import { test } from "node:test";
import type { Files } from "../base/outside.ts";
import { crashPoints } from "./crash-points.ts";

const bytes = (s: string): Uint8Array => new TextEncoder().encode(s);
const old = "old ".repeat(400);
const young = "young ".repeat(500);

async function prepare(files: Files): Promise<void> {
  await files.makeFolder("/d");
  const handle = await files.open("/d/f", "create");
  await handle.write(bytes(old));
}

async function replace(files: Files, careful: { readonly sync: boolean; readonly syncFolder: boolean }): Promise<void> {
  const handle = await files.open("/d/f.tmp~", "create");
  await handle.write(bytes(young));
  if (careful.sync) await handle.sync();
  await handle.close();
  await files.rename("/d/f.tmp~", "/d/f");
  if (careful.syncFolder) await files.syncFolder("/d");
}

async function isOldOrYoung(files: Files): Promise<string> {
  const text = new TextDecoder().decode(await files.read("/d/f"));
  assert.ok(text === old || text === young, `torn: ${text.length} bytes`);
  return text;
}

test("a careful replacement is whole at every crash point", async () => {
  const crashes = await crashPoints(
    (files) => replace(files, { sync: true, syncFolder: true }),
    async (files) => void (await isOldOrYoung(files)),
    { prepare },
  );
  assert.ok(crashes >= 5 * 8);
});

test("a replacement without fsync is found", async () => {
  const careless = crashPoints(
    (files) => replace(files, { sync: false, syncFolder: true }),
    async (files) => void (await isOldOrYoung(files)),
    { prepare },
  );
  await assert.rejects(careless, /power lost.*torn/);
});

test("an acknowledgement without syncing the folder is found", async () => {
  const attempt = (syncFolder: boolean): Promise<number> => {
    let acknowledged = false;
    return crashPoints(
      async (files) => {
        acknowledged = false;
        await replace(files, { sync: true, syncFolder });
        acknowledged = true;
        await files.makeFolder("/e");
      },
      async (files) => {
        const text = await isOldOrYoung(files);
        if (acknowledged) assert.equal(text, young);
      },
      { prepare },
    );
  };
  await attempt(true);
  await assert.rejects(attempt(false), /nothing unsynced kept/);
});

test("work that differs from run to run is refused", async () => {
  let runs = 0;
  const unsteady = crashPoints(
    async (files) => {
      if (runs++ === 0) await files.makeFolder("/a");
    },
    async () => undefined,
  );
  await assert.rejects(unsteady, /not deterministic/);
});
