/** A service that can't start ends, and lets go of its node. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { openOutside } from "../base/outside-node.ts";
import { whoHolds } from "../clusapi/ask-node.ts";
import { runService } from "./service.ts";

const cli = join(import.meta.dirname, "../cli/main.ts");

test("a service whose page finds its port taken ends and holds nothing", { timeout: 60_000 }, async () => {
  const folder = mkdtempSync(join(tmpdir(), "clubar-start-"));
  const data = join(folder, "n1");
  const taken = createServer().listen(0, "127.0.0.1");
  await once(taken, "listening");
  try {
    const created = spawnSync(
      process.execPath,
      [cli, "--data", data, "cluster", "create", "C", "--quorum", join(folder, "q"), "--node", "N1"],
      { encoding: "utf8" },
    );
    assert.equal(created.status, 0, created.stderr);
    const { port } = taken.address() as AddressInfo;
    await assert.rejects(runService({ data, page: { port, token: "t" } }), { code: "EADDRINUSE" });
    assert.equal((await whoHolds(openOutside(), data)).state, "stopped");
  } finally {
    taken.close();
    rmSync(folder, { recursive: true });
  }
});
