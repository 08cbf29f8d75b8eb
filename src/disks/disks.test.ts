/** One conformance suite for all implementations; what the machine can't do is skipped, saying so. */
import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { openOutside } from "../base/outside-node.ts";
import type { ProcessIdentity } from "../base/outside.ts";
import { type DiskId, type Disks, findDisks } from "./disks.ts";
import { imageMounts, openImageDisks } from "./image-disks.ts";
import { openLinuxDisks } from "./linux-disks.ts";
import { createImage } from "./new-image.ts";

const outside = openOutside();
const start = 1048576;
const size = 4 * 1048576;
/** A number that no other test of this machine uses at the same time. */
const signature = (process.pid * 4096 + 7) % 0xffffffff;
const never = new AbortController().signal;

interface Bench {
  readonly disks: Disks;
  readonly id: DiskId;
  readonly point: string;
  /** Where a second mount would go. */
  readonly other: string;
  /** Takes the disk away. */
  readonly remove: () => void;
}

/** An image with one partition that holds a file system, when `formatted`. */
async function newImage(folder: string, formatted: boolean): Promise<string> {
  const image = join(folder, "data.img");
  const partitions = [{ offset: start, size }];
  await createImage(outside.files, image, { id: { signature }, size: 8 * 1048576, sector: 512, partitions });
  if (formatted) execFileSync("mkfs.ext4", ["-q", "-E", `offset=${start}`, image, `${size / 1024}k`]);
  return image;
}

function suite(name: string, make: (folder: string) => Promise<Bench | string>): void {
  test(name, async (t) => {
    const folder = mkdtempSync(join(tmpdir(), "clubar-disks-"));
    t.after(() => rmSync(folder, { recursive: true, force: true }));
    const bench = await make(folder);
    if (typeof bench === "string") {
      t.skip(bench);
      return;
    }
    t.after(() => bench.disks.unmount(bench.point));
    await t.test("finds the disk by its id, and mounts, holds and releases it", () => mountsAndReleases(bench));
    await t.test("a mount that may not begin does nothing", () => refusedMount(bench));
    await t.test("what is taken away is found no more", () => takenAway(bench));
  });
}

async function mountsAndReleases({ disks, id, point, other }: Bench): Promise<void> {
  const [disk, second] = findDisks(await disks.list(), id);
  assert.ok(disk !== undefined && second === undefined);
  assert.deepEqual(disk.partitions, [{ number: 1, offset: start, size }]);
  const [partition] = disk.partitions;
  assert.ok(partition !== undefined);
  const source = await disks.sourceOf(disk, partition);
  assert.equal(await disks.mountedAt(point), undefined);
  assert.equal(await disks.inUse(source), undefined);
  assert.equal(await disks.answers(source), true);
  const processes: (ProcessIdentity | undefined)[] = [];
  await disks.mount(source, point, async (process) => void processes.push(process), never);
  assert.equal(processes.length, 1);
  assert.notEqual(await disks.mountedAt(point), undefined);
  assert.deepEqual([await disks.isAt(source, point), await disks.isAt(source, other)], [true, false]);
  assert.notEqual(await disks.inUse(source), undefined);
  writeFileSync(join(point, "here"), "yes");
  assert.equal(await disks.mountedAt(other), undefined);
  await disks.unmount(point);
  await disks.unmount(point);
  assert.equal(await disks.mountedAt(point), undefined);
  assert.equal(existsSync(join(point, "here")), false);
  assert.equal(await disks.inUse(source), undefined);
  await disks.mount(source, other, () => Promise.resolve(), never);
  assert.equal(existsSync(join(other, "here")), true);
  await disks.unmount(other);
}

async function refusedMount({ disks, id, point }: Bench): Promise<void> {
  const [disk] = findDisks(await disks.list(), id);
  const [partition] = disk?.partitions ?? [];
  assert.ok(disk !== undefined && partition !== undefined);
  const source = await disks.sourceOf(disk, partition);
  await assert.rejects(
    disks.mount(source, point, () => Promise.reject(new Error("no")), never),
    { message: "no" },
  );
  const ended = AbortSignal.abort();
  await assert.rejects(disks.mount(source, point, () => Promise.resolve(), ended));
  assert.equal(await disks.mountedAt(point), undefined);
  assert.equal(await disks.inUse(source), undefined);
}

async function takenAway({ disks, id, remove }: Bench): Promise<void> {
  const [disk] = findDisks(await disks.list(), id);
  const [partition] = disk?.partitions ?? [];
  assert.ok(disk !== undefined && partition !== undefined);
  const source = await disks.sourceOf(disk, partition);
  remove();
  assert.deepEqual(findDisks(await disks.list(), id), []);
  assert.equal(await disks.answers(source), false);
  assert.equal(await disks.inUse(source), undefined);
}

async function points(folder: string): Promise<{ readonly point: string; readonly other: string }> {
  const [point, other] = [join(folder, "point"), join(folder, "other")];
  await outside.files.makeFolder(point);
  await outside.files.makeFolder(other);
  return { point, other };
}

const id: DiskId = { kind: "signature", signature };

suite("images, simulated mounts", async (folder) => {
  const image = await newImage(folder, false);
  const disks = openImageDisks(outside, folder, "simulated");
  return { disks, id, ...(await points(folder)), remove: () => rmSync(image) };
});

/** Why no image can hold a file system and be mounted here; undefined when it can. */
async function whyNoLoop(): Promise<string | undefined> {
  if ((await imageMounts(outside)) !== "loop") return "only root has loop devices";
  const probe = spawnSync("losetup", ["--find"], { encoding: "utf8" });
  if (probe.status !== 0) return `losetup: ${probe.error?.message ?? probe.stderr.trim()}`;
  return spawnSync("mkfs.ext4", ["-V"]).error && "there is no mkfs.ext4 (Debian: e2fsprogs)";
}

suite("images, loop mounts", async (folder) => {
  const why = await whyNoLoop();
  if (why !== undefined) return why;
  const image = await newImage(folder, true);
  const disks = openImageDisks(outside, folder, "loop");
  return { disks, id, ...(await points(folder)), remove: () => rmSync(image) };
});

test("an image that is renamed or deleted while it is mounted is still known to be in use", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "clubar-disks-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  if ((await imageMounts(outside)) !== "loop") {
    t.skip("only root has loop devices");
    return;
  }
  const image = await newImage(folder, true);
  const disks = openImageDisks(outside, folder, "loop");
  const { point } = await points(folder);
  const [disk] = await disks.list();
  const [partition] = disk?.partitions ?? [];
  assert.ok(disk !== undefined && partition !== undefined);
  const source = await disks.sourceOf(disk, partition);
  await disks.mount(source, point, () => Promise.resolve(), never);
  t.after(() => disks.unmount(point));
  renameSync(image, `${image}.away`);
  assert.deepEqual([await disks.isAt(source, point), (await disks.inUse(source)) !== undefined], [true, true]);
  rmSync(`${image}.away`);
  assert.deepEqual([await disks.isAt(source, point), (await disks.inUse(source)) !== undefined], [true, true]);
  await disks.unmount(point);
  assert.equal(await disks.inUse(source), undefined);
});

suite("block devices of Linux", async (folder) => {
  const why = await whyNoLoop();
  if (why !== undefined) return why;
  const image = await newImage(folder, true);
  const device = execFileSync("losetup", ["--find", "--show", image], { encoding: "utf8" }).trim();
  const remove = (): void => void execFileSync("losetup", ["--detach", device]);
  try {
    // What an earlier user of the device left; an error when there is nothing.
    spawnSync("delpart", [device, "1"]);
    // This kernel may read no partition tables: it is told of the partition as partx(8) would.
    execFileSync("addpart", [device, "1", String(start / 512), String(size / 512)], { stdio: "ignore" });
  } catch {
    remove();
    return "the kernel takes no partitions of loop devices";
  }
  const removeAll = (): void => {
    execFileSync("delpart", [device, "1"]);
    remove();
  };
  return { disks: openLinuxDisks(outside), id, ...(await points(folder)), remove: removeAll };
});
