/** Programs' containers and the machine's mounts, for real: in a mount namespace that this file makes for itself, whose `/` is private. */
import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { memoryFiles } from "../../test/crash-points/example-cluster.ts";
import { holds, openScene, type Scene } from "../../test/monitor/scene.ts";
import { createImage } from "../disks/new-image.ts";
import { deviceInUse } from "../disks/linux-disks.ts";
import { dword, sz, type Value } from "../tree/value.ts";
import { probeContainment } from "./containment.ts";
import { resourceState } from "./resource-state.ts";
import { mountsFollow, shareMounts } from "./shared-mounts.ts";

const { online, offline, offlinePending } = resourceState;
const inside = process.env["CLUBAR_TEST_MOUNTS"] === "own";
const filesystem = "/usr/lib/ocf/resource.d/heartbeat/Filesystem";

/** Why nothing can be mounted here; undefined when all is there. */
function whyNot(): string | undefined {
  const needed = [filesystem, "/usr/sbin/modprobe", "/usr/sbin/mkfs.ext4", "/dev/loop-control"];
  const missing = needed.find((path) => !existsSync(path));
  if (missing !== undefined) return `needs ${missing}`;
  const tried = ["unshare --mount true", "losetup --find"].find((line) => spawnSync("sh", ["-c", line]).status !== 0);
  return tried && `refused here: ${tried}`;
}

if (!inside) {
  test("what stands on / last says whether unmounts reach the namespaces of applications", lastRootCounts);
  test("in a mount namespace of its own", { skip: whyNot() }, () => {
    const environment: NodeJS.ProcessEnv = { ...process.env, CLUBAR_TEST_MOUNTS: "own" };
    delete environment["NODE_TEST_CONTEXT"];
    const words = ["--mount", "--propagation", "private", process.execPath, "--test-reporter=spec"];
    const ran = spawnSync("unshare", [...words, import.meta.filename], { env: environment, encoding: "utf8" });
    assert.equal(ran.status, 0, `${ran.stdout}${ran.stderr}`);
  });
} else {
  // A host with two disks: /dev/loopX for Filesystem, partition 1 of /dev/loopY for Physical Disk.
  const place = mkdtempSync(join(tmpdir(), "clubar-mounts-"));
  const points = { fs: join(place, "fs"), disk: join(place, "disk") };
  const signature = (process.pid * 4096 + 11) % 0xffffffff;
  const start = 1048576;
  const devices: string[] = [];
  let scene: Scene;
  let takesPartitions = true;
  const run = (command: string, ...args: string[]): string => execFileSync(command, args, { encoding: "utf8" }).trim();
  const attach = (image: string): string => {
    const device = run("losetup", "--find", "--show", image);
    devices.push(device);
    return device;
  };

  before(async () => {
    scene = await openScene();
    mkdirSync(points.fs);
    const image = join(place, "disk.img");
    const partitions = [{ offset: start, size: 4 * start }];
    await createImage(scene.outside.files, image, { id: { signature }, size: 8 * start, sector: 512, partitions });
    run("mkfs.ext4", "-q", "-E", `offset=${start}`, image, "4096k");
    run("truncate", "-s", "4M", join(place, "fs.img"));
    run("mkfs.ext4", "-q", join(place, "fs.img"));
    attach(join(place, "fs.img"));
    const device = attach(image);
    spawnSync("delpart", [device, "1"]);
    takesPartitions = spawnSync("addpart", [device, "1", String(start / 512), String(8 * 1024)]).status === 0;
  });
  after(async () => {
    await scene.engine.terminateAll("End of the test.");
    spawnSync("umount", ["--recursive", points.fs, points.disk]);
    for (const device of devices) {
      spawnSync("delpart", [device, "1"]);
      spawnSync("losetup", ["--detach", device]);
    }
    for (const path of [scene.folder, place]) rmSync(path, { recursive: true, force: true });
  });

  const agent = (): readonly Value[] => [
    sz("OcfAgent", "ocf:heartbeat:Filesystem"),
    sz("device", devices[0] ?? ""),
    sz("directory", points.fs),
    sz("fstype", "ext4"),
  ];
  const mustBeOnline = async (name: string, type: string, values: readonly Value[]): Promise<void> => {
    const event = await scene.online(name, type, values);
    assert.equal(event.state, online, `${event.because}\n${scene.output(name)}`);
  };
  const startFilesystem = (): Promise<void> => mustBeOnline("fs", "OCF Agent", agent());
  const startProgram = (): Promise<void> =>
    mustBeOnline("program", "Generic Application", [sz("CommandLine", "sleep 1000")]);
  /** Mount points below this test's folder that the program's init has. */
  const seen = (name = "program"): readonly string[] => {
    const [container] = [...scene.running.values()].filter(({ resource }) => resource === name);
    assert.ok(container, `${name} runs`);
    const table = readFileSync(`/proc/${container.init.pid}/mountinfo`, "utf8");
    return table.split("\n").flatMap((line) =>
      line
        .split(" ")
        .slice(4, 5)
        .filter((point) => point.startsWith(place)),
    );
  };
  const isFree = async (device: string): Promise<boolean> =>
    (await deviceInUse(scene.outside.files, device)) === undefined;
  const share = (may: boolean): ReturnType<typeof shareMounts> =>
    probeContainment(scene.outside).then((contained) => shareMounts(scene.outside, contained, may));

  test("private: a program that began after the mount holds Filesystem back until it ends, and nothing is made ahead of it", async () => {
    const refused = await share(false);
    assert.equal(refused?.isShared, false);
    assert.match(refused?.sentence ?? "", /CLUBAR_SHARE_MOUNTS.*make-rshared/);
    const daemon = { id: "ahead", name: "ahead", type: "OCF Daemon", ownershipGeneration: 1, times: {} };
    const ahead = [sz("OcfAgent", "ocf:heartbeat:Dummy"), sz("state", join(place, "state"))];
    scene.engine.makeReady({ ...daemon, parameters: ahead });
    await startFilesystem();
    await mustBeOnline("ahead", "OCF Daemon", ahead);
    await startProgram();
    assert.deepEqual([seen(), seen("ahead")], [[points.fs], [points.fs]]);
    await scene.engine.stop("ahead");
    const stopped = scene.engine.stop("fs");
    await holds(scene.outside, () => scene.events.some(({ resource, held }) => resource === "fs" && held === true));
    const { state, because } = await scene.reaches("fs", offlinePending, offline);
    assert.equal(state, offlinePending);
    assert.match(because, new RegExp(`${devices[0]} is still in use`));
    assert.equal(await isFree(devices[0] ?? ""), false);
    await scene.engine.stop("program");
    await stopped;
    assert.equal(scene.states("fs").at(-1), offline);
    assert.equal(await isFree(devices[0] ?? ""), true);
  });

  test("made shared: what is unmounted is gone from a running program, and its device is free", async () => {
    assert.match((await share(true))?.sentence ?? "", /made it one/);
    assert.equal(await share(true), undefined, "once is enough");
    await startFilesystem();
    if (takesPartitions) {
      const named = [dword("DiskSignature", signature), sz("MountPoint", points.disk)];
      await mustBeOnline("disk", "Physical Disk", named);
    }
    const both = takesPartitions ? [points.fs, points.disk] : [points.fs];
    await startProgram();
    assert.deepEqual(seen(), both);
    const from = scene.events.length;
    const names = Object.keys(points).slice(0, both.length);
    const stops = Promise.all(names.map((name) => scene.engine.stop(name)));
    const held = (): boolean => scene.events.slice(from).some((event) => event.held === true);
    await holds(scene.outside, () => held() || names.every((name) => scene.states(name).at(-1) === offline));
    assert.equal(held(), false);
    await stops;
    assert.deepEqual(seen(), []);
    assert.deepEqual(await Promise.all([isFree(devices[0] ?? ""), isFree(`${devices[1]}p1`)]), [true, true]);
  });

  test("made shared: a program that began before sees what is mounted, below it too, until a person unmounts it", async () => {
    await startFilesystem();
    const nested = join(points.fs, "nested");
    mkdirSync(nested);
    run("mount", "-t", "tmpfs", "clubar", nested);
    assert.deepEqual(seen(), [points.fs, nested]);
    run("umount", nested);
    run("umount", points.fs);
    assert.deepEqual(seen(), []);
    assert.equal(await isFree(devices[0] ?? ""), true);
    await scene.engine.terminate("fs");
  });

  test("made shared: what a program mounts stays in its container", async () => {
    const inner = join(place, "inner");
    mkdirSync(inner);
    const words = `sh -c "mount -t tmpfs clubar ${inner} && exec sleep 1000"`;
    await mustBeOnline("mounts", "Generic Application", [sz("CommandLine", words)]);
    await holds(scene.outside, () => seen("mounts").includes(inner));
    assert.equal(readFileSync("/proc/self/mountinfo", "utf8").includes(inner), false);
    assert.deepEqual(seen(), []);
  });
}

async function lastRootCounts(): Promise<void> {
  const { files } = memoryFiles();
  const contained = { unshare: ["unshare", "--pid", "--mount"] };
  await files.makeFolder("/proc");
  await files.makeFolder("/proc/self");
  const shown = async (...lines: readonly string[]): Promise<boolean> => {
    const file = await files.open("/proc/self/mountinfo", "create");
    await file.write(new TextEncoder().encode(`${lines.join("\n")}\n`), 0);
    await file.close();
    const isShared = await mountsFollow({ files }, contained);
    assert.equal(await mountsFollow({ files }, { unshare: ["unshare", "--pid"] }), true, "the machine's own mounts");
    await files.unlink("/proc/self/mountinfo");
    return isShared;
  };
  const shared = "22 1 254:0 / / rw,relatime shared:1 - ext4 /dev/root rw";
  const hidden = "22 1 254:0 / / rw,relatime - ext4 /dev/root rw";
  const beside = "30 22 0:25 / /run rw shared:7 - tmpfs tmpfs rw";
  assert.equal(await shown(shared, beside), true);
  assert.equal(await shown(hidden, beside), false);
  assert.equal(await shown(shared, hidden.replace("22 1", "23 22")), false);
  assert.equal(await mountsFollow({ files }, contained), true, "where it can't be told nothing is said");
}
