import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { openOutside } from "../base/outside-node.ts";
import type { ProcessIdentity } from "../base/outside.ts";
import { directoryTiming } from "../membership/timing.ts";
import { parseStat } from "../monitor/process-table.ts";
import { ServicePulse } from "./service-pulse.ts";

const outside = openOutside();
const timing = { ...directoryTiming(1), poll: 20, serviceHung: 400, serviceBusy: 2000 };

/** A process that never says anything: it works without end, or it sleeps. */
function silent(program: string): { readonly who: ProcessIdentity; readonly end: () => void } {
  const child = spawn("/bin/sh", ["-c", program], { stdio: "ignore" });
  const entry = parseStat(readFileSync(`/proc/${child.pid}/stat`, "utf8"));
  assert.ok(entry);
  return { who: entry.identity, end: () => child.kill("SIGKILL") };
}

async function lostAfter(program: string): Promise<number> {
  const { who, end } = silent(program);
  try {
    const begun = outside.clock.boot();
    await new ServicePulse(outside, who, timing).untilLost(() => false);
    return outside.clock.boot() - begun;
  } finally {
    end();
  }
}

test("a silent service that does nothing is lost soon, one that works only after the later limit", async () => {
  const [idle, busy] = await Promise.all([lostAfter("exec sleep 1000"), lostAfter("while :; do :; done")]);
  assert.ok(idle >= timing.serviceHung && idle < busy, `idle ${idle} ms, busy ${busy} ms`);
  assert.ok(busy >= timing.serviceBusy, `busy ${busy} ms`);
});

test("one that is heard is not lost", async () => {
  const { who, end } = silent("exec sleep 1000");
  const pulse = new ServicePulse(outside, who, { ...timing, serviceHung: 1000 });
  let rounds = 0;
  const lost = pulse.untilLost(() => rounds >= 100).then(() => rounds);
  for (; rounds < 100; rounds++) {
    pulse.heard();
    await outside.timers.sleep(20);
  }
  assert.equal(await lost, 100);
  end();
});
