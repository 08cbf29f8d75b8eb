import assert from "node:assert/strict";
import { test } from "node:test";
import { memoryFiles } from "../../../test/crash-points/example-cluster.ts";
import { failure } from "../../../test/conformance/quorum-scene.ts";
import { openOutside } from "../../base/outside-node.ts";
import { type KeptKeys, type KeyRing, keptKeys } from "./cluster-keys.ts";

const { random } = openOutside();

test("the first key is kept for its owner only, and handed over to who asks", async () => {
  const { files } = memoryFiles();
  const first = keptKeys(files, random, "/n1");
  await first.begin();
  assert.equal((await first.ring()).length, 1);
  assert.equal((await files.stat("/n1/cluster-keys.json"))?.mode, 0o600);
  let asked = 0;
  const answer = async (own: KeyRing): Promise<KeyRing> => {
    asked += 1;
    await first.merge(own, false);
    return first.ring();
  };
  const second = keptKeys(files, random, "/n2", answer);
  const key = await first.newest();
  assert.deepEqual(await second.newest(), key);
  assert.deepEqual(await second.find(key.id), key);
  assert.equal(asked, 1);
  assert.equal(await second.find("0000000000000000"), undefined);
});

test("who has no key and can ask nobody stores nothing", async () => {
  const alone: KeptKeys = keptKeys(memoryFiles().files, random, "/n1");
  await assert.rejects(alone.newest(), failure("NTE_BAD_KEY"));
});

test("two nodes that each made a key end with both; the newest seals, and the older ones still open", async () => {
  const { files } = memoryFiles();
  const [one, two] = ["/n1", "/n2"].map((data) => keptKeys(files, random, data));
  assert.ok(one && two);
  await one.begin();
  await two.begin();
  const [mine, theirs] = [await one.newest(), await two.newest()];
  await one.merge(await two.ring(), true);
  assert.deepEqual([await one.newest(), await one.find(mine.id)], [theirs, mine]);
  await two.merge(await one.ring(), false);
  assert.deepEqual([await two.newest(), await two.find(mine.id)], [theirs, mine]);
});

test("a damaged file, or an answer that holds no keys, is refused without saying what it held", async () => {
  const { files } = memoryFiles();
  const kept = keptKeys(files, random, "/n1", async () => [{ id: "x", secret: "hunter2" }]);
  await assert.rejects(kept.find("0011223344556677"), (error: Error) => {
    return failure("INVALID_DATA")(error) && !error.message.includes("hunter2");
  });
  await kept.begin();
  const handle = await files.open("/n1/cluster-keys.json", "update");
  await handle.write(new TextEncoder().encode("#"), 0);
  await handle.close();
  await assert.rejects(kept.newest(), failure("INVALID_DATA"));
});
