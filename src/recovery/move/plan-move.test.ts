import assert from "node:assert/strict";
import { test } from "node:test";
import { type MoveFacts, planMove } from "./plan-move.ts";

const guid = (n: number): string => `00000000-0000-4000-8000-${String(n).padStart(12, "0")}`;
const mebibyte = 1024 * 1024;
const facts: MoveFacts = {
  from: { kind: "directory", place: "/old/q" },
  to: { kind: "directory", place: "/new/q" },
  present: { name: "c", instance: guid(1), generation: 3, lineage: guid(2) },
  tag: { generation: 3, epoch: 2, sequence: 77 },
  highestGeneration: 5,
  size: mebibyte,
  permits: { from: 800, to: 800 },
  room: 100 * mebibyte,
  versions: 4,
  obstacle: undefined,
  nodes: [
    { name: "n1", state: "running", evidence: "it is this one" },
    { name: "n2", state: "running", evidence: "its service answers" },
    { name: "n3", state: "stopped", evidence: "its host proved it" },
  ],
  more: [],
  id: guid(3),
  lineage: guid(4),
  now: 9,
};
const blocked = (change: Partial<MoveFacts>): readonly string[] =>
  planMove({ ...facts, ...change }).blockers.map(({ name }) => name);

test("a plan says what moves and what stays, and goes above every generation that was seen", () => {
  const { order, permit, lines, blockers, warnings } = planMove({ ...facts, replaces: { old: "a", with: "b" } });
  assert.deepEqual(order, {
    from: facts.from,
    departure: {
      plan: guid(3),
      kind: "directory",
      to: "/new/q",
      identity: { ...facts.present, generation: 6, lineage: guid(4) },
    },
    time: 9,
    replaces: { old: "a", with: "b" },
  });
  const text = lines.join("\n");
  for (const words of [/now 3:2:77, and 4 checkpoint files/, /3 → 6/, /n1, n2 get the longer/, /new disk resource in/])
    assert.match(text, words);
  assert.deepEqual([blockers, permit], [[], 15_500]);
  assert.equal(planMove({ ...facts, size: 0, permits: { from: 800, to: 5400 } }).permit, 21_600);
  const other = planMove({ ...facts, permits: { from: 7244.799999999999, to: 800 } }).lines.join("\n");
  assert.match(other, /last 800 ms instead of 7245 ms/);
  assert.match(warnings.join(), /n3 does not run: at the next start it must see the old place/);
});

test("what is taken, too small, unseen by a node, or perhaps still used, forbids it", () => {
  assert.deepEqual(blocked({ obstacle: "a cluster is there." }), ["OBJECT_ALREADY_EXISTS"]);
  assert.deepEqual(blocked({ room: 6 * mebibyte }), []);
  assert.deepEqual(blocked({ room: 6 * mebibyte - 1 }), ["DISK_FULL"]);
  const [, n2] = facts.nodes;
  assert.ok(n2 !== undefined);
  assert.deepEqual(blocked({ nodes: [{ ...n2, cannotUse: "it sees another disk." }] }), ["QUORUM_DISK_NOT_FOUND"]);
  assert.deepEqual(blocked({ nodes: [{ ...n2, state: "unknown" }] }), ["CLUSTER_NODE_UP"]);
  const unmounted = { name: "CLUSTER_DISK_NOT_CONNECTED", sentence: "", next: "" } as const;
  assert.deepEqual(blocked({ more: [unmounted] }), ["CLUSTER_DISK_NOT_CONNECTED"]);
});
