/** The status is made of what changed since it was asked for last; here it is held against one that is made of everything. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import fc from "fast-check";
import { openScene, type Scene } from "../../test/api/scene.ts";
import { StateReader } from "../database/state-steps.ts";
import { type ClusterState, type GroupState, readState, stateMakers } from "../database/state.ts";
import { applyEdits, type Edit } from "../tree/edit.ts";
import { emptyKey } from "../tree/key.ts";
import { dword, multiSz, qword, sz, type Value } from "../tree/value.ts";
import { chooseGroups, chooseResources, type GroupQuestion } from "./group-choice.ts";
import { type StatusView, statusView, wholeCluster } from "./status-view.ts";
import { groupView, resourceView } from "./views.ts";

const count = 150;
const numbers = fc.nat(count - 1);
const set = (path: string, value: Value): Edit => ({ kind: "set-value", path, value });

/** Group `g7` with the resources `r7` and `s7`. */
function groupEdits(n: number): Edit[] {
  return [
    set(`Groups\\g${n}`, sz("Name", `Group ${n}`)),
    set(`Groups\\g${n}`, multiSz("Contains", [`r${n}`, `s${n}`])),
    set(`Groups\\g${n}`, dword("PersistentState", 1)),
    set(`Runtime\\Groups\\g${n}`, sz("Owner", String(n % 3))),
    ...["r", "s"].flatMap((one) => [
      set(`Resources\\${one}${n}`, sz("Name", `${one === "r" ? "Disk" : "Server"} ${n}`)),
      set(`Runtime\\Resources\\${one}${n}`, dword("State", 2)),
    ]),
  ];
}

const start = applyEdits(
  emptyKey("Cluster", 1n),
  [
    ...["1", "2"].map((id) => set(`Nodes\\${id}`, sz("NodeName", `N${id}`))),
    ...Array.from({ length: count }, (_, n) => groupEdits(n)).flat(),
  ],
  1n,
);

const step: fc.Arbitrary<readonly Edit[]> = fc.oneof(
  numbers.map((n) => [set(`Runtime\\Resources\\r${n}`, dword("State", 4))]),
  numbers.map((n) => [set(`Runtime\\Resources\\s${n}`, dword("State", 129))]),
  numbers.map((n) => [set(`Runtime\\Groups\\g${n}`, sz("Owner", "2"))]),
  numbers.map((n) => [set(`Runtime\\Groups\\g${n}`, sz("Failed", "It failed."))]),
  numbers.map((n) => [set(`Groups\\g${n}`, sz("Name", `Renamed ${n}`))]),
  numbers.map((n) => [set(`Groups\\g${n}`, dword("PersistentState", 0))]),
  numbers.map((n) => [set(`Groups\\g${n}`, sz("Held", "A restore."))]),
  numbers.map((n): Edit[] => [{ kind: "delete-key", path: `Groups\\g${n}` }]),
  numbers.map((n) => groupEdits(n)),
  fc
    .tuple(numbers, fc.integer({ min: 1, max: 9 }))
    .map(([n, version]) => [
      set(`Resources\\r${n}\\RegSync`, sz(`0000000${version}`, `SOFTWARE\\${n}`)),
      set(`Resources\\r${n}\\Checkpoints\\0000000${version}`, qword("Time", BigInt(1000 * n + version))),
      set(`Runtime\\Resources\\r${n}`, multiSz("LostCheckpoints", [`0000000${version}.CPT lost`])),
    ]),
);

const question: fc.Arbitrary<GroupQuestion> = fc.record(
  {
    limit: fc.constantFrom(0, 1, 7, 40, 1000, Number.POSITIVE_INFINITY),
    from: fc.constantFrom(0, 3, 60, 90),
    search: fc.constantFrom("", "group 1", "DISK 3", "r", "no such"),
    attention: fc.boolean(),
  },
  { requiredKeys: ["limit"] },
);

const needsLook = ({ held, wanted, failed, state, resources }: GroupState): boolean =>
  held !== undefined || (wanted && (failed !== undefined || state === -1 || (state !== 0 && resources.length > 0)));

/** What is chosen, out of a state in which every object was looked at. */
function chosenPlainly(
  { groups, resources }: ClusterState,
  { limit, from = 0, search = "", attention }: GroupQuestion,
): unknown {
  const text = search.toUpperCase();
  const names = ({ name, resources: ids }: GroupState): string[] => [
    name,
    ...ids.map((id) => resources.get(id)?.name ?? ""),
  ];
  const meant = [...groups.values()]
    .filter((group) => attention !== true || needsLook(group))
    .filter((group) => text === "" || names(group).some((name) => name.toUpperCase().includes(text)));
  const isWhole = meant.length <= limit && from === 0;
  const sorted = isWhole ? meant : [...meant.filter(needsLook), ...meant.filter((group) => !needsLook(group))];
  return { matching: meant.length, names: sorted.slice(from, from + limit).map(({ name }) => name) };
}

const pause = (): Promise<void> => Promise.resolve();

test("groups and resources are chosen as from a state that is looked at wholly", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(step, question), { minLength: 10, maxLength: 40, size: "max" }),
      async (steps) => {
        let tree = start;
        for (const [edits, asked] of steps) {
          tree = applyEdits(tree, edits, 2n);
          const state = readState(tree);
          const afresh = new StateReader(stateMakers).read(tree);
          const { matching, groups } = await chooseGroups(state, asked, pause);
          assert.deepEqual({ matching, names: groups.map(({ name }) => name) }, chosenPlainly(afresh, asked));
          const search = asked.search ?? "";
          const found = await chooseResources(state, { search, limit: 1000 }, pause);
          const named = [...afresh.resources.values()].filter(({ name }) =>
            name.toUpperCase().includes(search.toUpperCase()),
          );
          assert.deepEqual(found.map(({ name }) => name).sort(), named.map(({ name }) => name).sort());
        }
      },
    ),
    { numRuns: 30 },
  );
});

let scene: Scene;

before(async () => {
  scene = await openScene();
});

after(() => scene.close());

test("a part of the status tells its groups' resources, and the whole cluster in numbers", async () => {
  scene.edit(...Array.from({ length: count }, (_, n) => groupEdits(n)).flat());
  scene.edit(set("Runtime\\Groups\\g140", sz("Failed", "It failed.")));
  const status = await scene.client.get<StatusView>("/status", { groups: "2" });
  assert.equal(status.groups.length, 2);
  assert.equal(status.groups[0]?.name, "Group 140");
  assert.deepEqual(status.counts.broken, { count: 1, names: ["Group 140"] });
  assert.equal(status.resources[0]?.group, "Group 140");
  assert.ok(status.counts.groups >= count && status.counts.resources >= 2 * count && status.resources.length < 10);
  const refused = await scene.fetch("/api/v1/status?groups=many");
  assert.equal(refused.status, 400);
});

/** The status out of nothing that was known before. */
function plainStatus(state: ClusterState): Pick<StatusView, "groups" | "resources"> & { readonly counts: unknown } {
  const groups = [...state.groups.values()];
  const resources = [...state.resources.values()];
  const lost = resources.filter(({ lostCheckpoints }) => lostCheckpoints.length > 0).map(({ name }) => name);
  const [needy, held] = [groups.filter(needsLook), groups.filter((group) => group.held !== undefined)];
  return {
    groups: groups.map((group) => groupView(state, group)),
    resources: resources.map((resource) => resourceView(state, resource)),
    counts: {
      needy: needy.length,
      held: held.length,
      lost: { count: lost.length, names: lost.slice(0, 10) },
      checkpoints: resources.reduce((sum, { currentCount }) => sum + currentCount, 0),
      newest: Math.max(0, ...resources.map(({ newestVersion }) => newestVersion)) || null,
      owned: [...state.nodes.values()].map(({ id }) => groups.filter(({ owner }) => owner === id).length),
    },
  };
}

test("the whole status, in pieces and as one, is what everything that is looked at says", async () => {
  const whole = async (): Promise<StatusView> => scene.client.get<StatusView>("/status");
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 12 }), async (steps) => {
      let tree = start;
      scene.edit(...Array.from({ length: count }, (_, n) => groupEdits(n)).flat());
      for (const edits of steps) {
        scene.edit(...edits);
        await scene.client.get("/status", { groups: "5" });
        tree = scene.service.database.tree();
      }
      const expected = plainStatus(new StateReader(stateMakers).read(tree));
      const told = await whole();
      const { counts, checkpoints, nodes } = told;
      const numbersTold = {
        needy: counts.broken.count + counts.busy.count + counts.held.count,
        held: counts.held.count,
        lost: counts.lost,
        checkpoints: checkpoints.count,
        newest: checkpoints.newest,
        owned: nodes.map(({ groupCount }) => groupCount),
      };
      if (steps.length > 0)
        assert.deepEqual({ groups: told.groups, resources: told.resources, counts: numbersTold }, expected);
      const { tag: _, self: __, ...asOne } = await statusView(scene.service, wholeCluster);
      const { tag: ___, self: ____, ...inPieces } = told;
      assert.deepEqual(inPieces, JSON.parse(JSON.stringify(asOne)));
    }),
    { numRuns: 15 },
  );
});
