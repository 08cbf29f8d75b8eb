import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { openOutside } from "../base/outside-node.ts";
import { silentLog } from "../base/log.ts";
import { createMemoryStore, openMemoryQuorum } from "../quorum/memory/quorum.ts";
import type { HostConfig } from "./host-config.ts";
import { runHost } from "./host-process.ts";

test("a host whose guard has gone ends this life: nobody would kill it when it freezes", async () => {
  const data = mkdtempSync(join(tmpdir(), "clubar-host-"));
  const outside = openOutside();
  const quorum = openMemoryQuorum(createMemoryStore(), outside);
  const config: HostConfig = {
    data,
    node: "1",
    incarnation: "00000000-0000-4000-8000-000000000001",
    instance: "i",
    quorum: "q",
    insist: false,
    timingFactor: 1,
    service: { pid: 2 ** 22, started: "1" },
  };
  const nothing = (): void => undefined;
  const guard = { deadline: nothing, starts: nothing, gone: nothing, rest: nothing, ended: Promise.resolve() };
  try {
    const why = await runHost({
      outside,
      quorum,
      config,
      log: silentLog,
      guard,
      findType: () => undefined,
      environment: {},
    });
    assert.match(why, /guard/);
  } finally {
    rmSync(data, { recursive: true, force: true });
  }
});
