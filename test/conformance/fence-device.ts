/** What every fence device must do, whatever is behind it. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Failure } from "../../src/base/errors.ts";
import type { FenceDevice } from "../../src/fencing/fencing.ts";

/** One machine with its device, fresh for one test. */
export interface FenceBench {
  readonly device: FenceDevice;
  /** The same device as another process would have it, the next leader's. */
  readonly again: () => FenceDevice;
  /** Whether something can run on the machine at this moment. */
  readonly runs: () => boolean;
  /** From now on the device does not do what it is asked. */
  readonly spoil: () => void;
  /** What no message may show. */
  readonly secret: string;
  readonly end: () => void;
}

type Check = readonly [what: string, work: (bench: FenceBench, signal: AbortSignal) => Promise<void>];

const checks: readonly Check[] = [
  [
    "a look changes nothing",
    async ({ device, runs }, signal) => {
      const { power, sentence } = await device.status(signal);
      assert.notEqual(power, "off");
      assert.match(sentence, /\.$/);
      assert.equal(runs(), true);
    },
  ],
  [
    "what it confirms runs no more",
    async ({ device, runs }, signal) => {
      await device.off(signal);
      assert.match(await device.confirm(signal), /\.$/);
      assert.equal(runs(), false);
    },
  ],
  [
    "nothing is confirmed that was not asked for",
    async ({ device, again }, signal) => {
      await assert.rejects(device.confirm(signal), Failure);
      await again().off(signal);
      await assert.rejects(device.confirm(signal), Failure);
    },
  ],
  [
    "the next leader asks again, and it is confirmed again",
    async ({ device, again, runs }, signal) => {
      await device.off(signal);
      const other = again();
      await other.off(signal);
      await other.confirm(signal);
      assert.equal(runs(), false);
    },
  ],
  [
    "a device that does not do it confirms nothing, and shows no secret",
    async ({ device, spoil, secret }, signal) => {
      spoil();
      const tried = device.off(signal).then(() => device.confirm(signal));
      await assert.rejects(tried, (error: unknown) => {
        assert.ok(error instanceof Failure);
        assert.ok(!JSON.stringify([error.message, error.happened, error.next, error.unchanged]).includes(secret));
        return true;
      });
    },
  ],
  [
    "a call that nobody waits for any more confirms nothing",
    async ({ device }) => {
      const over = new AbortController();
      over.abort();
      await assert.rejects(
        device.off(over.signal).then(() => device.confirm(over.signal)),
        Failure,
      );
    },
  ],
];

/** Runs the suite as tests; `open` makes a bench for each. */
export function fenceDeviceConformance(name: string, open: () => FenceBench, skip: string | false = false): void {
  for (const [what, work] of checks) {
    test(`${name}: ${what}`, { skip }, async () => {
      const bench = open();
      try {
        await work(bench, new AbortController().signal);
      } finally {
        bench.end();
      }
    });
  }
}
