import assert from "node:assert/strict";
import { test } from "node:test";
import { type Connection, type Outside, OutsideError } from "../base/outside.ts";
import { directoryTiming } from "../membership/timing.ts";
import type { HostConfig } from "./host-config.ts";
import { startHost } from "./host-start.ts";

const config = { data: "/d", instance: "i" } as unknown as HostConfig;
const program = { command: "host", args: [], environment: {} };
const events = {} as Parameters<typeof startHost>[4];

/** A host process that lives and never answers; what happened to it, and connections left open. */
function world(connect: () => Promise<Connection>) {
  let now = 0;
  const killed: unknown[] = [];
  const identity = { pid: 7, started: "70" };
  const outside = {
    clock: { boot: () => now, wall: () => now },
    timers: {
      sleep: async (ms: number, signal?: AbortSignal) => {
        await new Promise((resolve) => setImmediate(resolve));
        if (signal?.aborted !== true) now += ms;
      },
    },
    files: { makeFolder: async () => undefined },
    net: { connect },
    processes: {
      start: async () => ({ identity, ended: new Promise(() => undefined) }),
      signal: async (who: unknown, signal: string) => void killed.push([who, signal]),
    },
  } as unknown as Outside;
  return { outside, killed, identity };
}

const nobody = () => Promise.reject(new OutsideError("ECONNREFUSED", "nobody listens"));

test("a host that never comes up is ended, and the failure names it", { timeout: 20_000 }, async () => {
  const { outside, killed, identity } = world(nobody);
  const started = startHost(outside, program, config, directoryTiming(), events);
  await assert.rejects(started, { name: "CLUSTER_RHS_FAILED_INITIALIZATION", message: /host\.lock/ });
  assert.deepEqual(killed, [[identity, "SIGKILL"]]);
});

test("nobody waits for a host that is not wanted any more", { timeout: 20_000 }, async () => {
  let tries = 0;
  const { outside, killed } = world(nobody);
  await assert.rejects(
    startHost(outside, program, config, directoryTiming(), events, () => ++tries < 3),
    { name: "CANCELLED" },
  );
  assert.equal(tries, 3);
  assert.equal(killed.length, 1);
});

test("a connection on which nobody says hello is closed", { timeout: 20_000 }, async () => {
  let open = 0;
  const { outside } = world(async () => {
    open++;
    return {
      send: () => undefined,
      onFrame: () => undefined,
      onClose: () => undefined,
      close: () => void open--,
    };
  });
  await assert.rejects(startHost(outside, program, config, directoryTiming(), events), {
    name: "CLUSTER_RHS_FAILED_INITIALIZATION",
  });
  assert.equal(open, 0);
});
