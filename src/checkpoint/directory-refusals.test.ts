/** What can't be a directory checkpoint, and what can't be put in place: refused with the reason, and nothing is changed. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { OutsideError, type Files } from "../base/outside.ts";
import { folderScene, place, read, write } from "../../test/checkpoint/folder-scene.ts";
import { otherGroup, otherResource, resource } from "../../test/checkpoint/scene.ts";

test("the same folder or one inside it is refused in two checkpoints; another resource's can be forced", async () => {
  const { scene: at, life } = await folderScene();
  at.place(1, otherGroup);
  await life.checkpoints.add(resource, "directory", place);
  const refused = { name: "ALREADY_EXISTS" };
  await assert.rejects(life.checkpoints.add(resource, "directory", place), refused);
  await assert.rejects(life.checkpoints.add(resource, "directory", `${place}/in`, { force: true }), refused);
  await assert.rejects(life.checkpoints.add(otherResource, "directory", place), refused);
  await assert.rejects(life.checkpoints.add(otherResource, "directory", `${place}/in`), refused);
  await life.checkpoints.add(otherResource, "directory", `${place}/in`, { force: true });
});

test("the quorum, what holds it or lies in it, and another node's data are no checkpoint", async () => {
  const { one, life } = await folderScene();
  const { files } = one.outside;
  for (const folder of ["/srv/q", "/srv/q/generation", "/srv/q/app", "/srv/n2", "/srv/n2/registry", "/srv/n2/apps"])
    await files.makeFolder(folder);
  await write(files, "/srv/q/current", "1");
  await write(files, "/srv/n2/node.json", "{}");
  const refused = (path: string, message: RegExp): Promise<void> =>
    assert.rejects(life.checkpoints.add(resource, "directory", path), { name: "BAD_PATHNAME", message }, path);
  await refused("/srv/q", /quorum folder of a cluster/);
  await refused("/srv/q/generation", /\/srv\/q is the quorum folder/);
  await refused("/srv/q/app", /\/srv\/q is the quorum folder/);
  await refused("/srv/n2", /data folder of a node/);
  await refused("/srv/n2/registry", /\/srv\/n2 is the data folder/);
  for (const [folder, marker] of [
    ["/srv/set", "Clusbackup.dat"],
    ["/srv/vss", "Vssbackup.dat"],
  ] as const) {
    await files.makeFolder(`${folder}/cluster`);
    await write(files, `${folder}/${marker}`, "");
    await refused(folder, /is a backup set/);
    await refused(`${folder}/cluster`, /is a backup set/);
  }
  await files.makeFolder("/srv/all");
  await files.makeFolder("/srv/all/quorum");
  await write(files, "/data/node.json", JSON.stringify({ quorum: "/srv/all/quorum" }));
  await refused("/srv/all", /holds this cluster's quorum folder/);
});

test("what can't be a directory checkpoint is refused with the reason", async () => {
  const { one, life } = await folderScene();
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
  const { one, life } = await folderScene();
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
  const { life } = await folderScene();
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
  const { one, life } = await folderScene();
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
  const { scene: at, two, life } = await folderScene();
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
  const { scene: at, two, life } = await folderScene();
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
  const { scene: at, one, two, life } = await folderScene();
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
