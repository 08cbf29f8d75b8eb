/** One suite for every provider, on simulated disks and on what this machine can mount. */
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import type { Files } from "../../src/base/outside.ts";
import { openOutside } from "../../src/base/outside-node.ts";
import { Disk } from "../../src/sim/disk.ts";
import { openFiles } from "../../src/sim/files.ts";
import {
  createBtrfsProvider,
  createCopyProvider,
  createLvmProvider,
  createReflinkProvider,
  type Support,
  type VssProvider,
} from "../../src/vss/index.ts";
import { mountImage, run, whyNoLvm, type Mounted } from "../vss/mounted.ts";
import { simulateLvm, type SimulatedLvm } from "../vss/simulated-lvm.ts";
import { providerConformance, type Bench } from "./vss-provider.ts";

type Make = (files: Files, folder: string) => VssProvider;
const copy: Make = (files, folder) => createCopyProvider({ files, folder });
const reflink: Make = (files, folder) => createReflinkProvider({ files, folder });

function simulated(type: string, make: Make): () => Promise<Bench> {
  return async () => {
    const disk = new Disk("d", type);
    const { files } = openFiles(
      { diskOf: () => disk, wall: () => 1_750_000_000_000, folder: "/" },
      { call: async ({ enter, effect }) => (enter?.(), effect()) },
    );
    return benchOn(files, "", make);
  };
}

let benches = 0;

async function benchOn(files: Files, base: string, make: Make): Promise<Bench> {
  const place = `${base}/bench${++benches}`;
  const [volume, other, copies] = [`${place}/volume`, `${place}/other`, `${place}/copies`];
  await files.makeFolder(volume);
  await files.makeFolder(other);
  return {
    files,
    volume,
    other,
    provider: () => make(files, copies),
    left: async () => ((await files.stat(copies)) === undefined ? [] : files.list(copies)),
    done: (promise) => promise,
  };
}

describe("plain copy and reflink on simulated disks", () => {
  providerConformance("plain copy, simulated ext4", simulated("ext4", copy));
  providerConformance("reflink, simulated xfs", simulated("xfs", reflink));
});

async function lvmBench(): Promise<Bench & { readonly lvm: SimulatedLvm }> {
  const { files, volume, other, done } = await simulated("ext4", copy)();
  const inside = (path: string): string => `/lv${path}`;
  for (const path of [volume, other]) await files.makeFolder(inside(path));
  const lvm = await simulateLvm(files);
  const left = async (): Promise<readonly string[]> => [
    ...lvm.snapshots,
    ...((await files.stat("/mounts")) === undefined ? [] : await files.list("/mounts")),
  ];
  const provider = (): VssProvider => createLvmProvider(lvm.outside, "/mounts");
  return { files, volume: inside(volume), other: inside(other), provider, left, done, lvm };
}

describe("LVM, its programs simulated", () => {
  providerConformance("LVM", lvmBench);

  test("LVM: what the programs are told", async () => {
    const { volume, provider, lvm } = await lvmBench();
    const one = provider();
    const id = "33333333-0000-4000-8000-000000000001";
    assert.deepEqual(await one.isVolumeSupported(volume), { supported: true });
    const note = await one.beginPrepareSnapshot({ snapshotSetId: id, snapshotId: id, volume, context: 0 });
    assert.deepEqual(note.split("\n"), ["vg", "data", volume.slice("/lv".length), "ext4"]);
    lvm.ran.length = 0;
    for (const step of ["preCommitSnapshots", "commitSnapshots", "postCommitSnapshots"] as const) await one[step](id);
    assert.deepEqual(lvm.ran, [
      `sync --file-system ${volume}`,
      "lvs --noheadings --units b --nosuffix -o lv_size vg/data",
      `lvcreate --yes --snapshot --permission r --size 16777216b --name clubar-${id} vg/data`,
      `mount -o ro,noload /dev/vg/clubar-${id} /mounts/${id}`,
    ]);
    await one.abortSnapshots(id);
  });

  test("LVM: no room in the group, no logical volume, a failing program", async () => {
    const { volume, provider, left, lvm, files } = await lvmBench();
    lvm.free = 1000;
    assert.match(reasonOf(await provider().isVolumeSupported(volume)), /1000 bytes free and 16777216 are needed/);
    lvm.free = 1 << 30;
    await files.makeFolder("/elsewhere");
    assert.match(reasonOf(await provider().isVolumeSupported("/elsewhere")), /no logical volume/);
    lvm.broken.add("mount");
    const one = provider();
    const id = "33333333-0000-4000-8000-000000000002";
    await one.beginPrepareSnapshot({ snapshotSetId: id, snapshotId: id, volume, context: 0 });
    await one.commitSnapshots(id);
    await assert.rejects(one.postCommitSnapshots(id), {
      name: "VSS_E_UNEXPECTED_PROVIDER_ERROR",
      message: /mount is broken/,
    });
    await one.abortSnapshots(id);
    assert.deepEqual(await left(), []);
  });
});

function reasonOf(support: Support): string {
  return support.supported ? "supported" : support.reason;
}

describe("plain copy on this machine", () => {
  let made: string | undefined;
  const base = (): string => (made ??= mkdtempSync(join(tmpdir(), "clubar-copies-")));
  after(() => made !== undefined && rmSync(made, { recursive: true, force: true }));
  const { files } = openOutside();
  providerConformance("plain copy, the folder of temporary files", () => benchOn(files, base(), copy));
});

for (const type of ["xfs", "btrfs"] as const) {
  describe(`${type} in an image file`, () => {
    // Tried first, and mounted by the first test that runs: a run of other tests leaves nothing mounted.
    const trial = mountImage(type);
    if (typeof trial === "string") {
      test(`providers on ${type}`, { skip: trial }, () => undefined);
      return;
    }
    trial.unmount();
    let mounted: Mounted | undefined;
    const base = (): string => {
      const now = mounted ?? mountImage(type);
      if (typeof now === "string") throw new Error(now);
      mounted = now;
      return now.folder;
    };
    after(() => mounted?.unmount());
    const outside = openOutside();
    const { files } = outside;
    providerConformance(`plain copy, ${type}`, () => benchOn(files, base(), copy));
    providerConformance(`reflink, ${type}`, () => benchOn(files, base(), reflink));
    test(`reflink, ${type}: the copies must be in the same file system`, async () => {
      const bench = await benchOn(files, base(), () =>
        createReflinkProvider({ files, folder: join(tmpdir(), "clubar-elsewhere") }),
      );
      const file = await files.open(`${bench.volume}/file`, "create");
      await file.write(new Uint8Array(10), 0);
      await file.close();
      assert.equal((await bench.provider().isVolumeSupported(bench.volume)).supported, false);
      rmSync(join(tmpdir(), "clubar-elsewhere"), { recursive: true, force: true });
    });
    if (type !== "btrfs") return;
    providerConformance("btrfs subvolumes", async () => {
      const subvolume = join(base(), `subvolume${++benches}`);
      assert.equal(run("btrfs", ["subvolume", "create", subvolume]), undefined);
      const [volume, other] = [join(subvolume, "volume"), join(subvolume, "other")];
      mkdirSync(volume);
      mkdirSync(other);
      const copies = join(subvolume, ".clubar-shadow-copies");
      const left = async (): Promise<readonly string[]> =>
        (await files.stat(copies)) === undefined ? [] : files.list(copies);
      return { files, volume, other, provider: () => createBtrfsProvider(outside), left, done: (promise) => promise };
    });
    test("btrfs subvolumes: the shadow copy can't be written", async () => {
      const volume = join(base(), `subvolume${++benches}`);
      assert.equal(run("btrfs", ["subvolume", "create", volume]), undefined);
      const provider = createBtrfsProvider(outside);
      const set = "11111111-0000-4000-8000-000000000009";
      const note = await provider.beginPrepareSnapshot({ snapshotSetId: set, snapshotId: set, volume, context: 0 });
      await provider.commitSnapshots(set);
      const { deviceObject } = await provider.getSnapshotProperties({ snapshotId: set, volume, note });
      await assert.rejects(files.open(join(deviceObject, "new"), "create"), { code: "EROFS" });
      await provider.abortSnapshots(set);
    });
  });
}

test("providers say what they do not support", async () => {
  const outside = openOutside();
  const btrfs = await createBtrfsProvider(outside).isVolumeSupported("/proc");
  assert.match(btrfs.supported ? "" : btrfs.reason, /on unknown|on proc/);
  const lvm = await createLvmProvider(outside, "/nowhere").isVolumeSupported("/proc");
  assert.match(lvm.supported ? "" : lvm.reason, /proc/);
  const { files } = await simulated("ext4", reflink)();
  const plain = await createReflinkProvider({ files, folder: "/copies" }).isVolumeSupported("/bench");
  assert.equal(plain.supported, false);
});

test("LVM on this machine", { skip: whyNoLvm() ?? "only its simulated programs are tested" }, () => undefined);
