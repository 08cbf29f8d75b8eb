import assert from "node:assert/strict";
import { test } from "node:test";
import { createJudge } from "./all.ts";
import type { ClusterEvent } from "./events.ts";

const tag = (epoch: number, sequence: number): { generation: number; epoch: number; sequence: number } => ({
  generation: 1,
  epoch,
  sequence,
});

/** A short life in which every promise is kept. */
const good: readonly ClusterEvent[] = [
  { kind: "leader-started", at: 1, node: "1", incarnation: "a", tag: tag(1, 0) },
  { kind: "update-submitted", at: 2, requestId: "r1" },
  { kind: "update-applied", at: 3, node: "1", incarnation: "a", requestId: "r1", tag: tag(1, 1) },
  { kind: "update-applied", at: 3, node: "2", incarnation: "b", requestId: "r1", tag: tag(1, 1) },
  { kind: "update-acknowledged", at: 4, requestId: "r1", tag: tag(1, 1) },
  { kind: "application-started", at: 5, run: 1, resource: "app", node: "1" },
  { kind: "setting-written", at: 6, resource: "app", setting: "port", value: 1 },
  { kind: "setting-acknowledged", at: 7, resource: "app", setting: "port", value: 1 },
  { kind: "application-ended", at: 8, run: 1, resource: "app", node: "1" },
  { kind: "leader-started", at: 9, node: "2", incarnation: "b", tag: tag(2, 1) },
  { kind: "application-started", at: 10, run: 2, resource: "app", node: "2" },
  { kind: "setting-found", at: 11, resource: "app", node: "2", setting: "port", value: 1 },
  { kind: "update-submitted", at: 12, requestId: "r2" },
  { kind: "update-applied", at: 13, node: "2", incarnation: "b", requestId: "r2", tag: tag(2, 2) },
  { kind: "update-acknowledged", at: 14, requestId: "r2", tag: tag(2, 2) },
  { kind: "update-submitted", at: 15, requestId: "r3" },
  { kind: "update-refused", at: 16, requestId: "r3" },
  { kind: "replica-at-rest", at: 20, node: "1", tag: tag(2, 2), digest: "d" },
  { kind: "replica-at-rest", at: 20, node: "2", tag: tag(2, 2), digest: "d" },
  { kind: "resource-at-rest", at: 20, resource: "app", wanted: true, online: true },
  { kind: "final-database", at: 20, requestIds: ["r1", "r2"] },
];

function judge(events: readonly ClusterEvent[]): { checker: string; what: string }[] {
  const all = createJudge();
  for (const event of events) all.see(event);
  return [...all.finish()];
}

/** The good life with events put in after the first `at` of the same time or later. */
function withMore(...more: readonly ClusterEvent[]): ClusterEvent[] {
  return [...good, ...more].toSorted((a, b) => a.at - b.at);
}

const without = (kind: ClusterEvent["kind"]): ClusterEvent[] => good.filter((event) => event.kind !== kind);

const planted: readonly [name: string, checker: string, events: readonly ClusterEvent[]][] = [
  [
    "a second leader under one epoch",
    "one-leader-per-epoch",
    withMore({ kind: "leader-started", at: 10, node: "1", incarnation: "a", tag: tag(2, 1) }),
  ],
  [
    "an acknowledged update that is gone",
    "acknowledged-updates-kept",
    [...without("final-database"), { kind: "final-database", at: 20, requestIds: ["r2"] }],
  ],
  [
    "acknowledged updates in the wrong order",
    "acknowledged-updates-kept",
    [...without("final-database"), { kind: "final-database", at: 20, requestIds: ["r2", "r1"] }],
  ],
  [
    "a refused update that was applied",
    "acknowledged-updates-kept",
    [...without("final-database"), { kind: "final-database", at: 20, requestIds: ["r1", "r2", "r3"] }],
  ],
  ["no final database", "acknowledged-updates-kept", without("final-database")],
  [
    "a request applied twice",
    "applied-once",
    withMore({ kind: "update-applied", at: 14, node: "2", incarnation: "b", requestId: "r1", tag: tag(2, 3) }),
  ],
  [
    "a replica with a gap",
    "applied-once",
    withMore({ kind: "update-applied", at: 14, node: "2", incarnation: "b", requestId: "r9", tag: tag(2, 4) }),
  ],
  [
    "one tag, two requests",
    "applied-once",
    withMore({ kind: "update-applied", at: 14, node: "1", incarnation: "a", requestId: "r8", tag: tag(2, 2) }),
  ],
  [
    "an application on two nodes",
    "one-node-per-resource",
    withMore({ kind: "application-started", at: 7, run: 9, resource: "app", node: "2" }),
  ],
  [
    "an application that lives on beside its successor after its machine went on",
    "one-node-per-resource",
    withMore(
      { kind: "application-frozen", at: 10.1, run: 2 },
      { kind: "application-started", at: 10.2, run: 9, resource: "app", node: "1" },
      { kind: "application-thawed", at: 10.3, run: 2 },
    ),
  ],
  [
    "a life that is confirmed while it runs something",
    "confirmed-means-ended",
    withMore({ kind: "life-confirmed", at: 12, node: "2", incarnation: "b", running: ["app"] }),
  ],
  [
    "a write of a former owner that was taken",
    "former-owners-write-nothing",
    withMore({ kind: "owner-wrote", at: 12, resource: "app", what: "state", node: "1", generation: 1, recorded: 2 }),
  ],
  [
    "an acknowledged setting lost in a failover",
    "acknowledged-setting-after-failover",
    withMore({ kind: "setting-found", at: 12, resource: "app", node: "2", setting: "port", value: 0 }),
  ],
  [
    "a setting from nowhere",
    "acknowledged-setting-after-failover",
    withMore({ kind: "setting-found", at: 12, resource: "app", node: "2", setting: "port", value: 7 }),
  ],
  [
    "a version that is named without a file",
    "named-versions-there",
    withMore({ kind: "versions-named", at: 12, node: "2", missing: ["{app}/00000001.CPT"] }),
  ],
  [
    "a held application that goes on",
    "held-stay-offline",
    withMore(
      { kind: "restored", at: 8.5, generation: 1, kept: tag(1, 2), settings: [], held: ["app"] },
      { kind: "versions-named", at: 9000, node: "1", missing: [] },
    ),
  ],
  [
    "replicas that differ",
    "replicas-identical-when-quiet",
    withMore({ kind: "replica-at-rest", at: 20, node: "3", tag: tag(2, 2), digest: "e" }),
  ],
  [
    "a replica that lags at rest",
    "replicas-identical-when-quiet",
    withMore({ kind: "replica-at-rest", at: 20, node: "3", tag: tag(2, 1), digest: "d" }),
  ],
  [
    "a resource that never came back",
    "runs-in-the-end",
    withMore({ kind: "resource-at-rest", at: 20, resource: "app2", wanted: true, online: false }),
  ],
];

test("a life in which every promise is kept has no violations", () => {
  assert.deepEqual(judge(good), []);
});

for (const [name, checker, events] of planted) {
  test(`found: ${name}`, () => {
    const violations = judge(events);
    assert.ok(violations.length > 0);
    assert.deepEqual([...new Set(violations.map((each) => each.checker))], [checker]);
  });
}

test("what runs on a machine that stands still may have a successor, and ends when it goes on", () => {
  const events = withMore(
    { kind: "application-frozen", at: 10.1, run: 2 },
    { kind: "application-started", at: 10.2, run: 9, resource: "app", node: "1" },
    { kind: "application-thawed", at: 10.3, run: 2 },
    { kind: "application-ended", at: 10.4, run: 2, resource: "app", node: "2" },
    { kind: "life-confirmed", at: 12, node: "2", incarnation: "b", running: [] },
    { kind: "owner-wrote", at: 12, resource: "app", what: "checkpoint", node: "1", generation: 2, recorded: 2 },
  );
  assert.deepEqual(judge(events), []);
});

test("what a restore gives up on purpose is not missed, and its request may be applied again", () => {
  const events: ClusterEvent[] = [
    { kind: "update-submitted", at: 1, requestId: "r1" },
    { kind: "update-applied", at: 2, node: "1", incarnation: "a", requestId: "r1", tag: tag(1, 1) },
    { kind: "update-acknowledged", at: 3, requestId: "r1", tag: tag(1, 1) },
    { kind: "restored", at: 4, kept: tag(1, 0), generation: 2, settings: [] },
    { kind: "final-database", at: 9, requestIds: [] },
  ];
  assert.deepEqual(judge(events), []);
});
