import assert from "node:assert/strict";
import { test } from "node:test";
import { prepare } from "../database/apply.ts";
import type { Change } from "../database/change.ts";
import { emptyKey, type Key } from "../tree/key.ts";
import { beginLongPermits, endLongPermits, longPermit, LongPermits } from "./long-permit.ts";
import { directoryTiming, takeoverWait } from "./timing.ts";

const timing = directoryTiming();
const usual = takeoverWait(timing);
const long = takeoverWait({ ...timing, permit: 15_000 });

/** A leader that began to lead at 1000, and its database. */
function scene() {
  const granted: number[] = [];
  let tree: Key = emptyKey("Cluster", 0n);
  let sequence = 0;
  let now = 1000;
  const permits = new LongPermits({ grantFor: async (length) => void granted.push(length) }, timing, now);
  const order = (change: Change): string => {
    const requestId = `00000000-0000-4000-8000-${String(sequence).padStart(12, "0")}`;
    const done = prepare(tree, { requestId, ...change }, { generation: 1, epoch: 1, sequence: ++sequence }, 0);
    if (done.outcome === "applies") tree = done.tree;
    return done.outcome;
  };
  const review = (after: number): Promise<void> => {
    now += after;
    return permits.review(
      () => now,
      tree,
      async (change) => void order(change),
    );
  };
  const begin = (plan: string, permit: number): string => order(beginLongPermits(plan, permit, tree));
  const end = (plan: string): string => order(endLongPermits(plan));
  return { granted, review, begin, end, wait: () => permits.wait(tree), tree: () => tree };
}

test("longer permits are waited for from the update on until none can be in force", async () => {
  const { granted, review, begin, end, wait, tree } = scene();
  assert.equal(wait(), usual);
  assert.equal(begin("one", 15_000), "applies");
  assert.equal(wait(), long);
  await review(1);
  await review(30_000);
  assert.deepEqual(granted, [15_000]);
  assert.equal(end("another"), "refused");
  assert.equal(end("one"), "applies");
  await review(1);
  assert.deepEqual(granted, [15_000, timing.permit]);
  await review(long - 1);
  assert.equal(wait(), long);
  await review(1);
  assert.deepEqual([wait(), longPermit(tree())], [usual, undefined]);
});

test("they end by themselves, and another move never shortens the wait", async () => {
  const { granted, review, begin, end, wait } = scene();
  begin("one", 15_000);
  await review(1);
  await review(60_000);
  assert.deepEqual(granted, [15_000, timing.permit]);
  assert.equal(begin("two", 9_000), "applies");
  await review(1);
  assert.equal(granted.at(-1), 15_000);
  assert.equal(wait(), long);
  assert.equal(end("one"), "refused");
  begin("three", 20_000);
  await review(1);
  assert.equal(granted.at(-1), 20_000);
});
