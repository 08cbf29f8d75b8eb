import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { openOutside } from "../base/outside-node.ts";
import { readNodeRecord } from "../clusapi/node-record.ts";
import { newAuthority } from "./new-authority.ts";
import { createNode } from "./set-up.ts";

test("a node that is left alone begins anew with another authority; one that runs does not", async () => {
  const folder = mkdtempSync(join(tmpdir(), "clubar-authority-"));
  try {
    const outside = openOutside();
    const data = join(folder, "n1");
    await assert.rejects(newAuthority(outside, data, undefined), { name: "CLUSTER_NOT_INSTALLED" });
    await createNode({
      outside,
      data,
      cluster: "C",
      node: "N1",
      quorum: join(folder, "q"),
      listen: ["127.0.0.1:7400"],
    });
    const trust = join(data, "trust.json");
    const old = readFileSync(trust, "utf8");
    const lock = await outside.files.open(join(data, "host.lock"), "append");
    assert.ok(await lock.lock());
    await assert.rejects(newAuthority(outside, data, undefined), { name: "CLUSTER_NODE_UP" });
    await lock.close();
    assert.equal(readFileSync(trust, "utf8"), old);
    assert.deepEqual((await newAuthority(outside, data, undefined)).listen, ["127.0.0.1:7400"]);
    assert.equal(readFileSync(`${trust}.before`, "utf8"), old);
    const made = await newAuthority(outside, data, ["127.0.0.1:7500"]);
    assert.match(made.authority, /^[0-9a-f]{64}$/);
    assert.deepEqual((await readNodeRecord(outside.files, data))?.listen, ["127.0.0.1:7500"]);
    assert.notEqual(readFileSync(trust, "utf8"), old);
    for (const path of [trust, `${trust}.before`]) assert.equal(statSync(path).mode & 0o777, 0o600);
    await assert.rejects(newAuthority(outside, data, ["0.0.0.0:1"]), { name: "INVALID_PARAMETER" });
  } finally {
    rmSync(folder, { recursive: true });
  }
});
