import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { JumpingTime } from "../../test/checkpoint/scene.ts";
import { Watch } from "./watch.ts";

interface Step {
  readonly changes: number;
  readonly wait: number;
  readonly takes: number;
  readonly fails: boolean;
}

const step = fc.record(
  { changes: fc.nat(3), wait: fc.nat(300), takes: fc.nat(120), fails: fc.boolean() },
  { noNullPrototype: true },
);

test("who waits is told when a capture that began after the change has ended, captures keep their distance", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 12 }), async (steps: readonly Step[]) => {
      const time = new JumpingTime();
      let value = 0;
      let captured = 0;
      let running = 0;
      const begun: number[] = [];
      let next: Step | undefined;
      const watch = new Watch({
        outside: time,
        interval: 200,
        async capture() {
          assert.equal(++running, 1, "one capture at a time");
          begun.push(time.now);
          const seen = value;
          const now = next;
          await time.timers.sleep(now?.takes ?? 0);
          running--;
          if (now?.fails === true) throw new Error("planned");
          captured = seen;
        },
        judge: () => "again",
      });
      for (const one of steps) {
        next = one;
        for (let i = 0; i < one.changes; i++) {
          value++;
          watch.changed();
        }
        await time.timers.sleep(one.wait);
      }
      for (const [at, when] of begun.entries()) if (at > 0) assert.ok(when - (begun[at - 1] ?? 0) >= 200, "too soon");
      next = undefined;
      value++;
      watch.changed();
      const mine = value;
      await watch.settled().catch(() => watch.settled());
      assert.ok(captured >= mine, "told too early");
      await watch.end();
    }),
    { numRuns: 100 },
  );
});

test("end captures once more what is not covered, and no failure is called success", async () => {
  const time = new JumpingTime();
  let last = 0;
  const capture = async (): Promise<void> => {
    await time.timers.sleep(1);
    throw new Error("no");
  };
  const watch = new Watch({ outside: time, interval: 200, capture, judge: () => "again" });
  watch.changed();
  await assert.rejects(watch.settled(), /no/);
  await watch.end({
    last: async () => {
      last++;
      await capture();
    },
  });
  assert.equal(last, 1);
  assert.match(watch.missed()?.message ?? "", /no/);
  await assert.rejects(watch.settled(), /no/);
});
