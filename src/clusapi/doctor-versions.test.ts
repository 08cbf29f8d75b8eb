/** What the doctor says of versions in a quorum that is no folder, as each way in which one can't be read leaves it. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { example, memoryFiles } from "../../test/crash-points/example-cluster.ts";
import { makeQuorum, open } from "../../test/crash-points/example-quorum.ts";
import { fail } from "../base/errors.ts";
import type { CheckpointVersions } from "../quorum/quorum.ts";
import { lookAtStoredVersions } from "./doctor-versions.ts";

test("each current version is whole, or lost, damaged or not checked for what reading it says", async () => {
  const { files } = memoryFiles();
  await files.makeFolder("/shared");
  await makeQuorum(files, example("one"), 9);
  const quorum = await open(files);
  const states = async (read: CheckpointVersions["read"]): Promise<readonly string[]> => {
    const load = (): ReturnType<typeof quorum.load> => quorum.load();
    const facts = await lookAtStoredVersions({ load, versions: { ...quorum.versions, read } });
    assert.ok(facts.length > 0);
    return [...new Set(facts.map(({ state, why }) => [state, why].filter(Boolean).join(": ")))];
  };
  assert.deepEqual(await states((version) => quorum.versions.read(version)), ["whole"]);
  assert.deepEqual(await states(() => Promise.resolve(new Uint8Array([1]))), ["damaged"]);
  for (const [name, state] of [
    ["FILE_NOT_FOUND", "lost"],
    ["CLUSTERLOG_CORRUPT", "damaged"],
    ["NTE_BAD_DATA", "damaged"],
    ["NTE_BAD_KEY", "not checked: It was so."],
  ] as const)
    assert.deepEqual(await states(() => Promise.reject(fail(name, { happened: "It was so." }))), [state]);
});
