import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { FileHandle, Files } from "../base/outside.ts";
import type { DataLoss } from "./content.ts";
import { sectorSize } from "./content.ts";
import { Disk, type NameLoss } from "./disk.ts";
import { openFiles, type Door } from "./files.ts";
import { randomFrom } from "./random.ts";

const straight: Door = {
  call: async (call) => {
    call.enter?.();
    return call.effect();
  },
};

function filesOn(disk: Disk): Files {
  return openFiles({ diskOf: () => disk, wall: () => 1000, folder: "/" }, straight).files;
}

const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);
const bytes = (s: string): Uint8Array => new TextEncoder().encode(s);
const nothingKept = { names: "none-kept", data: "none-kept" } as const;

test("a synced file with a synced name survives, an unsynced name does not", async () => {
  const disk = new Disk("d");
  const files = filesOn(disk);
  for (const name of ["kept", "lost"]) {
    const handle = await files.open(`/${name}`, "create");
    await handle.write(bytes(name));
    await handle.sync();
    if (name === "kept") await files.syncFolder("/");
  }
  disk.losePower(nothingKept, randomFrom(1));
  assert.deepEqual(await filesOn(disk).list("/"), ["kept"]);
  assert.equal(text(await filesOn(disk).read("/kept")), "kept");
});

test("a durable name of an unsynced file leads to an empty file", async () => {
  const disk = new Disk("d");
  const files = filesOn(disk);
  await (await files.open("/f", "create")).write(bytes("data"));
  await files.syncFolder("/");
  disk.losePower(nothingKept, randomFrom(1));
  assert.equal((await filesOn(disk).read("/f")).length, 0);
});

test("a rename between folders is whole after a power loss: the file has exactly one of the names", async () => {
  for (let seed = 0; seed < 30; seed++) {
    const disk = new Disk("d");
    const files = filesOn(disk);
    await files.makeFolder("/a");
    await files.makeFolder("/b");
    await files.open("/a/f", "create");
    disk.syncAll();
    await files.rename("/a/f", "/b/g");
    disk.losePower({ names: "prefix-kept", data: "all-kept" }, randomFrom(seed));
    const left = [...(await files.list("/a")), ...(await files.list("/b"))];
    assert.equal(left.length, 1);
  }
});

test("a failed fsync's pages are never written by a later one", async () => {
  const disk = new Disk("d");
  let failing = false;
  const door: Door = {
    call: async (call) => {
      call.enter?.();
      if (failing && call.name === "files.sync") {
        call.broken?.(0.9);
        throw new Error("EIO");
      }
      return call.effect();
    },
  };
  const { files } = openFiles({ diskOf: () => disk, wall: () => 0, folder: "/" }, door);
  const handle = await files.open("/f", "create");
  await files.syncFolder("/");
  await handle.write(bytes("bad"));
  failing = true;
  await assert.rejects(handle.sync());
  failing = false;
  await assert.rejects(handle.sync(), { code: "EIO" });
  const again = await files.open("/f", "update");
  await again.write(bytes("good"), 3);
  await again.sync();
  assert.equal(text(await files.read("/f")), "badgood");
  disk.losePower(nothingKept, randomFrom(1));
  assert.deepEqual(await filesOn(disk).read("/f"), new Uint8Array([0, 0, 0, ...bytes("good")]));
});

test("locks belong to one open file and end with it", async () => {
  const disk = new Disk("d");
  const files = filesOn(disk);
  const first = await files.open("/l", "append");
  const second = await files.open("/l", "append");
  assert.equal(await first.lock(), true);
  assert.equal(await first.lock(), true);
  assert.equal(await second.lock(), false);
  assert.equal(await files.isLocked("/l"), true);
  await first.close();
  assert.equal(await files.isLocked("/l"), false);
  assert.equal(await second.lock(), true);
});

test("errors carry their POSIX codes", async () => {
  const disk = new Disk("d");
  const files = filesOn(disk);
  await files.makeFolder("/a/b");
  const handle = await files.open("/a/f", "create");
  await assert.rejects(files.open("/a/f", "create"), { code: "EEXIST" });
  await assert.rejects(files.open("/none", "update"), { code: "ENOENT" });
  await assert.rejects(files.read("/a/f/x"), { code: "ENOTDIR" });
  await assert.rejects(files.link("/a/f", "/a/b"), { code: "EEXIST" });
  await assert.rejects(files.removeFolder("/a"), { code: "ENOTEMPTY" });
  await assert.rejects(files.rename("/a", "/a/b/c"), { code: "EINVAL" });
  await assert.rejects(files.unlink("/a/b"), { code: "EISDIR" });
  disk.full = true;
  await assert.rejects(handle.write(bytes("x")), { code: "ENOSPC" });
  await assert.rejects(files.open("/new", "create"), { code: "ENOSPC" });
  await handle.close();
  await assert.rejects(handle.write(bytes("x")), { code: "EBADF" });
});

test("an unlinked file lives on while it is open, and a hard link keeps its inode", async () => {
  const disk = new Disk("d");
  const files = filesOn(disk);
  const handle = await files.open("/f", "create", 0o640);
  await handle.write(bytes("x"));
  await files.link("/f", "/g");
  const [f, g] = [await files.stat("/f"), await files.stat("/g")];
  assert.equal(f?.inode, g?.inode);
  assert.equal(f?.mode, 0o640);
  await files.unlink("/f");
  await files.unlink("/g");
  assert.equal(await files.stat("/g"), undefined);
  assert.equal(text(await handle.read(0, 10)), "x");
});

/** Steps of a process that only ever crashes; the model remembers what each sync promised. */
type Step =
  | { readonly do: "append"; readonly file: number; readonly data: string }
  | { readonly do: "write"; readonly file: number; readonly at: number; readonly data: string }
  | { readonly do: "sync"; readonly file: number }
  | { readonly do: "crash"; readonly seed: number; readonly names: NameLoss; readonly data: DataLoss };

const fileNumber = fc.integer({ min: 0, max: 2 });
const data = fc.string({ minLength: 1, maxLength: 1500, size: "max" }).map((s) => s.replaceAll(/[^a-z]/g, "q"));
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ do: fc.constant("append" as const), file: fileNumber, data }),
  fc.record({ do: fc.constant("write" as const), file: fileNumber, at: fc.integer({ min: 0, max: 2000 }), data }),
  fc.record({ do: fc.constant("sync" as const), file: fileNumber }),
  fc.record({
    do: fc.constant("crash" as const),
    seed: fc.nat(),
    names: fc.constantFrom<NameLoss>("none-kept", "all-kept", "prefix-kept"),
    data: fc.constantFrom<DataLoss>("none-kept", "all-kept", "prefix-kept", "sectors-kept"),
  }),
);

interface Model {
  /** Every content the file may have byte by byte: the synced one first, then one after each unsynced write. */
  readonly versions: Uint8Array[];
  handle: FileHandle;
}

function written(base: Uint8Array, at: number, more: Uint8Array): Uint8Array {
  const result = new Uint8Array(Math.max(base.length, at + more.length));
  result.set(base);
  result.set(more, at);
  return result;
}

function checkAgainst(left: Uint8Array, { versions }: Model, loss: DataLoss): void {
  const size = left.length;
  const isTorn = loss === "prefix-kept" && size % sectorSize === 0 && versions.some(({ length }) => length > size);
  assert.ok(isTorn || versions.some(({ length }) => length === size), `size ${size} was never the file's`);
  for (let i = 0; i < left.length; i++) {
    const fine = versions.some((version) => (version[i] ?? 0) === left[i]);
    assert.ok(fine, `byte ${i} is ${left[i]}: in no version since the last sync`);
  }
}

async function runSteps(steps: readonly Step[]): Promise<void> {
  const disk = new Disk("d");
  const files = filesOn(disk);
  const model: Model[] = [];
  for (const i of [0, 1, 2]) model.push({ versions: [new Uint8Array(0)], handle: await files.open(`/${i}`, "create") });
  disk.syncAll();
  for (const each of steps) {
    if (each.do === "crash") {
      disk.losePower(each, randomFrom(each.seed));
      for (const [i, m] of model.entries()) {
        const left = await files.read(`/${i}`);
        checkAgainst(left, m, each.data);
        if (each.data === "none-kept") assert.deepEqual(left, m.versions[0]);
        if (each.data === "all-kept") assert.deepEqual(left, m.versions.at(-1));
        m.versions.splice(0, m.versions.length, left);
        m.handle = await files.open(`/${i}`, "update");
      }
      continue;
    }
    const m = model[each.file] as Model;
    const latest = m.versions.at(-1) as Uint8Array;
    if (each.do === "sync") {
      await m.handle.sync();
      m.versions.splice(0, m.versions.length, latest);
    } else {
      const at = each.do === "append" ? latest.length : each.at;
      await m.handle.write(bytes(each.data), at);
      m.versions.push(written(latest, at, bytes(each.data)));
    }
  }
}

test("a disk that is only crashed keeps everything that was synced and loses only what was not", async () => {
  await fc.assert(fc.asyncProperty(fc.array(step, { maxLength: 40 }), runSteps), { numRuns: 300 });
});

test("a sync covers what was written before it began, not what came while it ran", async () => {
  const disk = new Disk("d");
  let meanwhile: () => void = () => undefined;
  const door: Door = {
    call: async (call) => {
      call.enter?.();
      if (call.name.startsWith("files.sync")) meanwhile();
      return call.effect();
    },
  };
  const { files } = openFiles({ diskOf: () => disk, wall: () => 0, folder: "/" }, door);
  const handle = await files.open("/f", "create");
  await handle.write(bytes("early"));
  meanwhile = () => void handle.write(bytes("late"));
  await handle.sync();
  meanwhile = () => void files.open("/late", "create");
  await files.syncFolder("/");
  assert.equal(text(await files.read("/f")), "earlylate");
  assert.deepEqual(await files.list("/"), ["f", "late"]);
  disk.losePower(nothingKept, randomFrom(1));
  assert.equal(text(await files.read("/f")), "early");
  assert.deepEqual(await files.list("/"), ["f"]);
});

test("syncing a folder makes durable what its changes rest on in other folders", async () => {
  const disk = new Disk("d");
  const files = filesOn(disk);
  await files.makeFolder("/a");
  await files.makeFolder("/b");
  disk.syncAll();
  await files.open("/a/first", "create");
  await files.open("/a/f", "create");
  await files.rename("/a/f", "/b/f");
  await files.open("/a/after", "create");
  await files.syncFolder("/b");
  disk.losePower(nothingKept, randomFrom(1));
  assert.deepEqual([await files.list("/a"), await files.list("/b")], [["first"], ["f"]]);
});

test("of a folder's unsynced names the first ones survive, each folder for itself", async () => {
  const seen = new Set<string>();
  for (let seed = 0; seed < 200; seed++) {
    const disk = new Disk("d");
    const files = filesOn(disk);
    for (const name of ["1", "2", "3"]) await files.open(`/${name}`, "create");
    disk.losePower({ names: "prefix-kept", data: "all-kept" }, randomFrom(seed));
    seen.add((await files.list("/")).join(""));
  }
  assert.deepEqual([...seen].toSorted(), ["", "1", "12", "123"]);
});

test("closing an open file without the lock leaves another's lock alone", async () => {
  const files = filesOn(new Disk("d"));
  const [holder, other] = [await files.open("/l", "append"), await files.open("/l", "append")];
  await holder.lock();
  await other.close();
  assert.equal(await files.isLocked("/l"), true);
});
