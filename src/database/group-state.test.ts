import assert from "node:assert/strict";
import { test } from "node:test";
import { deriveGroupState } from "./group-state.ts";
import { groupState, resourceState } from "./schema.ts";

test("a group's state by its resources' states", () => {
  const { online, offline, failed, onlinePending, offlinePending, unknown } = resourceState;
  const cases: readonly [readonly number[], number][] = [
    [[], groupState.offline],
    [[offline, offline], groupState.offline],
    [[online, online], groupState.online],
    [[online, offline], groupState.partialOnline],
    [[online, onlinePending], groupState.pending],
    [[offlinePending, offline], groupState.pending],
    [[online, failed, onlinePending], groupState.failed],
    [[online, failed, unknown], groupState.unknown],
  ];
  for (const [states, expected] of cases) assert.equal(deriveGroupState(states), expected, String(states));
});
