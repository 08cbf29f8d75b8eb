/** What a former owner writes, states and checkpoints alike, is refused by owner, life and ownership generation. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { prepare } from "../database/apply.ts";
import { isFormerOwners } from "../database/ownership.ts";
import { resourceState } from "../database/schema.ts";
import { readState } from "../database/state.ts";
import type { Change } from "../database/change.ts";
import { applyEdits, type Edit } from "../tree/edit.ts";
import { findKey, type Key } from "../tree/key.ts";
import { dword, sz } from "../tree/value.ts";
import { group as groupId, resource as resourceId, Scene } from "../../test/checkpoint/scene.ts";
import { bootTime, parseScenario } from "../../test/policy/scenario.ts";
import { beginMove } from "./actions.ts";
import { closeDifference, type OwnerAction } from "./owner.ts";

const tag = { generation: 1, epoch: 1, sequence: 99 };
const outcomeOf = (tree: Key, change: Change): ReturnType<typeof prepare> =>
  prepare(tree, { ...change, requestId: "r" }, tag, 0);

/** What makes a former owner of node 1. */
const ends: Readonly<Record<string, (group: string) => readonly Edit[]>> = {
  "another node is the owner": (group) => [
    { kind: "set-value", path: `Runtime\\Groups\\${group}`, value: sz("Owner", "2") },
    { kind: "set-value", path: `Runtime\\Groups\\${group}`, value: dword("OwnershipGeneration", 8) },
  ],
  "it is the owner again": (group) => [
    { kind: "set-value", path: `Runtime\\Groups\\${group}`, value: dword("OwnershipGeneration", 9) },
  ],
  "a later life of it is": () => [
    { kind: "set-value", path: "Runtime\\Nodes\\1", value: sz("Incarnation", "a later life") },
  ],
};

type Told = Extract<OwnerAction, { readonly update: Change }>;

const phases = ["offline", "online-pending", "online", "offline-pending", "failed"] as const;

/** All that node 1 tells of a group, whatever it runs. */
function told(
  states: readonly string[],
  running: readonly string[],
  words: string,
): { readonly tree: Key; readonly told: readonly Told[] } {
  const scenario = parseScenario(
    [
      "node 1 n1 up",
      "node 2 n2 up",
      `group g owner=1 generation=7 ${words}`,
      ...states.map((state, at) => ` resource r${at} "Generic Application" ${state}`),
      "on 1",
      ...running.map((phase, at) => ` r${at} ${phase}`),
    ].join("\n"),
  );
  const state = readState(scenario.tree);
  const entries = scenario.running.get("1") ?? new Map();
  const actions = closeDifference({ state, me: "1", incarnation: "life-1", running: entries, nowBoot: bootTime });
  return { tree: scenario.tree, told: actions.filter((action) => "update" in action) };
}

test("every report, release and request of an owner is refused once it is a former one", () => {
  const number = fc.constantFrom(...Object.keys(resourceState).filter((name) => name !== "inherited"));
  const resources = fc.array(fc.tuple(number, fc.constantFrom(...phases)), { minLength: 1, maxLength: 4 });
  const words = fc.subarray(["moveTo=2", "offline", "asks"]).map((list) => list.join(" "));
  let seen = 0;
  fc.assert(
    fc.property(resources, words, fc.constantFrom(...Object.keys(ends)), (both, text, end) => {
      const { tree, told: all } = told(
        both.map(([state]) => state),
        both.map(([, phase]) => phase),
        text,
      );
      for (const { update } of all) {
        seen += 1;
        assert.equal(outcomeOf(tree, update).outcome, "applies");
        const after = applyEdits(tree, ends[end]?.("g") ?? [], 0n);
        const late = outcomeOf(after, update);
        assert.equal(late.outcome, "refused", update.because);
        if (late.outcome === "refused")
          assert.ok(isFormerOwners(update, late.condition), JSON.stringify(late.condition));
      }
    }),
    { numRuns: 300 },
  );
  assert.ok(seen > 50, `${seen} updates were looked at`);
});

for (const heir of ["up", "unreported"]) {
  test(`what an owner said of a move counts for no later one, also not for the same again (${heir})`, () => {
    const lines = [
      "node 1 n1 up",
      `node 2 n2 ${heir}`,
      "group g owner=1 generation=7",
      ' resource r "Generic Application"',
    ];
    const { tree } = parseScenario(lines.join("\n"));
    const group = readState(tree).groups.get("g");
    const begin = (of: Key): Key => applyEdits(of, beginning(of), 0n);
    const asked = begin(tree);
    const state = readState(asked);
    const [released] = closeDifference({
      state,
      me: "1",
      incarnation: "life-1",
      running: new Map(),
      nowBoot: bootTime,
    });
    assert.ok(released !== undefined && "update" in released, "it has nothing to stop");
    assert.equal(outcomeOf(asked, released.update).outcome, "applies");
    const path = group?.runtimePath ?? "";
    const cancelled = applyEdits(asked, [{ kind: "delete-value", path, name: "MoveTo" }], 0n);
    assert.equal(outcomeOf(cancelled, released.update).outcome, "refused");
    assert.equal(outcomeOf(begin(cancelled), released.update).outcome, "refused");
  });
}

test("a hand-over that the next leader hears of is refused: it does not know yet whether the heir lives", () => {
  const lines = ["node 1 n1 up", "node 2 n2 up", "group g owner=1 generation=7", ' resource r "Generic Application"'];
  const { tree } = parseScenario(lines.join("\n"));
  const asked = applyEdits(tree, beginning(tree), 0n);
  const state = readState(asked);
  const [handed] = closeDifference({ state, me: "1", incarnation: "life-1", running: new Map(), nowBoot: bootTime });
  assert.ok(handed !== undefined && handed.kind === "hand-over-group");
  assert.equal(outcomeOf(asked, handed.update).outcome, "applies");
  const path = state.nodes.get("1")?.runtimePath ?? "";
  const joined = applyEdits(asked, [{ kind: "set-value", path, value: dword("Epoch", 99) }], 0n);
  assert.equal(outcomeOf(joined, handed.update).outcome, "refused");
});

function beginning(tree: Key): readonly Edit[] {
  const state = readState(tree);
  const [group, node] = [state.groups.get("g"), state.nodes.get("2")];
  assert.ok(group !== undefined && node !== undefined);
  return beginMove(state, group, { node, reason: "failback", because: "a test" }).update?.edits ?? [];
}

for (const [why, edits] of Object.entries(ends)) {
  test(`a checkpoint version on its way is refused when ${why}`, async () => {
    const scene = await Scene.open();
    scene.place(1);
    const node = scene.node(1);
    await node.set("SOFTWARE\\Shop", "first");
    const setUp = node.life();
    let calls = 0;
    await setUp.checkpoints.add(resourceId, "registry", "SOFTWARE\\Shop");
    // Twice the same work: the first tells which call sends the update.
    for (const stall of [undefined, "last"] as const) {
      await node.set("SOFTWARE\\Shop", `stall ${stall}`);
      const life = node.life();
      life.checkpoints.begin(resourceId, scene.generation());
      if (stall === undefined) {
        await life.checkpoints.captureNow(resourceId);
        calls = life.gate.calls;
        continue;
      }
      life.gate.stallAt = calls;
      const capture = life.checkpoints.captureNow(resourceId);
      await life.gate.stalled;
      scene.edit(...edits(groupId));
      const before = findKey(scene.tree, "Resources");
      life.gate.resume();
      const { captured, failed } = await capture;
      assert.deepEqual([captured, failed.length], [[], 1]);
      assert.equal(findKey(scene.tree, "Resources"), before, "nothing of the resource was changed");
    }
  });
}
