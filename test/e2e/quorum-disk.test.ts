/**
 * The quorum disk is replaced by the command line on real nodes with loop devices: the quorum moves, the applications come back, a node
 * that was off follows by itself, and one that is killed in the middle leaves the cluster in one place. As root only; else skipped.
 */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, renameSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import type { NodeDisks, RestorePlanView } from "../../src/api/node-service.ts";
import type { DiskPlanView } from "../../src/api/routes/recovery.ts";
import { openOutside } from "../../src/base/outside-node.ts";
import { imageMounts } from "../../src/disks/image-disks.ts";
import { createImage } from "../../src/disks/new-image.ts";
import { TestCluster } from "./cluster.ts";
import { waitFor } from "./wait-for.ts";

const outside = openOutside();
const skip = (await imageMounts(outside)) === "loop" ? false : "only root has loop devices";

class DiskCluster extends TestCluster {
  override get quorum(): string {
    return join(this.folder, "old", "clubar", "quorum");
  }
}

const cluster = new DiskCluster("quorum-disk");
const images = join(cluster.folder, "disks");
const points = ["old", "new"].map((name) => join(cluster.folder, name));
const [oldPoint = "", newPoint = ""] = points;
const moved = join(newPoint, "clubar", "quorum");
const start = 1048576;

before(async () => {
  if (skip !== false) return;
  mkdirSync(images, { recursive: true });
  process.env["CLUBAR_DISK_IMAGES"] = images;
  await newDisk("a.img", 0x0a0a0a0a, oldPoint);
  await cluster.form(["N1", "N2", "N3"]);
});

after(async () => {
  await cluster.own.end();
  for (const point of points) if (isMounted(point)) execFileSync("umount", [point]);
  await cluster.end();
});

async function newDisk(name: string, signature: number, point: string): Promise<void> {
  const [path, length] = [join(images, name), 128 * start];
  const partitions = [{ offset: start, size: 120 * start }];
  await createImage(outside.files, `${path}.new`, { id: { signature }, size: length, sector: 512, partitions });
  execFileSync("mkfs.ext4", ["-q", "-E", `offset=${start}`, `${path}.new`, "120M"]);
  renameSync(`${path}.new`, path);
  mkdirSync(point, { recursive: true });
  execFileSync("mount", ["-o", `loop,offset=${start},sizelimit=${120 * start}`, path, point]);
}

function isMounted(point: string): boolean {
  return readFileSync("/proc/self/mountinfo", "utf8").includes(` ${point} `);
}

async function online(name: string): Promise<true> {
  const probe = async (): Promise<boolean> =>
    (await cluster.status())?.resources.find((one) => one.name === name)?.state === "online";
  return waitFor(
    `${name} is online`,
    async () => (await probe()) && (true as const),
    90_000,
    () => cluster.describe(),
  );
}

test("the quorum's disk is replaced, whoever is killed meanwhile", { skip }, async (context) => {
  const [n1, n2, n3] = cluster.nodes;
  assert.ok(n1 !== undefined && n2 !== undefined && n3 !== undefined);
  const disk = ["--group", "Cluster Group", "--type", "Physical Disk"];
  await cluster.run(n1, "resource", "create", "Q1", ...disk, `DiskSignature=${0x0a0a0a0a}`, `MountPoint=${oldPoint}`);
  await cluster.run(n1, "resource", "create", "Q2", ...disk, `DiskSignature=${0x0b0b0b0b}`, `MountPoint=${newPoint}`);
  await cluster.run(n1, "group", "create", "Web");
  const line = "CommandLine=sleep 600";
  await cluster.run(n1, "resource", "create", "App", "--group", "Web", "--type", "Generic Application", line);
  await cluster.run(n1, "group", "online", "Web", "--wait");
  const command = ["--json", "recover", "disk", "Q1", "--with", "Q2"];
  const blockers = async (): Promise<RestorePlanView["blockers"]> =>
    (JSON.parse((await cluster.command(n1, [...command, "--plan"])).stdout) as DiskPlanView).move?.blockers ?? [];

  await context.test("refused while the new disk is not where it must be, or holds something", async () => {
    assert.deepEqual(
      (await blockers()).map(({ name }) => name),
      ["CLUSTER_DISK_NOT_CONNECTED"],
    );
    await newDisk("b.img", 0x0b0b0b0b, newPoint);
    mkdirSync(moved, { recursive: true });
    execFileSync("cp", ["-r", `${cluster.quorum}/.`, moved]);
    assert.match((await blockers())[0]?.sentence ?? "", /can't take the quorum: The quorum .* is readable/);
    execFileSync("rm", ["-r", join(newPoint, "clubar")]);
    assert.deepEqual(await blockers(), []);
    assert.equal((await cluster.command(n1, command)).code, 3);
  });

  await context.test("killed in the middle, it is in one place, and whole", async () => {
    await cluster.run(n3, "node", "stop");
    await waitFor("N3 is off", () => !n3.isRunning(), 60_000);
    const moving = cluster.command(n1, [...command, "--yes"]);
    await waitFor("the old place is sealed", () => !existsSync(join(cluster.quorum, "current")), 60_000);
    n1.signal("SIGKILL");
    await moving;
    n1.start();
    await cluster.follows(n1);
    await cluster.follows(n2);
    await online("App");
  });

  await context.test("moved: the old place is left, and a node that was off finds the way", async () => {
    if (existsSync(join(cluster.quorum, "current"))) await moveAgain(n1, command);
    assert.ok(existsSync(join(moved, "current")) && !existsSync(join(cluster.quorum, "current")));
    n3.start();
    await cluster.whole();
    await online("App");
    for (const node of cluster.nodes)
      assert.equal(
        (JSON.parse(readFileSync(join(node.data, "node.json"), "utf8")) as { quorum: string }).quorum,
        moved,
      );
    const names = (await cluster.status())?.resources.map(({ name }) => name).sort();
    assert.deepEqual(names, ["App", "Q1 (lost)", "Q2"]);
    assert.equal((JSON.parse(await cluster.run(n2, ...command)) as { result: string }).result, "already");
    await cluster.run(n2, "resource", "online", "Q2", "--wait");
    assert.ok(isMounted(newPoint));
    const disks = JSON.parse(await cluster.run(n2, "--json", "disk", "list")) as NodeDisks[];
    for (const { disks: seen } of disks)
      assert.deepEqual(
        seen.map(({ name, holdsQuorum }) => [name, holdsQuorum]),
        [
          ["a.img", false],
          ["b.img", true],
        ],
      );
    execFileSync("umount", [oldPoint]);
    assert.match(await cluster.run(n2, "doctor"), /No restore is needed/);
  });
});

/** The life that was killed in the middle is first known to be over. */
async function moveAgain(node: (typeof cluster.nodes)[number], command: readonly string[]): Promise<void> {
  const isPlanned = async (): Promise<boolean> => (await cluster.command(node, [...command, "--plan"])).code === 0;
  await waitFor("nothing uses the old disk", isPlanned, 60_000);
  await cluster.run(node, ...command, "--yes");
}
