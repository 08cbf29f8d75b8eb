/** The life of a directory checkpoint: captured, watched, put in place, kept aside, refused. On simulated disks. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { OutsideError, type Files } from "../base/outside.ts";
import { otherGroup, otherResource, resource, Scene, type SceneNode } from "../../test/checkpoint/scene.ts";
import { decodeDirectory } from "./directory-codec.ts";
import { readRecords } from "./records.ts";

const place = "/srv/shop/settings";

async function write(files: Files, path: string, text: string): Promise<void> {
  await files.makeFolder(path.slice(0, path.lastIndexOf("/")));
  if ((await files.stat(path)) !== undefined) await files.unlink(path);
  const handle = await files.open(path, "create", 0o640);
  await handle.write(new TextEncoder().encode(text));
  await handle.close();
}

const read = async (files: Files, path: string): Promise<string> => new TextDecoder().decode(await files.read(path));

async function scene(): Promise<{ scene: Scene; one: SceneNode; two: SceneNode; life: ReturnType<SceneNode["life"]> }> {
  const opened = await Scene.open();
  opened.place(1);
  const one = opened.node(1);
  await write(one.outside.files, `${place}/a.conf`, "first");
  await write(one.outside.files, `${place}/in/b.conf`, "b");
  await opened.node(2).outside.files.makeFolder("/srv/shop");
  return { scene: opened, one, two: opened.node(2), life: one.life() };
}

async function until(at: Scene, holds: () => boolean): Promise<void> {
  for (let turn = 0; turn < 2000; turn++) {
    if (holds()) return;
    await at.time.timers.sleep(10);
  }
  throw new Error("it never came true");
}

test("a folder is captured at add, when it changed while online, and before offline; it is in place before online elsewhere", async () => {
  const { scene: at, one, two, life } = await scene();
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
  const { scene: at, life } = await scene();
  await life.checkpoints.add(resource, "directory", place, { filter: { exclude: ["*.log"], maxSize: 5000 } });
  const bytes = await at.versions.read({ resource, number: 1, kind: "CPD" });
  const entry = decodeDirectory(bytes);
  assert.deepEqual(entry.kind === "folder" && [...entry.entries.keys()], ["a.conf", "in"]);
  const current = readRecords(at.tree, resource)?.current[0];
  assert.deepEqual(current?.filter, { include: [], exclude: ["*.log"], maxSize: 5000 });
});

test("what is overwritten is kept unless it was a version; what is excluded stays", async () => {
  const { scene: at, two, life } = await scene();
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
  const { scene: at, one, life } = await scene();
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
  const { scene: at, one, two, life } = await scene();
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

test("the same folder or one inside it is refused in two checkpoints; another resource's can be forced", async () => {
  const { scene: at, life } = await scene();
  at.place(1, otherGroup);
  await life.checkpoints.add(resource, "directory", place);
  const refused = { name: "ALREADY_EXISTS" };
  await assert.rejects(life.checkpoints.add(resource, "directory", place), refused);
  await assert.rejects(life.checkpoints.add(resource, "directory", `${place}/in`, { force: true }), refused);
  await assert.rejects(life.checkpoints.add(otherResource, "directory", place), refused);
  await assert.rejects(life.checkpoints.add(otherResource, "directory", `${place}/in`), refused);
  await life.checkpoints.add(otherResource, "directory", `${place}/in`, { force: true });
});

test("what can't be a directory checkpoint is refused with the reason", async () => {
  const { one, life } = await scene();
  const { files } = one.outside;
  await files.makeLink(place, "/srv/link");
  await files.makeLink("/srv/shop", "/srv/way");
  const add = (path: string): Promise<unknown> => life.checkpoints.add(resource, "directory", path);
  for (const [path, error] of [
    ["relative/path", { name: "INVALID_PARAMETER", message: /not absolute/ }],
    ["/etc", { name: "INVALID_PARAMETER", message: /folder of the system/ }],
    ["/srv/../etc/x", { name: "INVALID_PARAMETER", message: /"\.\."/ }],
    ["/proc/1/fd", { name: "INVALID_PARAMETER", message: /kernel/ }],
    ["%NodeData%/registry/x", { name: "INVALID_PARAMETER", message: /clubar's own/ }],
    ["/data/registry", { name: "BAD_PATHNAME", message: /clubar itself/ }],
    ["/srv/link", { name: "BAD_PATHNAME", message: /is a symbolic link/ }],
    ["/srv/way/settings", { name: "BAD_PATHNAME", message: /link on the way.*\/srv\/shop\/settings/ }],
    ["/srv/none", { name: "FILE_NOT_FOUND", message: /no file or folder/ }],
    ["/nowhere/none", { name: "FILE_NOT_FOUND", message: /no folder \/nowhere/ }],
  ] as const) {
    await assert.rejects(add(path), error, path);
  }
  await assert.rejects(life.checkpoints.add(resource, "registry", "SOFTWARE\\X", { filter: {} }), {
    name: "INVALID_PARAMETER",
  });
  assert.deepEqual(life.checkpoints.list(resource), []);
});

test("a mount point, and one inside, is refused before anything is read or written", async () => {
  const { one, life } = await scene();
  const table = `22 1 8:1 / / rw - ext4 /dev/a rw\n36 22 8:2 / /srv/shop/with\\040blank rw - ext4 /dev/b rw\n`;
  await write(one.outside.files, "/proc/self/mountinfo", table);
  await one.outside.files.makeFolder("/srv/shop/with blank");
  await assert.rejects(life.checkpoints.add(resource, "directory", "/srv/shop/with blank"), {
    name: "BAD_PATHNAME",
    message: /it is a mount point/,
  });
  await assert.rejects(life.checkpoints.add(resource, "directory", "/srv/shop"), {
    name: "BAD_PATHNAME",
    message: /something is mounted in it \(\/srv\/shop\/with blank\)/,
  });
});

test("a folder above its size is refused with the numbers; a bad pattern or size is none", async () => {
  const { life } = await scene();
  const add = (filter: object): Promise<unknown> => life.checkpoints.add(resource, "directory", place, { filter });
  await assert.rejects(add({ maxSize: 5 }), {
    name: "MORE_DATA",
    message: /holds 6 bytes.*takes 5; the largest file is a\.conf with 5/,
  });
  for (const filter of [
    { exclude: [""] },
    { include: ["/a"] },
    { exclude: ["../x"] },
    { maxSize: 0 },
    { maxSize: 2e9 },
  ])
    await assert.rejects(add(filter), { name: "INVALID_PARAMETER" }, JSON.stringify(filter));
  await add({ maxSize: 6 });
});

test("a file that changes all the time is not captured half; when it stands still it is", async () => {
  const { one, life } = await scene();
  const { files } = one.outside;
  let isBusy = true;
  let count = 0;
  const real = { ...files };
  const open: Files["open"] = (...args) => real.open(...args);
  Object.assign(files, {
    open: async (path: string, how: "read", mode?: number) => {
      const handle = await open(path, how, mode);
      if (!isBusy || !path.endsWith("a.conf") || (how as string) !== "read-no-link") return handle;
      return {
        ...handle,
        read: async (at: number, length: number): Promise<Uint8Array> => {
          const bytes = await handle.read(at, length);
          const writer = await open(path, "append");
          await writer.write(new TextEncoder().encode(String(count++ % 10)));
          await writer.close();
          return bytes;
        },
        close: () => handle.close(),
      };
    },
  });
  await assert.rejects(life.checkpoints.add(resource, "directory", place), {
    name: "BUSY",
    message: /a\.conf changed while it was read.*--exclude/,
  });
  assert.ok(count > 1, "it was tried again");
  isBusy = false;
  await life.checkpoints.add(resource, "directory", place);
});

test("a disk that is full while it is put in place leaves the old there, and the resource is not brought online", async () => {
  const { scene: at, two, life } = await scene();
  await life.checkpoints.add(resource, "directory", place);
  await life.checkpoints.add(resource, "registry", "SOFTWARE\\Shop").catch(() => undefined);
  const { files } = two.outside;
  await write(files, `${place}/a.conf`, "by hand");
  at.place(2);
  const real = { ...files };
  Object.assign(files, { exchange: (a: string) => Promise.reject(new OutsideError("ENOSPC", a)) });
  await assert.rejects(two.life().checkpoints.restoreBeforeOnline(resource), { name: "DISK_FULL" });
  assert.equal(await read(files, `${place}/a.conf`), "by hand");
  assert.deepEqual(await files.list("/srv/shop"), ["settings"]);
  Object.assign(files, real);
  await two.life().checkpoints.restoreBeforeOnline(resource);
  assert.equal(await read(files, `${place}/a.conf`), "first");
});

test("a link in the way on another node is neither followed nor replaced, and the resource is not brought online", async () => {
  const { scene: at, two, life } = await scene();
  await life.checkpoints.add(resource, "directory", place);
  const { files } = two.outside;
  await write(files, "/srv/elsewhere/a.conf", "other");
  await files.makeLink("/srv/elsewhere", place);
  at.place(2);
  await assert.rejects(two.life().checkpoints.restoreBeforeOnline(resource), {
    name: "BAD_PATHNAME",
    message: /symbolic link/,
  });
  assert.equal(await files.readLink(place), "/srv/elsewhere");
  assert.equal(await read(files, "/srv/elsewhere/a.conf"), "other");
});

test("when another checkpoint can't be put in place, the folder is as it was", async () => {
  const { scene: at, one, two, life } = await scene();
  one.keys.set("1\\\\Key", new TextEncoder().encode("key"));
  await life.checkpoints.add(resource, "directory", place);
  await life.checkpoints.add(resource, "crypto", "1\\\\Key");
  await write(two.outside.files, `${place}/a.conf`, "by hand");
  at.place(2);
  two.keys.failImport = true;
  await assert.rejects(two.life().checkpoints.restoreBeforeOnline(resource), { name: "DISK_FULL" });
  assert.equal(await read(two.outside.files, `${place}/a.conf`), "by hand");
  assert.deepEqual(await two.outside.files.list("/srv/shop"), ["settings"]);
});

test("a folder that was compared before and is the same is not read before online", async () => {
  const { scene: at, two, life } = await scene();
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
  const { scene: at, one, life } = await scene();
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
  const { scene: at, one, two, life } = await scene();
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
  const { scene: at, one, two, life } = await scene();
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
  const { scene: at, one, two, life } = await scene();
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
  const { scene: at, one, life } = await scene();
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
