import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { type Action, LifeCycle, paths } from "../../test/checkpoint/life-cycle.ts";

const path = fc.constantFrom(...paths);
const node = fc.integer({ min: 1, max: 3 });
const plain = { noNullPrototype: true } as const;

const add = fc.record({ kind: fc.constant("add" as const), path }, plain);
const remove = fc.record({ kind: fc.constant("remove" as const), path }, plain);
const change = fc.record({ kind: fc.constant("change" as const), path, answered: fc.boolean() }, plain);
const changeOffline = fc.record({ kind: fc.constant("change offline" as const), path, node }, plain);
const online = fc.record({ kind: fc.constant("online" as const), node }, plain);
const offline = fc.record({ kind: fc.constant("offline" as const) }, plain);
const crash = fc.record(
  { kind: fc.constant("crash" as const), path, at: fc.integer({ min: 1, max: 6 }), after: fc.boolean(), to: node },
  plain,
);
const stall = fc.record(
  { kind: fc.constant("stall" as const), path, at: fc.integer({ min: 1, max: 3 }), to: node },
  plain,
);
const clean = fc.record({ kind: fc.constant("clean" as const) }, plain);
const remainder = fc.record({ kind: fc.constant("delete" as const) }, plain);

/** A resource with at least one checkpoint, online: then what is given, the more often the more weight. */
function sequences(...weighted: readonly (readonly [number, fc.Arbitrary<Action>])[]): fc.Arbitrary<Action[]> {
  const one = fc.oneof(...weighted.map(([weight, arbitrary]) => ({ weight, arbitrary })));
  return fc
    .tuple(path, node, fc.array(one, { minLength: 1, maxLength: 18 }))
    .map(([first, where, rest]) => [{ kind: "add", path: first }, { kind: "online", node: where }, ...rest]);
}

async function run(actions: readonly Action[]): Promise<LifeCycle> {
  const cycle = await LifeCycle.start();
  try {
    for (const action of actions) {
      await cycle.perform(action);
      await cycle.requireLoadable();
    }
  } finally {
    cycle.end();
  }
  return cycle;
}

const runs = { numRuns: 60 };

test("whenever anything changes while the resource is online, it is stored", async () => {
  await fc.assert(
    fc.asyncProperty(
      sequences([6, change], [1, add], [1, remove], [1, offline], [1, online]),
      async (actions) => void (await run(actions)),
    ),
    runs,
  );
});

test("a change while offline is overwritten when the resource comes online, and kept", async () => {
  let kept = 0;
  await fc.assert(
    fc.asyncProperty(sequences([4, changeOffline], [2, offline], [3, online], [2, change]), async (actions) => {
      kept += (await run(actions)).losersKept;
    }),
    runs,
  );
  assert.ok(kept > 0);
});

test("on another node the newest version is in place before the resource comes online", async () => {
  await fc.assert(
    fc.asyncProperty(
      sequences([4, online], [3, change], [1, changeOffline], [1, add]),
      async (actions) => void (await run(actions)),
    ),
    runs,
  );
});

test("a crash of the owner between a change and its version loses no answered change", async () => {
  let crashes = 0;
  await fc.assert(
    fc.asyncProperty(
      sequences([5, crash], [2, stall], [2, change], [1, changeOffline], [1, online], [1, clean]),
      async (actions) => {
        crashes += (await run(actions)).crashes;
      },
    ),
    { numRuns: 240 },
  );
  assert.ok(crashes > 100, `${crashes}`);
});

test("if the resource is deleted, the files are deleted; all of it in any order", async () => {
  const all = sequences(
    [3, change],
    [2, changeOffline],
    [2, online],
    [1, offline],
    [2, crash],
    [1, stall],
    [2, add],
    [1, remove],
    [2, clean],
    [1, remainder],
  );
  await fc.assert(
    fc.asyncProperty(all, async (actions) => void (await run(actions))),
    { numRuns: 150 },
  );
});
