import assert from "node:assert/strict";
import { test } from "node:test";
import { memoryFiles } from "../../../test/crash-points/example-cluster.ts";
import { createClusterWriter, frozenFolder } from "./cluster-writer.ts";

const data = "/n1";
const never = { components: [] } as never;

test("a session that never had the shadow copy set leaves the frozen files of the one that has", async () => {
  const { files } = memoryFiles();
  const first = createClusterWriter({ files, data });
  const second = createClusterWriter({ files, data });
  await first.onPrepareSnapshot?.(never);
  await second.onAbort?.();
  assert.equal((await files.stat(frozenFolder(data)))?.kind, "folder");
  await first.onAbort?.();
  assert.equal(await files.stat(frozenFolder(data)), undefined);
});
