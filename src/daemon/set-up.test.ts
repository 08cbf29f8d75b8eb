import assert from "node:assert/strict";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { failingAt } from "../../test/faults/failing-files.ts";
import { openOutside } from "../base/outside-node.ts";
import { createNode } from "./set-up.ts";

test("a disk that is full, wherever that is noticed, leaves nothing that was not there; then it can be created", async () => {
  const folder = mkdtempSync(join(tmpdir(), "clubar-full-"));
  const outside = openOutside();
  const [data, quorum] = [join(folder, "nodes/n1"), join(folder, "there/q")];
  const asked = { cluster: "C", node: "N1", data, quorum };
  mkdirSync(join(folder, "there"));
  let at = 0;
  for (; ; at++) {
    const { files, hasFailed } = failingAt(outside.files, {
      among: ["makeFolder", "rename", "link"],
      at,
      code: "ENOSPC",
    });
    const outcome = await createNode({ ...asked, outside: { ...outside, files } }).catch((error: Error) => error);
    if (!hasFailed()) {
      assert.ok(!(outcome instanceof Error), outcome instanceof Error ? outcome.message : "");
      break;
    }
    assert.ok(outcome instanceof Error);
    if (existsSync(join(quorum, "current"))) {
      assert.match(outcome.message, /holds a new cluster without any node: remove that folder/);
      rmSync(quorum, { recursive: true });
      rmSync(join(folder, "nodes"), { recursive: true, force: true });
      continue;
    }
    assert.deepEqual(readdirSync(folder, { recursive: true }), ["there"], `call ${at}`);
  }
  assert.ok(at > 5);
  rmSync(folder, { recursive: true });
});
