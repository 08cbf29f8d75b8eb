/** The life of a directory checkpoint: captured, watched, put in place, kept aside. On simulated disks. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { OutsideError, type Files } from "../base/outside.ts";
import { folderScene, place, read, write } from "../../test/checkpoint/folder-scene.ts";
import { resource, type Scene } from "../../test/checkpoint/scene.ts";
import { decodeDirectory } from "./directory-codec.ts";
import { readRecords } from "./records.ts";

async function until(at: Scene, holds: () => boolean): Promise<void> {
  for (let turn = 0; turn < 2000; turn++) {
    if (holds()) return;
    await at.time.timers.sleep(10);
  }
  throw new Error("it never came true");
}

test("a folder is captured at add, when it changed while online, and before offline; it is in place before online elsewhere", async () => {
  const { scene: at, one, two, life } = await folderScene();
  await life.checkpoints.add(resource, "directory", `${place}/`);
  assert.deepEqual(
    life.checkpoints.list(resource).map(({ kind, path, number }) => [kind, path, number]),
    [["directory", place, 1]],
  );
  life.checkpoints.begin(resource, at.generation());
  await write(one.outside.files, `${place}/a.conf`, "second");
  await life.checkpoints.audit(resource);
  await life.checkpoints.recreate(resource, { plan: true });
  const begun = at.time.now;
  await until(at, () => life.checkpoints.list(resource)[0]?.number === 2);
  assert.ok(at.time.now - begun <= 3000, `captured after ${at.time.now - begun} ms of looking`);
  await write(one.outside.files, `${place}/a.conf`, "third");
  assert.deepEqual(await life.checkpoints.captureNow(resource), { captured: [place], failed: [] });
  life.checkpoints.end(resource);
  life.checkpoints.close();
  at.place(2);
  const there = two.life();
  const report = await there.checkpoints.restoreBeforeOnline(resource);
  assert.equal(report.placed.length, 1);
  assert.equal(await read(two.outside.files, `${place}/a.conf`), "third");
  assert.equal((await two.outside.files.stat(`${place}/a.conf`))?.mode, 0o640);
  assert.equal((await there.checkpoints.restoreBeforeOnline(resource)).equal.length, 1, "nothing is written twice");
  assert.deepEqual(
    (await there.checkpoints.audit(resource)).map(({ result }) => result),
    ["ok"],
  );
});

test("the version is a hive that says all, and the database names it beside RegSync and CryptoSync", async () => {
  const { scene: at, life } = await folderScene();
  await life.checkpoints.add(resource, "directory", place, { filter: { exclude: ["*.log"], maxSize: 5000 } });
  const bytes = await at.versions.read({ resource, number: 1, kind: "CPD" });
  const entry = decodeDirectory(bytes);
  assert.deepEqual(entry.kind === "folder" && [...entry.entries.keys()], ["a.conf", "in"]);
  const current = readRecords(at.tree, resource)?.current[0];
  assert.deepEqual(current?.filter, { include: [], exclude: ["*.log"], maxSize: 5000 });
});

test("what is overwritten is kept unless it was a version; what is excluded stays", async () => {
  const { scene: at, two, life } = await folderScene();
  await life.checkpoints.add(resource, "directory", place, { filter: { exclude: ["*.log"] } });
  const { files } = two.outside;
  await write(files, `${place}/a.conf`, "by hand");
  await write(files, `${place}/in/x.log`, "log");
  at.place(2);
  const there = two.life();
  const report = await there.checkpoints.restoreBeforeOnline(resource);
  const [loser] = report.losers;
  assert.match(loser?.file ?? "", /\.CPD$/);
  const kept = decodeDirectory(await files.read(loser?.file ?? ""));
  const inner = kept.kind === "folder" ? kept.entries.get("in") : undefined;
  assert.ok(
    kept.kind === "folder" && kept.entries.has("a.conf") && inner?.kind === "folder" && inner.entries.size === 0,
  );
  assert.equal(await read(files, `${place}/in/x.log`), "log");
  assert.equal(await read(files, `${place}/a.conf`), "first");
  await write(files, `${place}/a.conf`, "changed and captured");
  there.checkpoints.begin(resource, at.generation());
  await there.checkpoints.captureNow(resource);
  there.checkpoints.end(resource);
  await there.checkpoints.revert(resource, place, 1);
  assert.deepEqual((await there.checkpoints.restoreBeforeOnline(resource)).losers, [], "a version is no loser");
  assert.equal(await read(files, `${place}/a.conf`), "first");
  there.checkpoints.close();
});

test("a revert while online is put in place at once", async () => {
  const { scene: at, one, life } = await folderScene();
  await life.checkpoints.add(resource, "directory", place);
  life.checkpoints.begin(resource, at.generation());
  await write(one.outside.files, `${place}/a.conf`, "bad");
  await life.checkpoints.captureNow(resource);
  await life.checkpoints.revert(resource, place, 1);
  assert.equal(await read(one.outside.files, `${place}/a.conf`), "first");
  await life.checkpoints.captureNow(resource);
  assert.deepEqual(
    life.checkpoints.list(resource).map(({ number }) => number),
    [3],
    "what was reverted is no change",
  );
  life.checkpoints.close();
});

test("a folder that is gone while online is reported and not captured", async () => {
  const { scene: at, one, two, life } = await folderScene();
  await life.checkpoints.add(resource, "directory", place);
  life.checkpoints.begin(resource, at.generation());
  await one.outside.files.rename(place, "/srv/shop/away");
  const report = await life.checkpoints.captureNow(resource);
  assert.match(report.failed[0]?.why ?? "", /There is no file or folder/);
  assert.equal(life.checkpoints.list(resource)[0]?.number, 1);
  life.checkpoints.end(resource);
  life.checkpoints.close();
  at.place(2);
  await two.life().checkpoints.restoreBeforeOnline(resource);
  assert.equal(await read(two.outside.files, `${place}/a.conf`), "first");
});

test("a folder that was compared before and is the same is not read before online", async () => {
  const { scene: at, two, life } = await folderScene();
  await life.checkpoints.add(resource, "directory", place);
  at.place(2);
  const there = two.life();
  await there.checkpoints.restoreBeforeOnline(resource);
  await at.time.timers.sleep(200);
  await there.checkpoints.audit(resource);
  const { files } = two.outside;
  const real = { ...files };
  let opened = 0;
  Object.assign(files, {
    open: (...args: Parameters<Files["open"]>) => {
      if (args[1] === "read-no-link") opened++;
      return real.open(...args);
    },
  });
  assert.equal((await there.checkpoints.restoreBeforeOnline(resource)).equal.length, 1);
  assert.equal(opened, 0);
  await write(files, `${place}/a.conf`, "by hand");
  assert.equal((await there.checkpoints.restoreBeforeOnline(resource)).placed.length, 1);
  assert.ok(opened > 0);
});

test("re-creation says what differs, and makes a lost version anew", async () => {
  const { scene: at, one, life } = await folderScene();
  await life.checkpoints.add(resource, "directory", place);
  await write(one.outside.files, `${place}/a.conf`, "changed");
  const [planned] = await life.checkpoints.recreate(resource, { plan: true });
  assert.equal(planned?.result, "re-created");
  assert.match(JSON.stringify(planned?.differences), /a\.conf/);
  assert.deepEqual(
    (await life.checkpoints.audit(resource)).map(({ result }) => result),
    ["drift"],
  );
  await at.leadership.deleteVersion({ resource, number: 1, kind: "CPD" });
  assert.deepEqual(
    (await life.checkpoints.audit(resource)).map(({ result }) => result),
    ["lost"],
  );
  const [made] = await life.checkpoints.recreate(resource, { kind: "directory", path: place });
  assert.deepEqual([made?.file, made?.result, made?.number], ["lost", "re-created", 2]);
  assert.deepEqual(
    (await life.checkpoints.audit(resource)).map(({ result }) => result),
    ["ok"],
  );
  const [gone] = await life.checkpoints.withdraw(resource);
  assert.equal(gone?.result, "withdrawn");
  const [again] = await life.checkpoints.recreate(resource);
  assert.deepEqual([again?.file, again?.result], ["withdrawn", "re-created"]);
  assert.deepEqual(readRecords(at.tree, resource)?.current[0]?.filter?.exclude, [], "it still knows what it takes");
});

test("a node that may not give files away records no owners, and two such nodes agree", async () => {
  const { scene: at, one, two, life } = await folderScene();
  for (const { outside } of [one, two]) {
    Object.assign(outside.files, {
      mayChangeOwners: () => false,
      setOwner: (path: string) => Promise.reject(new OutsideError("EPERM", path)),
    });
  }
  await life.checkpoints.add(resource, "directory", place);
  const entry = decodeDirectory(await at.versions.read({ resource, number: 1, kind: "CPD" }));
  assert.equal(entry.owner, undefined);
  at.place(2);
  const there = two.life();
  await there.checkpoints.restoreBeforeOnline(resource);
  assert.equal((await there.checkpoints.restoreBeforeOnline(resource)).equal.length, 1);
});

test("a path below %NodeData%/apps is in each node's data folder", async () => {
  const { scene: at, one, two, life } = await folderScene();
  await write(one.outside.files, "/data/apps/shop/s.conf", "mine");
  await life.checkpoints.add(resource, "directory", "%nodedata%/apps/shop");
  assert.equal(life.checkpoints.list(resource)[0]?.path, "%NodeData%/apps/shop");
  await assert.rejects(life.checkpoints.add(resource, "directory", "/data/apps/shop"), { name: "ALREADY_EXISTS" });
  await two.outside.files.makeFolder("/data/apps");
  at.place(2);
  await two.life().checkpoints.restoreBeforeOnline(resource);
  assert.equal(await read(two.outside.files, "/data/apps/shop/s.conf"), "mine");
});

test("a single file is a checkpoint, too", async () => {
  const { scene: at, one, two, life } = await folderScene();
  await write(one.outside.files, "/srv/shop/app.ini", "[shop]");
  await life.checkpoints.add(resource, "directory", "/srv/shop/app.ini");
  life.checkpoints.begin(resource, at.generation());
  await write(one.outside.files, "/srv/shop/app.ini", "[shop]\nnew");
  await until(at, () => life.checkpoints.list(resource)[0]?.number === 2);
  life.checkpoints.end(resource);
  life.checkpoints.close();
  at.place(2);
  await two.life().checkpoints.restoreBeforeOnline(resource);
  assert.equal(await read(two.outside.files, "/srv/shop/app.ini"), "[shop]\nnew");
});

test("what a crash left half in place is cleared by the next life", async () => {
  const { scene: at, one, life } = await folderScene();
  const { files } = one.outside;
  await life.checkpoints.add(resource, "directory", place);
  await write(files, `${place}/a.conf`, "by hand");
  const real = { ...files };
  const stuck = Promise.withResolvers<void>();
  Object.assign(files, {
    unlink: () => {
      stuck.resolve();
      return new Promise<never>(() => undefined);
    },
  });
  void life.checkpoints.restoreBeforeOnline(resource);
  await stuck.promise;
  assert.equal((await files.list("/srv/shop")).length, 2, "the old one is still beside it");
  Object.assign(files, real);
  one.life();
  let names: readonly string[] = [];
  for (let turn = 0; turn < 1000 && names.length !== 1; turn++) {
    await at.time.timers.sleep(1);
    names = await files.list("/srv/shop");
  }
  assert.deepEqual(names, ["settings"]);
  assert.equal(await read(files, `${place}/a.conf`), "first");
});
