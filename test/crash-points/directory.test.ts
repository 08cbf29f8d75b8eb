/** Putting a folder in place is cut short at every changing call: the place holds the old or the new, and a start clears the rest. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { makeFoldersDurably, writeFileDurably } from "../../src/base/durable.ts";
import { OutsideError, type Files } from "../../src/base/outside.ts";
import { type Entry, entryDigest } from "../../src/checkpoint/directory-entry.ts";
import { checkFilter } from "../../src/checkpoint/directory-filter.ts";
import { clearPlacements, DirectoryPlacement, type PlacementParts } from "../../src/checkpoint/directory-place.ts";
import { DirectoryScanner, type Scan } from "../../src/checkpoint/directory-scan.ts";
import { crashPoints } from "../../src/sim/crash-points.ts";
import { Disk } from "../../src/sim/disk.ts";
import { type DoorCall, openFiles } from "../../src/sim/files.ts";
import { fileOf, folderOf, linkTo } from "../checkpoint/entries.ts";
import { JumpingTime } from "../checkpoint/scene.ts";

const place = "/srv/shop/settings";
const filter = checkFilter({ exclude: ["*.log", "cache"] });
/** Longer than a sector, so that it can be torn. */
const long = (text: string): string => text.padEnd(1500, "x");
const older = folderOf({
  same: fileOf(long("same")),
  "a.conf": fileOf(long("old")),
  gone: fileOf("gone"),
  in: folderOf({ x: fileOf("x") }),
});
const newer = folderOf(
  {
    same: fileOf(long("same")),
    "a.conf": fileOf(long("new"), 0o600),
    in: folderOf({ l: linkTo("../same") }, 0o500),
    added: folderOf({}),
  },
  0o750,
);

async function scan(files: Files, where = place): Promise<Scan | undefined> {
  const { clock, timers } = new JumpingTime();
  if ((await files.stat(where)) === undefined) return undefined;
  return new DirectoryScanner({ files, clock, timers }, where).scan(filter);
}

async function write(files: Files, path: string, text: string): Promise<void> {
  const handle = await files.open(path, "create");
  await handle.write(new TextEncoder().encode(text));
  await handle.sync();
  await handle.close();
}

const by = { resource: "r", path: place, number: 1, filter };

/** Whatever is kept is a folder of its own below /kept. */
function partsOf(files: Files): PlacementParts {
  return {
    files,
    folder: "/node",
    keeper: {
      scan: async (at) => (await scan(files, at)) ?? assert.fail(`nothing at ${at}`),
      keep: async (_by, entry) => {
        const text = entry.kind === "folder" ? entry.entries.get("a.conf") : entry;
        const folder = await makeFoldersDurably(files, "/", ["kept"]);
        const name = String((await files.list(folder)).length);
        if (text?.kind === "file") await writeFileDurably(files, `${folder}/${name}`, text.content);
      },
    },
  };
}

const decoded = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);
const clearAll = (files: Files): ReturnType<typeof clearPlacements> => clearPlacements(partsOf(files));

async function put(files: Files, entry: Entry): Promise<DirectoryPlacement> {
  const placement = new DirectoryPlacement(partsOf(files), place, entry, await scan(files), by);
  await placement.put();
  return placement;
}

async function prepareOld(files: Files): Promise<void> {
  await files.makeFolder("/node");
  await files.makeFolder("/srv/shop");
  await write(files, "/srv/shop/neighbour", "n");
  await (await put(files, older)).finish();
  await write(files, `${place}/in/app.log`, "log");
  await files.makeFolder(`${place}/cache/deep`);
  await write(files, `${place}/cache/deep/c`, "cached");
}

const textOf = async (files: Files, path: string): Promise<string> => decoded(await files.read(path));

async function checkWhole(files: Files, allowed: readonly (Entry | undefined)[]): Promise<void> {
  const found = await scan(files);
  assert.ok(
    allowed.some((entry) =>
      entry === undefined ? found === undefined : found && entryDigest(entry) === entryDigest(found.entry),
    ),
    "neither the old nor the new",
  );
}

async function checkRest(files: Files, names: readonly string[]): Promise<void> {
  assert.deepEqual(await files.list("/srv/shop"), names);
  assert.deepEqual(await files.list("/node/placing"), []);
  if (!names.includes("settings")) return;
  assert.equal(await textOf(files, `${place}/in/app.log`), "log");
  assert.equal(await textOf(files, `${place}/cache/deep/c`), "cached");
}

/** A file system that can't swap two names. */
function withoutExchange(files: Files): Files {
  return { ...files, exchange: async (a) => Promise.reject(new OutsideError("EINVAL", a)) };
}

for (const [title, wrap] of [
  ["names that can be exchanged", (files: Files): Files => files],
  ["a file system that can't exchange names", withoutExchange],
] as const) {
  const canExchange = wrap !== withoutExchange;

  test(`a folder is replaced wholly or not at every crash: ${title}`, async () => {
    let done = false;
    const crashes = await crashPoints(
      async (files) => {
        done = false;
        const placement = await put(wrap(files), newer);
        done = true;
        await placement.finish();
      },
      async (files) => {
        if (canExchange) await checkWhole(files, done ? [newer] : [older, newer]);
        for (const { error } of await clearAll(wrap(files))) assert.equal(error, undefined);
        await checkWhole(files, done ? [newer] : [older, newer]);
        await checkRest(files, ["neighbour", "settings"]);
        await (await put(wrap(files), newer)).finish();
        await checkWhole(files, [newer]);
        await checkRest(files, ["neighbour", "settings"]);
      },
      { prepare: prepareOld, tornVariants: 1, told: () => done },
    );
    assert.ok(crashes > 300, `${crashes}`);
  });

  test(`a file that changed after it was read is at the place or kept at every crash: ${title}`, async () => {
    await crashPoints(
      async (files) => {
        const live = await scan(files);
        const edited: Files = {
          ...wrap(files),
          // The last moment before the names are changed.
          syncFolder: async (path) => {
            await files.syncFolder(path);
            if (path !== "/srv/shop" || (await textOf(files, `${place}/a.conf`)) !== long("old")) return;
            await files.unlink(`${place}/a.conf`);
            await write(files, `${place}/a.conf`, "edited");
            await files.syncFolder(place);
          },
        };
        const placement = new DirectoryPlacement(partsOf(edited), place, newer, live, by);
        await placement.put();
        await placement.finish();
      },
      async (files, done) => {
        await clearAll(wrap(files));
        const found = await textOf(files, `${place}/a.conf`).catch(() => "");
        const kept = (await files.stat("/kept")) === undefined ? [] : await files.list("/kept");
        const texts = await Promise.all(kept.map((name) => textOf(files, `/kept/${name}`)));
        if (found === long("new")) assert.ok(texts.includes("edited"), `${done}: what was edited is lost`);
        await checkRest(files, ["neighbour", "settings"]);
      },
      { prepare: prepareOld, tornVariants: 0, told: () => "nothing" },
    );
  });

  test(`what appears at the place meanwhile is left alone: ${title}`, async () => {
    for (const [there, entry] of [
      [undefined, fileOf("version")],
      [undefined, newer],
      [older, newer],
      [fileOf("old"), fileOf("version")],
    ] as const) {
      if (there !== undefined && canExchange) continue;
      const files = diskFiles();
      await files.makeFolder("/srv/shop");
      if (there !== undefined) await (await put(files, there)).finish();
      const live = await scan(files);
      let synced = 0;
      const appear = async (): Promise<void> => {
        if ((await files.stat(place)) === undefined) await write(files, place, "appeared");
      };
      const late: Files = {
        ...wrap(files),
        syncFolder: async (path) => (
          await files.syncFolder(path), path === "/srv/shop" && ++synced === 1 ? appear() : undefined
        ),
        rename: async (from, to) => (await files.rename(from, to), to.endsWith(".old") ? appear() : undefined),
      };
      const placement = new DirectoryPlacement(partsOf(late), place, entry, live, by);
      await assert.rejects(placement.put(), { name: "BUSY" });
      await clearAll(files);
      assert.deepEqual([await textOf(files, place), await files.list("/srv/shop")], ["appeared", ["settings"]]);
    }
  });

  test(`a replaced folder that is taken back is there again at every crash: ${title}`, async () => {
    let undone = false;
    await crashPoints(
      async (files) => {
        undone = false;
        await (await put(wrap(files), newer)).undo();
        undone = true;
        await files.makeFolder("/after");
      },
      async (files) => {
        await clearAll(wrap(files));
        await checkWhole(files, undone ? [older] : [older, newer]);
        await checkRest(files, ["neighbour", "settings"]);
      },
      { prepare: prepareOld, tornVariants: 0, told: () => undone },
    );
  });
}

test("a folder that was not there appears wholly or not at all", async () => {
  await crashPoints(
    async (files) => {
      await (await put(files, newer)).finish();
    },
    async (files) => {
      await checkWhole(files, [undefined, newer]);
      await clearAll(files);
      await checkWhole(files, [undefined, newer]);
      const names = await files.list("/srv/shop");
      assert.ok(
        names.every((name) => name === "settings"),
        names.join(" "),
      );
    },
    {
      prepare: async (files) => {
        await files.makeFolder("/node/placing");
        await files.makeFolder("/srv/shop");
      },
      told: () => "nothing",
    },
  );
});

test("a file is replaced by a folder, and a folder by a file, wholly or not", async () => {
  for (const [from, to] of [
    [fileOf("f"), newer],
    [folderOf({ a: fileOf("a") }), fileOf(long("f"), 0o640)],
  ] as const) {
    await crashPoints(
      async (files) => {
        await (await put(files, to)).finish();
      },
      async (files) => {
        await checkWhole(files, [from, to]);
        await clearAll(files);
        await checkWhole(files, [from, to]);
        assert.deepEqual(await files.list("/srv/shop"), ["settings"]);
      },
      {
        prepare: async (files) => {
          await files.makeFolder("/node");
          await files.makeFolder("/srv/shop");
          await (await put(files, from)).finish();
        },
        tornVariants: 0,
        told: () => "nothing",
      },
    );
  }
});

test("a full disk or a failing call leaves the place as it was and nothing beside it", async () => {
  const calls = ["open", "link", "makeFolder", "makeLink", "setMode", "setOwner", "exchange", "rename", "syncFolder"];
  const failAt = async (at: number, wrap: (files: Files) => Files): Promise<boolean> => {
    const files = diskFiles();
    await prepareOld(files);
    const live = await scan(files);
    let made = 0;
    const failing = Object.fromEntries(
      Object.entries(files).map(([name, call]) => {
        const real = call as (...all: unknown[]) => unknown;
        if (!calls.includes(name)) return [name, real];
        return [
          name,
          (...args: unknown[]) => (++made === at ? Promise.reject(new OutsideError("ENOSPC", name)) : real(...args)),
        ];
      }),
    ) as unknown as Files;
    const placement = new DirectoryPlacement(partsOf(wrap(failing)), place, newer, live, by);
    const isPut = await placement.put().then(
      () => true,
      (error: unknown) => {
        assert.ok(error instanceof OutsideError && error.code === "ENOSPC", String(error));
        return false;
      },
    );
    await checkWhole(files, [isPut ? newer : older]);
    if (isPut) await placement.finish().catch(() => undefined);
    await clearAll(files);
    await checkWhole(files, [isPut ? newer : older]);
    await checkRest(files, ["neighbour", "settings"]);
    return made >= at;
  };
  for (const wrap of [(files: Files): Files => files, withoutExchange]) {
    let at = 1;
    while (await failAt(at, wrap)) at++;
    assert.ok(at > 15, `${at} calls`);
  }
});

function diskFiles(): Files {
  const disk = new Disk("d");
  const view = { diskOf: () => disk, wall: () => 0, folder: "/" };
  const door = {
    async call<T>(call: DoorCall<T>): Promise<T> {
      call.enter?.();
      await Promise.resolve();
      return call.effect();
    },
  };
  return openFiles(view, door).files;
}
