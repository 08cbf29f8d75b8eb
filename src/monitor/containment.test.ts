import assert from "node:assert/strict";
import { test } from "node:test";
import { memoryFiles } from "../../test/crash-points/example-cluster.ts";
import { isRootShared } from "./containment.ts";

test("what stands on / last says whether unmounts reach the namespaces of applications", async () => {
  const { files } = memoryFiles();
  await files.makeFolder("/proc");
  await files.makeFolder("/proc/self");
  const shown = async (...lines: readonly string[]): Promise<boolean> => {
    const file = await files.open("/proc/self/mountinfo", "create");
    await file.write(new TextEncoder().encode(`${lines.join("\n")}\n`), 0);
    await file.close();
    const isShared = await isRootShared({ files });
    await files.unlink("/proc/self/mountinfo");
    return isShared;
  };
  const shared = "22 1 254:0 / / rw,relatime shared:1 - ext4 /dev/root rw";
  const hidden = "22 1 254:0 / / rw,relatime - ext4 /dev/root rw";
  const beside = "30 22 0:25 / /run rw shared:7 - tmpfs tmpfs rw";
  assert.equal(await shown(shared, beside), true);
  assert.equal(await shown(hidden, beside), false);
  assert.equal(await shown(shared, hidden.replace("22 1", "23 22")), false);
  assert.equal(await isRootShared({ files }), true, "where it can't be told nothing is said");
});
