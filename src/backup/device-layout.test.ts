import assert from "node:assert/strict";
import { test } from "node:test";
import { OutsideError, type Files } from "../base/outside.ts";
import { deviceLayout } from "./device-layout.ts";

const mountinfo = [
  "22 1 8:2 / / rw,relatime shared:1 - ext4 /dev/sda2 rw",
  "30 22 0:25 / /run rw,nosuid - tmpfs tmpfs rw",
  "31 22 8:17 / /srv/with\\040space rw - xfs /dev/sdb1 rw",
  "32 31 253:0 /sub /srv/with\\040space/lvm rw - ext4 /dev/dm-0 rw",
  "",
].join("\n");

/** Only what the layout looks at. */
function filesWith(tree: Readonly<Record<string, string>>): Files {
  const isFolder = (path: string): boolean => Object.keys(tree).some((file) => file.startsWith(`${path}/`));
  return {
    read: async (path: string) => {
      if (tree[path] === undefined) throw new OutsideError("ENOENT", path);
      return new TextEncoder().encode(tree[path]);
    },
    list: async (path: string) => {
      if (!isFolder(path)) throw new OutsideError("ENOENT", path);
      const below = Object.keys(tree).filter((file) => file.startsWith(`${path}/`));
      return [...new Set(below.map((file) => file.slice(path.length + 1).split("/")[0] ?? ""))].sort();
    },
    stat: async (path: string) => {
      const kind = tree[path] === undefined ? (isFolder(path) ? "folder" : undefined) : "file";
      return kind === undefined ? undefined : { kind, size: 0, mode: 0, modified: 0, inode: 0n };
    },
  } as unknown as Files;
}

const disk = {
  "/proc/self/mountinfo": mountinfo,
  "/sys/dev/block/8:17/partition": "1\n",
  "/sys/dev/block/8:17/start": "2048\n",
  "/sys/dev/block/8:17/../size": "4194304\n",
  "/sys/dev/block/8:17/../queue/depth": "1\n",
  "/sys/dev/block/8:17/../sdb2/partition": "2\n",
  "/sys/dev/block/8:17/../sdb2/start": "1048576\n",
  "/sys/dev/block/8:17/../sdb1/partition": "1\n",
  "/sys/dev/block/8:17/../sdb1/start": "2048\n",
  "/sys/dev/block/253:0/size": "100\n",
};

test("offsets of a disk's partitions in bytes; a device without partitions has none", async () => {
  assert.deepEqual(await deviceLayout(filesWith(disk), "/srv/with space/q"), {
    checked: true,
    device: "8:17",
    partitions: [1048576, 536870912],
  });
  assert.deepEqual(await deviceLayout(filesWith(disk), "/srv/with space/lvm/q"), {
    checked: true,
    device: "253:0",
    partitions: [],
  });
});

test("what can't be looked at is not checked, with the reason", async () => {
  const tmpfs = await deviceLayout(filesWith(disk), "/run/quorum");
  assert.deepEqual(tmpfs, { checked: false, why: "/run/quorum is on tmpfs, not on a block device" });
  const hidden = await deviceLayout(filesWith(disk), "/quorum");
  assert.ok(!hidden.checked && hidden.why.includes("could not be looked at"));
  const nothing = await deviceLayout(filesWith({}), "/quorum");
  assert.ok(!nothing.checked);
});
