/** Physical Disk in a host's engine, on disk images with simulated mounts: no right of root is needed. */
import assert from "node:assert/strict";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, beforeEach, test } from "node:test";
import { silentLog } from "../../base/log.ts";
import { openOutside } from "../../base/outside-node.ts";
import type { Disks } from "../../disks/disks.ts";
import { openImageDisks } from "../../disks/image-disks.ts";
import { createImage } from "../../disks/new-image.ts";
import { dword, multiSz, sz, type Value } from "../../tree/value.ts";
import { createHostEngine, type HostEngine, type ResourceSpec } from "../host-engine.ts";
import { endMounts } from "../mount-record.ts";
import { type ResourceEvent, type ResourceState, resourceState } from "../resource-state.ts";
import { findResourceType } from "../types.ts";

const outside = openOutside();
const top = mkdtempSync(join(tmpdir(), "clubar-physical-disk-"));
after(() => rmSync(top, { recursive: true, force: true }));
const { online, offline, failed, offlinePending } = resourceState;
const start = 1048576;

let folder = "";
let images = "";
let point = "";
let events: ResourceEvent[] = [];

beforeEach(async () => {
  folder = mkdtempSync(join(top, "node-"));
  images = join(folder, "images");
  point = join(folder, "point");
  events = [];
  await outside.files.makeFolder(images);
  await newDisk("a.img", 0xa1b2c3d4);
});

async function newDisk(name: string, signature: number): Promise<void> {
  const partitions = [{ offset: start, size: 4096 }];
  await createImage(outside.files, join(images, name), { id: { signature }, size: 2 * start, sector: 512, partitions });
}

async function newEngine(
  disks: Disks = openImageDisks(outside, images, "simulated"),
  quorum?: string,
): Promise<HostEngine> {
  const engine = createHostEngine(outside, {
    folder,
    socket: "",
    environment: {},
    disks,
    ...(quorum === undefined ? {} : { quorum: () => quorum }),
    findType: findResourceType,
    readKey: async () => undefined,
    exportPem: async () => "",
    log: silentLog,
    onEvent: (event) => void events.push(event),
    onWatch: () => undefined,
    onApplicationStarts: async () => undefined,
    onApplicationGone: () => undefined,
  });
  await engine.setMayRun(true, "");
  return engine;
}

function spec(...parameters: readonly Value[]): ResourceSpec {
  const values = [dword("DiskSignature", 0xa1b2c3d4), sz("MountPoint", point), ...parameters];
  const times = { looksAlivePollInterval: 10, isAlivePollInterval: 20 };
  return { id: "d", name: "Disk D", type: "Physical Disk", ownershipGeneration: 1, times, parameters: values };
}

async function reached(...states: readonly ResourceState[]): Promise<ResourceEvent> {
  for (;;) {
    const last = events.at(-1);
    if (last !== undefined && states.includes(last.state)) return last;
    await outside.timers.sleep(2);
  }
}

test("finds the disk by its signature, mounts it, and gives it back", async () => {
  const engine = await newEngine();
  engine.start(spec(multiSz("PartitionOffsets", [String(start)])));
  assert.equal((await reached(online, failed)).because, "It came online.");
  writeFileSync(join(point, "file"), "");
  await engine.stop("d");
  assert.equal(events.at(-1)?.state, offline);
  assert.equal(existsSync(join(point, "file")), false);
  assert.equal(existsSync(join(folder, "resources", "d", "mount.json")), false);
});

test("a disk that is not there fails with event 1034: what was expected and what was seen", async () => {
  rmSync(join(images, "a.img"));
  await newDisk("b.img", 0x11);
  const engine = await newEngine();
  engine.start(spec());
  const { because } = await reached(failed, online);
  assert.match(
    because,
    /Event 1034.*"Disk D".*Expected: signature 0xA1B2C3D4.*b\.img \(signature 0x00000011, 1 partition\)/,
  );
});

test("two disks with one signature, other partitions, and a point that is taken are refused", async () => {
  await newDisk("b.img", 0xa1b2c3d4);
  const engine = await newEngine();
  engine.start(spec());
  assert.match((await reached(failed, online)).because, /2 disks carry/);
  rmSync(join(images, "b.img"));
  events = [];
  engine.start(spec(multiSz("PartitionOffsets", ["512", String(start)])));
  assert.match((await reached(failed, online)).because, /begin at 1048576, not at 512, 1048576/);
  events = [];
  engine.start(spec(sz("PartitionOffset", "512")));
  assert.match((await reached(failed, online)).because, /no partition at 512/);
});

test("the quorum's disk is online where the machine mounted it, and is not unmounted", async () => {
  const disks = openImageDisks(outside, images, "simulated");
  const [disk] = await disks.list();
  const [partition] = disk?.partitions ?? [];
  if (disk === undefined || partition === undefined) throw new Error("no disk");
  const source = await disks.sourceOf(disk, partition);
  await outside.files.makeFolder(point);
  await disks.mount(source, point, async () => undefined, new AbortController().signal);
  const stranger = await newEngine(disks, `${point}2/quorum`);
  stranger.start(spec());
  assert.match((await reached(failed, online)).because, /is mounted at/);
  events = [];
  const engine = await newEngine(disks, `${point}/quorum`);
  engine.start(spec());
  await reached(online, failed);
  await engine.stop("d");
  assert.equal(events.at(-1)?.state, offline);
  assert.equal(await disks.isAt(source, point), true);
  engine.start(spec());
  await reached(online);
  await disks.unmount(point);
  assert.match((await reached(failed)).because, /not alive/);
});

test("a disk that is taken away while it is mounted fails, and is not held", async () => {
  const engine = await newEngine();
  engine.start(spec());
  await reached(online, failed);
  rmSync(join(images, "a.img"));
  assert.match((await reached(failed)).because, /not alive/);
  assert.equal(existsSync(join(folder, "resources", "d", "mount.json")), false);
});

test("the next host of the node unmounts what one that was killed left, and another node can't have it before", async () => {
  const killed = await newEngine();
  // A host that does nothing more: it does not even look.
  killed.start({ ...spec(), times: {} });
  await reached(online, failed);
  const disks = openImageDisks(outside, images, "simulated");
  events = [];
  // Another node of this machine: its own folder and point, the same disk.
  const own = folder;
  folder = mkdtempSync(join(top, "other-"));
  const other = await newEngine();
  const elsewhere = {
    ...spec(),
    parameters: [dword("DiskSignature", 0xa1b2c3d4), sz("MountPoint", join(folder, "point"))],
  };
  other.start(elsewhere);
  assert.match((await reached(failed, online)).because, /not free: it is mounted at/);
  await endMounts(outside, disks, own, silentLog);
  assert.equal(await disks.mountedAt(point), undefined);
  events = [];
  other.start(elsewhere);
  assert.equal((await reached(failed, online)).because, "It came online.");
});

/** Disks whose unmount is refused while `busy`. */
function holding(): { readonly disks: Disks; busy: boolean; tries: number } {
  const real = openImageDisks(outside, images, "simulated");
  const state = {
    busy: true,
    tries: 0,
    disks: {
      ...real,
      unmount: async (at: string) => {
        state.tries += 1;
        if (state.busy) throw new Error("target is busy");
        await real.unmount(at);
      },
    },
  };
  return state;
}

for (const [name, end] of [
  ["the permit's end", (engine: HostEngine) => engine.setMayRun(false, "the permit ended")],
  ["offline", (engine: HostEngine) => engine.stop("d")],
  ["terminate", (engine: HostEngine) => engine.terminate("d")],
] as const) {
  test(`after ${name} nothing is proven, offline or failed while the disk can't be unmounted`, async () => {
    const held = holding();
    const engine = await newEngine(held.disks);
    engine.start(spec());
    await reached(online, failed);
    let isOver = false;
    const ending = end(engine).then(() => {
      isOver = true;
    });
    while (held.tries < 4) await outside.timers.sleep(2);
    assert.equal(isOver, false);
    assert.deepEqual({ state: events.at(-1)?.state, held: events.at(-1)?.held }, { state: offlinePending, held: true });
    assert.ok(!events.some(({ state }) => state === offline || state === failed));
    held.busy = false;
    await ending;
    assert.equal(await held.disks.mountedAt(point), undefined);
    assert.equal(events.at(-1)?.state, offline);
  });
}

test("a mount that is under way when the permit ends is undone before anything is proven", async () => {
  const real = openImageDisks(outside, images, "simulated");
  const atGate = Promise.withResolvers<void>();
  const gate = Promise.withResolvers<void>();
  const disks: Disks = {
    ...real,
    mount: async (source, at, started, signal) => {
      await started(undefined);
      atGate.resolve();
      await gate.promise;
      // The system's mount does not look at the signal: it happens.
      await real.mount(source, at, () => Promise.resolve(), new AbortController().signal);
      assert.ok(signal.aborted);
    },
  };
  const engine = await newEngine(disks);
  engine.start(spec());
  await atGate.promise;
  let isOver = false;
  const ending = engine.setMayRun(false, "the permit ended").then(() => {
    isOver = true;
  });
  await outside.timers.sleep(20);
  assert.equal(isOver, false);
  gate.resolve();
  await ending;
  assert.equal(await disks.mountedAt(point), undefined);
  assert.equal(existsSync(join(folder, "resources", "d", "mount.json")), false);
});
