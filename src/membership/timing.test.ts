import assert from "node:assert/strict";
import { test } from "node:test";
import { electionFromLease, electionGap, patienceOf } from "../quorum/etcd/times.ts";
import { directoryTiming, timingOf } from "./timing.ts";

test("on etcd a permit outlasts two of its worst elections, and nobody challenges during one", () => {
  for (const election of [50, 200, 400, 1000, 5000]) {
    for (const factor of [1, 3]) {
      const { permit, challenge, kill, poll } = timingOf(`etcd:http://a?election=${election}`, factor);
      assert.ok(permit >= 2 * electionGap(election) * factor && challenge >= electionGap(election));
      assert.ok(permit >= 2 * challenge && challenge > kill && challenge > poll);
      assert.ok(patienceOf(election) <= Math.max(permit, directoryTiming().permit));
    }
  }
  assert.deepEqual(timingOf("/srv/quorum", 3), directoryTiming(3));
});

test("what etcd grants instead of a lease of one second bounds its election timeout", () => {
  for (const election of [50, 200, 666, 1000, 1333, 5000]) {
    const granted = Math.max(1, Math.ceil((1.5 * election) / 1000));
    assert.ok(electionFromLease(granted) >= Math.floor(election), `${election} ms`);
  }
});
