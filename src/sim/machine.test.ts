import assert from "node:assert/strict";
import { test } from "node:test";
import { processTable } from "../monitor/process-table.ts";
import { watchdogPath } from "./kernel-files.ts";
import { createWorld } from "./world.ts";

const world = (watchdog?: number) =>
  createWorld({ seed: 1, machines: ["a"], shared: {}, kernels: new Map([["a", watchdog]]) });

test("the processes of a machine that stands still do nothing, nor do those that begin there, and go on later", async () => {
  const made = world();
  const ticks: number[] = [];
  made.program("ticker", async ({ timers }) => {
    for (;;) {
      await timers.sleep(10);
      ticks.push(made.now);
    }
  });
  const start = () =>
    made.supervise({
      machine: "a",
      node: "1",
      spec: { command: "ticker", args: [], environment: {}, output: "none" },
      restartAfter: [0, 0],
    });
  start();
  await made.run({ until: 200 });
  made.freeze("a");
  start();
  const before = ticks.length;
  assert.ok(before > 5);
  await made.run({ until: 1000 });
  assert.equal(ticks.length, before);
  made.thaw("a");
  await made.run({ until: 1200 });
  assert.ok(ticks.length > before + 20);
  assert.equal(made.find("ticker").length, 2);
});

test("the kernel shows its processes, and a boot id that is another one after each loss of power", async () => {
  const made = world();
  const look = async (): Promise<string> => {
    const { files, processes } = made.outside("a", "looker");
    const all = await made.complete(processTable(files));
    assert.deepEqual(
      all.map(({ identity }) => identity),
      [processes.self],
    );
    return new TextDecoder().decode(await made.complete(files.read("/proc/sys/kernel/random/boot_id")));
  };
  const first = await look();
  assert.match(first, /^[-0-9a-f]{36}\n$/);
  for (const process of made.find("looker")) made.kill(process);
  assert.equal(await look(), first);
  made.powerOff("a");
  made.powerOn("a");
  assert.notEqual(await look(), first);
});

test("a watchdog resets its machine when nobody feeds it, also a frozen one, and not after a V", async () => {
  for (const end of ["fed", "killed", "frozen", "disarmed"] as const) {
    const made = world(1000);
    const { files } = made.outside("a", "feeder");
    const handle = await made.complete(files.open(watchdogPath.device, "update"));
    const { bootId } = made.machine("a");
    if (end === "disarmed") {
      await made.complete(handle.write(new TextEncoder().encode("V")));
      await made.complete(handle.close());
    }
    if (end === "killed") for (const process of made.find("feeder")) made.kill(process);
    if (end === "frozen") made.freeze("a");
    for (let turn = 0; turn < 10; turn++) {
      if (end === "fed") await made.complete(handle.write(new Uint8Array(1)));
      await made.run({ until: made.now + 500 });
    }
    const isReset = made.machine("a").bootId !== bootId;
    assert.equal(isReset, end === "killed" || end === "frozen", end);
  }
});
