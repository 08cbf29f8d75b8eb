import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { decide, guardLine, type GuardState, hear } from "./guard.ts";

const host = { pid: 10, started: "100" };
const resting: GuardState = { host, deadline: undefined, applications: new Map() };
const hearAll = (...lines: string[]): GuardState => lines.reduce(hear, resting);
const app = { pid: 20, started: "200" };

test("a guard that was told no deadline waits", () => {
  assert.deepEqual(decide(resting, 1e9, 100, true), { kind: "wait", ms: undefined });
});

test("it kills at the newest deadline plus grace, not before", () => {
  const state = hearAll(guardLine.deadline(1000), guardLine.deadline(3000), guardLine.deadline(2000));
  assert.deepEqual(decide(state, 3099.5, 100, true), { kind: "wait", ms: 0.5 });
  assert.deepEqual(decide(state, 3100, 100, true), { kind: "kill", because: "deadline" });
});

test("it kills at once when its input closes", () => {
  assert.deepEqual(decide(hearAll(guardLine.deadline(1000)), 0, 100, false), { kind: "kill", because: "input closed" });
  assert.deepEqual(decide(resting, 0, 100, false), { kind: "kill", because: "input closed" });
});

test("at rest there is nothing to guard until the next deadline, whichever it is", () => {
  const state = hearAll(guardLine.deadline(3000), guardLine.rest);
  assert.equal(decide(state, 1e9, 100, true).kind, "wait");
  assert.equal(decide(hear(state, guardLine.deadline(2000)), 2100, 100, true).kind, "kill");
});

test("it knows the containers that run", () => {
  const other = { pid: 20, started: "300" };
  const state = hearAll(guardLine.app(app), guardLine.app(other), guardLine.gone(app));
  assert.deepEqual([...state.applications.values()], [other]);
});

test("a line that means nothing changes nothing", () => {
  const state = hearAll(guardLine.deadline(1000), guardLine.app(app));
  const words = fc.oneof(
    fc.string(),
    fc.constantFrom("deadline", "deadline x", "deadline NaN", "app 1", "app x 2", "gone", "gone 20 x"),
  );
  fc.assert(
    fc.property(words, (line) => {
      fc.pre(!/^\s*(rest|deadline \d|(app|gone) \d+ \d+)/.test(line));
      assert.deepEqual(hear(state, line), state);
    }),
  );
});
