import assert from "node:assert/strict";
import { test } from "node:test";
import { silentLog } from "../base/log.ts";
import { captureLast } from "./last-capture.ts";

const failed = { failed: [{ path: "SOFTWARE\\a", why: "no leader" }] };

function parts() {
  const slept: number[] = [];
  const errors: string[] = [];
  const timers = { sleep: async (ms: number) => void slept.push(ms) };
  return { timers, poll: 100, log: { ...silentLog, error: (event: string) => void errors.push(event) }, slept, errors };
}

test("a last capture that fails while the leader changes is tried again", async () => {
  const p = parts();
  const answers = [
    () => Promise.resolve(failed),
    () => Promise.reject(new Error("x")),
    () => Promise.resolve({ failed: [] }),
  ];
  await captureLast(p, "r", () => (answers.shift() ?? assert.fail("once too often"))());
  assert.deepEqual([answers.length, p.slept, p.errors.length], [0, [100, 200], 0]);
});

test("one that never succeeds is given up and said", async () => {
  const p = parts();
  let tries = 0;
  await captureLast(p, "r", async () => (tries++, failed));
  assert.deepEqual([tries, p.errors.length], [5, 1]);
});
