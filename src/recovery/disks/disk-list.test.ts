/** Disks of a machine as images, mounts simulated: whose they are, and which could take another one's place. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { openOutside } from "../../base/outside-node.ts";
import { initialDatabase } from "../../database/initial-database.ts";
import { fileSystemAt } from "../../disks/file-system.ts";
import { openImageDisks } from "../../disks/image-disks.ts";
import { createImage } from "../../disks/new-image.ts";
import { applyEdits } from "../../tree/edit.ts";
import { dword, multiSz, sz, type Value } from "../../tree/value.ts";
import { diskResource, notMounted } from "./disk-resource.ts";
import { listDisks } from "./disk-list.ts";
import { readState } from "../../database/state.ts";

const outside = openOutside();
const { files } = outside;
const folder = mkdtempSync(join(tmpdir(), "clubar-disk-list-"));
after(() => rmSync(folder, { recursive: true, force: true }));
const start = 1048576;
const disks = openImageDisks(outside, folder, "simulated");

async function image(name: string, signature: number, magic: string): Promise<void> {
  const path = join(folder, name);
  const partitions = [{ offset: start, size: start }];
  await createImage(files, path, { id: { signature }, size: 3 * start, sector: 512, partitions });
  const handle = await files.open(path, "update");
  await handle.write(new TextEncoder().encode(magic), start);
  await handle.close();
}

const guid = (n: number): string => `00000000-0000-4000-8000-${String(n).padStart(12, "0")}`;

function tree(): ReturnType<typeof initialDatabase> {
  let next = 900;
  const made = { clusterName: "c", instance: guid(1), nodeId: "1", nodeName: "n1", time: 1n };
  const bare = initialDatabase({ ...made, newGuid: () => guid((next += 1)) });
  const at = (path: string, ...values: Value[]): { kind: "set-value"; path: string; value: Value }[] =>
    values.map((value) => ({ kind: "set-value", path, value }));
  const disk = (id: string, name: string, signature: number, point: string): ReturnType<typeof at> => [
    ...at(`Resources\\${id}`, sz("Name", name), sz("Type", "Physical Disk")),
    ...at(`Resources\\${id}\\Parameters`, dword("DiskSignature", signature), sz("MountPoint", point)),
    ...at(`Runtime\\Resources\\${id}`, dword("State", 3)),
  ];
  return applyEdits(
    bare,
    [
      ...disk(guid(10), "old", 1, "/srv/old"),
      ...disk(guid(11), "spare", 3, join(folder, "point")),
      ...at(`Resources\\${guid(12)}`, sz("Name", "app"), multiSz("DependsOn", [guid(10)])),
      ...at(`Groups\\${guid(20)}`, sz("Name", "g"), multiSz("Contains", [guid(10), guid(11)])),
      ...at(`Runtime\\Groups\\${guid(20)}`, sz("Owner", "1")),
    ],
    2n,
  );
}

test("each disk says whose it is, and whether it could take another one's place", async () => {
  for (const [name, signature, magic] of [
    ["a.img", 1, "XFSB"],
    ["b.img", 2, "XFSB"],
    ["c.img", 3, "XFSB"],
    ["d.img", 4, "nothing"],
    ["e.img", 5, "XFSB"],
    ["f.img", 5, "XFSB"],
  ] as const)
    await image(name, signature, magic);
  const found = await listDisks({ files, disks }, tree(), "/var/quorum");
  const seen = found.map(({ name, resource, isCandidate, why }) => [name, resource?.name ?? null, isCandidate, why]);
  assert.deepEqual(seen, [
    ["a.img", "old", false, '"old" uses it, and is needed by "app"'],
    ["b.img", null, true, "free: make a resource for it"],
    ["c.img", "spare", true, "its resource is offline, and nothing depends on it"],
    ["d.img", null, false, "no partition has a file system that is known here"],
    ["e.img", null, false, "another disk carries the same id"],
    ["f.img", null, false, "another disk carries the same id"],
  ]);
  assert.deepEqual([found[0]?.id, found[0]?.resource?.owner], ["signature 0x00000001", "n1"]);
  assert.deepEqual(found[0]?.partitions, [{ number: 1, offset: start, size: start, fileSystem: "xfs", inUse: null }]);
});

test("a new quorum disk must be mounted at the mount point of its resource", async () => {
  const spare = diskResource(tree(), readState(tree()).resources.get(guid(11)) ?? assert.fail());
  assert.match((await notMounted(disks, spare)) ?? "", /c\.img is not mounted at/);
  const [, , disk] = await disks.list();
  const [partition] = disk?.partitions ?? [];
  assert.ok(disk !== undefined && partition !== undefined);
  await files.makeFolder(join(folder, "point"));
  const source = await disks.sourceOf(disk, partition);
  await disks.mount(source, join(folder, "point"), async () => undefined, new AbortController().signal);
  assert.equal(await notMounted(disks, spare), undefined);
  const [, , now] = await listDisks({ files, disks }, tree(), "/var/quorum");
  assert.match(now?.why ?? "", /partition 1 is not free: it is mounted at/);
});

test("file systems are known by their magic numbers", async () => {
  const on = (at: number, bytes: readonly number[]): Promise<string | undefined> => {
    const disk = new Uint8Array(70_000);
    disk.set(bytes, at);
    return fileSystemAt(async (from, length) => disk.subarray(from, from + length), 0);
  };
  assert.deepEqual([await on(1080, [0x53, 0xef]), await on(82, [...Buffer.from("FAT32   ")])], ["ext", "vfat"]);
  assert.equal(await on(0, []), undefined);
});
