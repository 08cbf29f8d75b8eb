import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { spawnSync } from "node:child_process";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { openScene, type Scene } from "../../test/api/scene.ts";
import { clubar } from "../../test/cli/run.ts";
import { fail } from "../base/errors.ts";

let folder = "";
let scene: Scene;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), "clubar-user-"));
  scene = await openScene();
});
after(async () => {
  await scene.close();
  await rm(folder, { recursive: true });
});

test("a backup without its rights is refused with all that it needs", async () => {
  const limited = await openScene();
  for (const right of ["operate", "read", "backup"] as const) {
    const caller = { who: "user:ann", from: "test", rights: [right] };
    Object.assign(limited, {
      fetch: async (path: string, init?: RequestInit) =>
        limited.app.fetch(new Request(`http://clubar${path}`, init), { caller }),
    });
    const { exit, err } = await clubar(["backup", ".", "/sets/today"], limited);
    assert.match(err, /^clubar: user:ann lacks the right .*needs the rights "read" and "backup"/s);
    assert.equal(exit, 12);
  }
  await limited.close();
});

describe("a certificate for a user", () => {
  const make = (...words: string[]): ReturnType<typeof clubar> =>
    clubar(["--json", "user", "certificate", "ann", "--rights", "read", ...words], scene, { folder });

  test("is not asked for when its file can't be made, since the old one would end", async () => {
    const before = scene.service.database.tree();
    const { exit, err } = await make("--out", "nowhere/ann.pem");
    assert.equal(exit, 8);
    assert.match(err, /"unchanged":"No certificate was made\."/);
    await writeFile(join(folder, "taken"), "mine");
    assert.match((await make("--out", "taken")).err, /It was not replaced/);
    assert.equal(scene.service.database.tree(), before);
  });

  test("leaves no file when the cluster gives none", async () => {
    scene.failure = fail("ACCESS_DENIED", { happened: "No." });
    const ended = await make("--out", "ann.pem", "--days", "9");
    scene.failure = undefined;
    assert.notEqual(ended.exit, 0);
    assert.ok(!existsSync(join(folder, "ann.pem")));
    assert.equal(
      (await clubar(["user", "certificate", "ann", "--rights", "all?", "--out", "x"], scene, { folder })).exit,
      2,
    );
    assert.ok(!existsSync(join(folder, "x")));
  });
});

describe("the file of a certificate", () => {
  const ask = (file: string): ReturnType<typeof clubar> =>
    clubar(["--host", "https://127.0.0.1:1", "--certificate", file, "status"], undefined, { folder });

  test("is told apart from the node when it can't be read", async () => {
    assert.equal(spawnSync("sh", ["-c", `mkfifo -m 600 '${join(folder, "pipe")}'`]).status, 0);
    for (const file of ["none", "pipe"]) {
      const { err } = await ask(file);
      assert.match(err, /Nothing was asked\.\n./);
      assert.doesNotMatch(err, /127\.0\.0\.1/);
    }
  });

  test("so is a token that can't be read", async () => {
    const join = (file: string): ReturnType<typeof clubar> =>
      clubar(["cluster", "join", "--node", "N2", "--token-file", file], undefined, { folder });
    for (const file of ["none", "pipe", "."]) assert.match((await join(file)).err, /\nNothing was changed\.\n./);
  });
});
