import assert from "node:assert/strict";
import { mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { openOutside } from "../base/outside-node.ts";
import { createNode } from "../daemon/set-up.ts";
import { type NodeRecord, readNodeRecord, writeNodeRecord } from "./node-record.ts";

const outside = openOutside();
const { files } = outside;
let folder: string;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), "clubar-node-record-"));
});
after(() => rm(folder, { recursive: true, force: true }));

const record: NodeRecord = {
  version: 1,
  node: "1",
  name: "N1",
  cluster: "C",
  instance: "00000000-0000-4000-8000-000000000001",
  quorum: "/q",
  insist: false,
  timingFactor: 1,
};

test("what was written is read; a folder without is no node", async () => {
  await writeNodeRecord(files, folder, record);
  assert.deepEqual(await readNodeRecord(files, folder), record);
  assert.equal(await readNodeRecord(files, join(folder, "none")), undefined);
});

test("a damaged record is never taken for a node", async () => {
  const write = (text: string): Promise<void> => writeFile(join(folder, "node.json"), text);
  for (const text of ["", "{", "null", "5", '"x"', "[]", "{}", '{"version":1}']) {
    await write(text);
    await assert.rejects(readNodeRecord(files, folder), { name: "INVALID_DATA" }, text);
  }
  const wrong: Record<string, unknown> = {
    node: 1,
    name: "",
    instance: null,
    quorum: "q",
    timingFactor: -1,
    insist: 1,
  };
  for (const [key, value] of Object.entries(wrong)) {
    await write(JSON.stringify({ ...record, [key]: value }));
    await assert.rejects(readNodeRecord(files, folder), { name: "INVALID_DATA" }, key);
  }
  await write(JSON.stringify({ ...record, version: 2 }));
  await assert.rejects(readNodeRecord(files, folder), { name: "VERSION_NOT_SUPPORTED" });
});

test("a cluster is not created when its first node's data folder can't be written", async () => {
  const quorum = join(folder, "quorum");
  await writeFile(join(folder, "file"), "");
  for (const data of [join(folder, "file"), join(folder, "file", "below"), quorum]) {
    await mkdir(quorum, { recursive: true });
    await assert.rejects(createNode({ outside, data, quorum, node: "N1", cluster: "C" }), data);
    assert.deepEqual(await readdir(quorum), [], data);
  }
});
