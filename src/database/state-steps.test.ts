import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { applyEdits, type Edit } from "../tree/edit.ts";
import { emptyKey } from "../tree/key.ts";
import { dword, multiSz, sz } from "../tree/value.ts";
import { byName } from "./commands/find.ts";
import { NamedMap, PatchedMap } from "./named-map.ts";
import { StateReader } from "./state-steps.ts";
import { type ClusterState, readState, stateMakers } from "./state.ts";

const id = fc.oneof(
  { weight: 12, arbitrary: fc.constantFrom("a", "b", "B", "c", "d", "s") },
  { weight: 1, arbitrary: fc.constantFrom("{a}", "ſ") },
);
const name = fc.constantFrom("x", "X", "y", "_", "z", "");
const list = fc.array(id, { maxLength: 3 });
const edit: fc.Arbitrary<Edit> = fc.oneof(
  fc.record({ kind: fc.constant("delete-key" as const), path: id.map((one) => `Groups\\${one}`) }),
  fc.record({ kind: fc.constant("delete-key" as const), path: id.map((one) => `Resources\\${one}`) }),
  fc.record({ kind: fc.constant("delete-key" as const), path: id.map((one) => `Runtime\\Resources\\${one}`) }),
  set(
    fc.constantFrom("Groups", "Resources"),
    id,
    name.map((text) => sz("Name", text)),
  ),
  set(
    fc.constant("Groups"),
    id,
    list.map((ids) => multiSz("Contains", ids)),
  ),
  set(
    fc.constantFrom("Runtime\\Groups", "Runtime\\Resources", "Resources", "ResourceTypes"),
    id,
    fc.nat(3).map((n) => dword("State", n)),
  ),
  set(
    fc.constantFrom("Runtime\\Groups"),
    id,
    name.map((text) => sz("Owner", text)),
  ),
  set(
    fc.constant("Resources"),
    id,
    id.map((type) => sz("Type", type)),
  ),
  set(
    fc.constantFrom("Nodes", "Other"),
    id,
    name.map((text) => sz("NodeName", text)),
  ),
);

function set(
  parent: fc.Arbitrary<string>,
  child: fc.Arbitrary<string>,
  value: fc.Arbitrary<ReturnType<typeof sz>>,
): fc.Arbitrary<Edit> {
  return fc
    .tuple(parent, child, value)
    .map(([above, below, one]) => ({ kind: "set-value", path: `${above}\\${below}`, value: one }));
}

/** Everything in it, orders included. */
function plain(state: ClusterState): unknown {
  const { tree: _tree, nodes, groups, resources, resourceTypes, cluster } = state;
  return {
    cluster,
    nodes: [...nodes],
    groups: [...groups],
    resources: [...resources],
    resourceTypes: [...resourceTypes],
  };
}

test("a state that comes of the one before is the one that is read whole", () => {
  fc.assert(
    fc.property(fc.array(fc.array(edit, { minLength: 1, maxLength: 4 }), { maxLength: 20 }), (steps) => {
      let tree = emptyKey("Cluster", 1n);
      for (const edits of steps) {
        tree = applyEdits(tree, edits, 2n);
        const [state, afresh] = [readState(tree), new StateReader(stateMakers).read(tree)];
        assert.deepEqual(plain(state), plain(afresh));
        assert.equal(state.groups.size, [...state.groups].length);
        for (const text of ["x", "_", "Y", "q"]) {
          assert.equal(byName(state.resources, text)?.id, byName(new Map(afresh.resources), text)?.id);
        }
      }
    }),
    { numRuns: 400 },
  );
});

test("what did not change stays the very same object", () => {
  const group = (one: string, contains: string): Edit[] => [
    { kind: "set-value", path: `Groups\\${one}`, value: multiSz("Contains", [contains]) },
    { kind: "set-value", path: `Resources\\${contains}`, value: sz("Name", contains) },
  ];
  const tree = applyEdits(emptyKey("Cluster", 1n), [...group("g1", "r1"), ...group("g2", "r2")], 1n);
  const before = readState(tree);
  const after = readState(
    applyEdits(tree, [{ kind: "set-value", path: "Runtime\\Resources\\r1", value: dword("State", 2) }], 2n),
  );
  assert.equal(after.groups.get("g2"), before.groups.get("g2"));
  assert.equal(after.resources.get("r2"), before.resources.get("r2"));
  assert.notEqual(after.groups.get("g1"), before.groups.get("g1"));
});

test("more changes than are kept aside", () => {
  const object = (n: number): [string, { id: string; sort: string; name: string; object: number }] => {
    const text = String(n);
    return [text, { id: text, sort: text, name: text.padStart(9, "0"), object: n }];
  };
  const first = Array.from({ length: 100 }, (_, n) => object(n));
  let map = NamedMap.of(first.map(([, one]) => one));
  map.named("000000001");
  let plainMap = new PatchedMap<number>(new Map());
  for (let n = 50; n < 1500; n++) {
    map = map.with(new Map([object(n), [String(n - 50), undefined]]));
    plainMap = plainMap.with(
      new Map([
        [String(n), n],
        [String(n - 50), undefined],
      ]),
    );
  }
  const expected = Array.from({ length: 50 }, (_, n) => 1450 + n);
  assert.deepEqual(
    [...map.values()].sort((a, b) => a - b),
    expected,
  );
  assert.deepEqual(
    expected.map((n) => plainMap.get(String(n))),
    expected,
  );
  assert.equal(plainMap.get("1449"), undefined);
  assert.equal(map.named("000001470"), 1470);
  assert.equal(map.named("000000070"), undefined);
});
