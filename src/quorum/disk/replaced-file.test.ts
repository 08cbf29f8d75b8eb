import assert from "node:assert/strict";
import { mkdtemp, rename, rm, unlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, test } from "node:test";
import { openOutside } from "../../base/outside-node.ts";
import type { Files } from "../../base/outside.ts";
import { identity, imageOf, lead, whoOf } from "../../../test/conformance/quorum-scene.ts";
import { openDiskQuorum } from "./quorum.ts";
import { ReplacedFile } from "./replaced-file.ts";

const outside = openOutside();
let root = "";
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "clubar-replaced-"));
});
afterEach(() => rm(root, { recursive: true }));

/** The same files; every call is noted. */
function counted(calls: string[]): Files {
  const note = (name: "read" | "stat" | "open"): Partial<Files> => ({
    [name]: (...words: [string, "read"]) => {
      calls.push(name);
      return outside.files[name](...words);
    },
  });
  return { ...outside.files, ...note("read"), ...note("stat"), ...note("open") };
}

test("a file is read again when another one has its name, when somebody wrote into it, and when it was gone", async () => {
  const calls: string[] = [];
  const path = join(root, "current");
  const file = new ReplacedFile(counted(calls), path);
  const read = async (): Promise<string> => new TextDecoder().decode(await file.read());
  await writeFile(path, "one");
  assert.equal(await read(), "one");
  calls.length = 0;
  for (let again = 0; again < 3; again++) assert.equal(await read(), "one");
  assert.deepEqual(calls, ["stat", "stat", "stat"]);
  await writeFile(`${path}.new`, "two");
  await rename(`${path}.new`, path);
  assert.equal(await read(), "two");
  await writeFile(path, "six");
  assert.equal(await read(), "six");
  await unlink(path);
  await assert.rejects(read(), { code: "ENOENT" });
  await writeFile(path, "ten");
  assert.equal(await read(), "ten");
});

test("confirming and watching open no file again, and a counter that stands still is read from the file of that name", async () => {
  const calls: string[] = [];
  const place = join(root, "quorum");
  const host = await openDiskQuorum({ ...outside, files: counted(calls) }, place);
  await host.create(identity, imageOf("first"));
  const watcher = await openDiskQuorum({ ...outside, files: counted(calls) }, place);
  const leadership = await lead(host, "1");
  const claim = { epoch: 1, ...whoOf("1") };
  const beat = async (): Promise<number> => {
    assert.equal(await host.confirm(1), true);
    return (await watcher.look(claim)).counter;
  };
  const before = await beat();
  await beat();
  calls.length = 0;
  assert.equal(await beat(), before + 2);
  assert.equal(await beat(), before + 3);
  assert.equal(calls.filter((call) => call !== "stat").join(), "");
  const counter = join(place, "generation", `1-${identity.lineage}`, "epoch", "counter-00000001");
  await writeFile(`${counter}.new`, "0000000000000777\n");
  await rename(`${counter}.new`, counter);
  assert.equal((await watcher.look(claim)).counter, 777);
  await unlink(counter);
  assert.equal((await watcher.look(claim)).counter, 0);
  await host.letGo?.();
  await watcher.letGo?.();
  await leadership.resign();
});
