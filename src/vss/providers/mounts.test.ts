import assert from "node:assert/strict";
import { test } from "node:test";
import type { Files } from "../../base/outside.ts";
import { mountOf } from "./mounts.ts";

const list = String.raw`
22 1 254:0 / / rw,relatime - ext4 /dev/vda rw
30 22 0:25 / /proc rw,nosuid shared:5 master:1 - proc proc rw
40 22 254:1 / /data rw - xfs /dev/mapper/vg-old rw
41 22 254:2 /some\040folder /data rw - ext4 /dev/mapper/vg-data rw
42 41 254:3 / /data/a\134b rw - btrfs /dev/sdb rw
nonsense
`;

function filesWith(text: string): Files {
  return { read: async () => new TextEncoder().encode(text) } as unknown as Files;
}

test("a path is on the longest, newest mount; names are unescaped", async () => {
  const at = async (path: string): Promise<readonly (string | undefined)[]> => {
    const mount = await mountOf(filesWith(list), path);
    return [mount?.at, mount?.device, mount?.type, mount?.root];
  };
  assert.deepEqual(await at("/data/x"), ["/data", "/dev/mapper/vg-data", "ext4", "/some folder"]);
  assert.deepEqual(await at("/database"), ["/", "/dev/vda", "ext4", "/"]);
  assert.deepEqual(await at("/data/a\\b/c"), ["/data/a\\b", "/dev/sdb", "btrfs", "/"]);
});

test("without a list of mounts nothing is known", async () => {
  const none = { read: () => Promise.reject(new Error("no")) } as unknown as Files;
  assert.equal(await mountOf(none, "/"), undefined);
});
