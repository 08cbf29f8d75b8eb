import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { HeldPermit, PermitGranter } from "./permit.ts";

test("a permit lasts L from when the request was sent, not from the answer", () => {
  const held = new HeldPermit();
  assert.equal(held.mayRun(0), false);
  held.granted(100, 800);
  assert.equal(held.mayRun(899.9), true);
  assert.equal(held.mayRun(900), false);
});

test("a late answer to an early request does not shorten the permit", () => {
  const held = new HeldPermit();
  held.granted(500, 800);
  held.granted(100, 800);
  assert.equal(held.endsAt(), 1300);
});

test("a renewal is answered only by a confirmation that began after it arrived", () => {
  const granter = new PermitGranter();
  const answers: boolean[] = [];
  granter.admit("1", "a", 0);
  granter.ask("1", "a", 50, (granted) => answers.push(granted));
  granter.confirmed(49, 60);
  assert.deepEqual(answers, []);
  granter.confirmed(50, 70);
  assert.deepEqual(answers, [true]);
});

test("nobody is answered who was not admitted, is another life, or was expired while waiting", () => {
  const granter = new PermitGranter();
  const answers: string[] = [];
  granter.ask("1", "a", 0, (granted) => answers.push(`stranger ${granted}`));
  granter.admit("1", "a", 0);
  granter.ask("1", "old", 1, (granted) => answers.push(`old life ${granted}`));
  granter.ask("1", "a", 2, (granted) => answers.push(`expired ${granted}`));
  assert.equal(granter.expire("1", "a"), 0);
  granter.confirmed(10, 11);
  assert.deepEqual(answers, ["stranger false", "old life false", "expired false"]);
});

test("property: no permit outlives the granter's last answer by more than L", () => {
  const step = fc.record({
    delay: fc.integer({ min: 0, max: 300 }),
    confirm: fc.boolean(),
    latency: fc.integer({ min: 0, max: 300 }),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const granter = new PermitGranter();
      const held = new HeldPermit();
      let now = 0;
      granter.admit("1", "a", now);
      for (const { delay, confirm, latency } of steps) {
        const sentAt = now;
        now += delay;
        granter.ask("1", "a", now, (granted) => granted && held.granted(sentAt, 800));
        now += 1;
        const startedAt = now;
        now += latency;
        if (confirm) granter.confirmed(startedAt, now);
      }
      const last = granter.expire("1", "a") ?? Number.NaN;
      if (held.endsAt() !== Number.NEGATIVE_INFINITY) assert.ok(held.endsAt() <= last + 800);
    }),
  );
});

test("silence counts from the last question, and a standstill of the granter forgives", () => {
  const granter = new PermitGranter();
  granter.admit("1", "a", 0);
  granter.admit("2", "b", 0);
  granter.ask("2", "b", 900, () => undefined);
  assert.deepEqual(granter.silentSince(800), [{ node: "1", incarnation: "a" }]);
  granter.forgive(1000);
  assert.deepEqual(granter.silentSince(1000), []);
});
