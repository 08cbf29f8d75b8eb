/**
 * A Physical Disk on real nodes, with loop devices: it moves, survives the death of its host on its node only, is lost (event 1034), and is
 * replaced by another disk at the same mount point. Needs root; elsewhere it is skipped, saying so.
 */
import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, renameSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import type { ResourceView } from "../../src/api/views.ts";
import { openOutside } from "../../src/base/outside-node.ts";
import type { NodeProcess } from "../../src/daemon/demo/node-process.ts";
import { kill } from "../../src/daemon/demo/own-processes.ts";
import { imageMounts } from "../../src/disks/image-disks.ts";
import { createImage } from "../../src/disks/new-image.ts";
import { TestCluster } from "./cluster.ts";
import { waitFor } from "./wait-for.ts";

const outside = openOutside();
const skip = (await imageMounts(outside)) === "loop" ? false : "only root has loop devices";
const cluster = new TestCluster("disk");
const images = join(cluster.folder, "disks");
const point = join(cluster.folder, "mnt");
const start = 1048576;
const limit = 90_000;

before(async () => {
  if (skip !== false) return;
  mkdirSync(images, { recursive: true });
  process.env["CLUBAR_DISK_IMAGES"] = images;
  await newDisk("a.img", 0xa1b2c3d4);
  await cluster.form(["N1", "N2"]);
});

after(async () => {
  await cluster.own.end();
  for (let mount = mounted(); mount !== undefined; mount = mounted()) execFileSync("umount", [point]);
  await cluster.end();
});

async function newDisk(name: string, signature: number): Promise<void> {
  const [path, size] = [join(images, `${name}.new`), 16 * start];
  const partitions = [{ offset: start, size: 12 * start }];
  await createImage(outside.files, path, { id: { signature }, size, sector: 512, partitions });
  execFileSync("mkfs.ext4", ["-q", "-E", `offset=${start}`, path, "12M"]);
  renameSync(path, join(images, name));
}

/** The image that is mounted at the point. */
function mounted(): string | undefined {
  const line = readFileSync("/proc/self/mountinfo", "utf8")
    .split("\n")
    .findLast((one) => one.split(" ")[4] === point);
  const device = line?.split(" - ")[1]?.split(" ")[1]?.replace("/dev/", "");
  return device && readFileSync(`/sys/block/${device}/loop/backing_file`, "utf8").trim();
}

async function resource(name: string): Promise<ResourceView | undefined> {
  return (await cluster.status())?.resources.find((one) => one.name === name);
}

function reaches(name: string, state: string, reason = /^/): Promise<true> {
  const probe = async (): Promise<boolean> => {
    const found = await resource(name);
    return found?.state === state && reason.test(found.reason ?? "");
  };
  return waitFor(
    `${name} is ${state} ${reason.source}`,
    async () => (await probe()) && (true as const),
    limit,
    () => cluster.describe(),
  );
}

/** `group move` answers before the group has left: until then everything is still online where it was. */
function arrives(node: NodeProcess): Promise<true> {
  const probe = async (): Promise<boolean> => {
    const data = (await cluster.status())?.groups.find((one) => one.name === "Data");
    return data?.state === "online" && data.owner === node.name;
  };
  return waitFor(
    `Data is online on ${node.name}`,
    async () => (await probe()) && (true as const),
    limit,
    () => cluster.describe(),
  );
}

test("a disk moves, outlives its host, is lost and is replaced at the same mount point", { skip }, () =>
  cluster.shown(async () => {
    const [n1, n2] = cluster.nodes;
    assert.ok(n1 !== undefined && n2 !== undefined);
    await cluster.run(n1, "group", "create", "Data");
    const disk = ["--group", "Data", "--type", "Physical Disk"];
    await cluster.run(n1, "resource", "create", "D1", ...disk, `DiskSignature=${0xa1b2c3d4}`, `MountPoint=${point}`);
    const often = ["LooksAlivePollInterval=300", "IsAlivePollInterval=600", "RestartAction=1", "RestartThreshold=1"];
    await cluster.run(n1, "resource", "set", "D1", ...often);
    const line = `CommandLine=sh -c 'while :; do date >>${point}/log; sleep .1; done'`;
    await cluster.run(n1, "resource", "create", "App", "--group", "Data", "--type", "Generic Application", line);
    await cluster.run(n1, "resource", "depend", "App", "on", "D1");
    await cluster.run(n1, "group", "online", "Data");
    await reaches("App", "online");
    assert.equal(mounted(), join(images, "a.img"));

    const first = await cluster.owner("Data");
    const [second = n2] = cluster.others(first);
    await cluster.run(n1, "group", "move", "Data", second.name);
    await arrives(second);
    assert.ok(existsSync(join(point, "log")));

    // Somebody else keeps the disk busy: it is not given back, and the group goes nowhere.
    const holder = spawn("sleep", ["600"], { cwd: point });
    await cluster.run(n1, "group", "move", "Data", first.name);
    await reaches("D1", "offlinePending", /can't be released: .*busy/);
    assert.equal((await cluster.ownerOf("Data")).name, second.name);
    holder.kill("SIGKILL");
    await reaches("App", "online");
    assert.equal((await cluster.owner("Data")).name, first.name);
    await cluster.run(n1, "group", "move", "Data", second.name);
    await arrives(second);

    // Killed, its host proves nothing: nobody else may have the disk, and the node's next host unmounts it first.
    kill(cluster.host(second), "SIGKILL");
    await waitFor("the disk was given back", () => mounted() === undefined, limit);
    await cluster.whole();
    // "Online" may still be said of the life that ended.
    await waitFor(
      "the disk is there again",
      () => mounted() === join(images, "a.img"),
      limit,
      () => cluster.describe(),
    );
    await reaches("App", "online");
    assert.equal((await cluster.owner("Data")).name, second.name);

    renameSync(join(images, "a.img"), join(cluster.folder, "taken-away.img"));
    await reaches("D1", "failed", /Event 1034.*Expected: signature 0xA1B2C3D4; seen: no disk at all/);
    await reaches("App", "offline");
    assert.equal(mounted(), undefined);

    await newDisk("b.img", 0x0b0b0b0b);
    await cluster.run(n1, "resource", "create", "D2", ...disk, `DiskSignature=${0x0b0b0b0b}`, "MountPoint=/srv/none");
    const command = ["--json", "recover", "disk", "D1", "--with", "D2"];
    assert.equal((await cluster.command(n1, command)).code, 3);
    const done = JSON.parse(await cluster.run(n1, ...command, "--yes")) as { result: string; mountPoint: string };
    assert.deepEqual([done.result, done.mountPoint], ["replace", point]);
    await reaches("App", "online");
    await reaches("D1 (lost)", "offline");
    assert.equal(mounted(), join(images, "b.img"));
    const again = JSON.parse(await cluster.run(n1, ...command, "--yes")) as { result: string };
    assert.equal(again.result, "already");

    await cluster.run(n1, "group", "offline", "Data");
    await reaches("D2", "offline");
    assert.equal(mounted(), undefined);
  }),
);
