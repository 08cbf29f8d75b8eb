import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { withBeat } from "./beat.ts";
import { noError } from "./no-error.ts";

/** A clock that stands still until the next timer is let run; `begun` counts the timers. */
function world() {
  let now = 1000;
  let begun = 0;
  let due: { at: number; wake: () => void }[] = [];
  const timers = {
    sleep: (ms: number, signal?: AbortSignal): Promise<void> =>
      new Promise((wake) => {
        if (signal?.aborted === true) return wake();
        begun++;
        due.push({ at: now + ms, wake });
        signal?.addEventListener("abort", () => wake());
      }),
  };
  return {
    outside: { clock: { boot: () => now, wall: () => now }, timers },
    begun: () => begun,
    now: () => now,
    pass: (ms: number) => void (now += ms),
    /** Lets the next timer run, a little early. */
    next: async (earlyBy = 0): Promise<void> => {
      due.sort((a, b) => a.at - b.at);
      const [first, ...rest] = due;
      due = rest;
      now = Math.max(now, (first?.at ?? now) - earlyBy);
      first?.wake();
      await new Promise((resolve) => setImmediate(resolve));
    },
  };
}

test("loops that rest for a beat wake together, whenever they began", async () => {
  const { outside, begun, pass, next } = world();
  const timers = withBeat(outside, 100);
  const woken = [0, 0, 0];
  for (const index of woken.keys()) {
    pass(13);
    void (async () => {
      for (;;) {
        await timers.sleep(100 - index);
        woken[index] = (woken[index] ?? 0) + 1;
        pass(1);
      }
    })();
  }
  for (let beats = 1; beats <= 20; beats++) {
    await next(beats % 3);
    assert.deepEqual(woken, [beats, beats, beats]);
    assert.equal(begun(), beats + 1);
  }
});

test("a rest is never longer than a beat and a twentieth, and other sleeps are left alone", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.double({ min: 0, max: 1000, noNaN: true }),
      fc.double({ min: 1, max: 300, noNaN: true }),
      async (after, ms) => {
        const { outside, now, pass, next } = world();
        const timers = withBeat(outside, 100);
        pass(after);
        const begun = now();
        const slept = timers.sleep(ms).then(() => now() - begun);
        await next();
        const took = await slept;
        if (ms < 97 || ms > 100) assert.ok(Math.abs(took - ms) < 1e-6, `${took}`);
        else assert.ok(took > 0 && took <= 106, `${took}`);
      },
    ),
  );
});

test("a rest that is given up ends at once and is forgotten", async () => {
  const { outside, next } = world();
  const timers = withBeat(outside, 100);
  const stop = new AbortController();
  const given = timers.sleep(100, stop.signal);
  const other = timers.sleep(100);
  stop.abort(noError);
  await given;
  await next();
  await other;
  await timers.sleep(100, stop.signal);
});
