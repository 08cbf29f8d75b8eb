import assert from "node:assert/strict";
import { test } from "node:test";
import { mountAbove, mountAt, mountsOf } from "./mount-table.ts";

const mounts = mountsOf(
  [
    "22 1 8:2 / / rw,relatime shared:1 - ext4 /dev/sda2 rw",
    "30 22 0:25 / /run rw,nosuid - tmpfs tmpfs rw",
    "31 22 8:17 / /srv/with\\040space rw - xfs /dev/sdb1 rw",
    "32 31 253:0 /sub /srv/with\\040space/lvm rw - ext4 /dev/dm-0 rw",
    "33 22 7:0 / /run rw - ext4 /dev/loop0 rw",
    "",
  ].join("\n"),
);

test("the mount with the longest point above the path counts", () => {
  assert.equal(mountAbove(mounts, "/srv/with space/quorum")?.device, "8:17");
  assert.equal(mountAbove(mounts, "/srv/with space/lvm")?.device, "253:0");
  assert.equal(mountAbove(mounts, "/srv/with space-not")?.device, "8:2");
  assert.equal(mountAbove(mountsOf("rubbish\n"), "/x"), undefined);
});

test("of two mounts at one point the later one counts", () => {
  assert.equal(mountAt(mounts, "/run")?.source, "/dev/loop0");
  assert.equal(mountAbove(mounts, "/run/x")?.source, "/dev/loop0");
  assert.equal(mountAt(mounts, "/ru"), undefined);
});
