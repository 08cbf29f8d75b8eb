import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { minusOne } from "../database/schema.ts";
import { builtInResourceTypes } from "../database/resource-type-tables.ts";
import { readState, type ResourceState } from "../database/state.ts";
import { resourceTypes } from "../monitor/types.ts";
import { parseScenario } from "../../test/policy/scenario.ts";
import { inCircles, onlineOrder } from "./dependency.ts";
import { isInFailbackWindow } from "./failback.ts";
import { closeDifference, type OwnerAction, type RunningResource } from "./owner.ts";
import { decideRestart } from "./restart.ts";

const graph = fc
  .array(fc.array(fc.nat(11), { maxLength: 3 }), { minLength: 1, maxLength: 12 })
  .map((lists) =>
    lists.map((list, index) => ({ id: String(index), dependsOn: list.map((one) => String(one % lists.length)) })),
  );

test("the online order has every resource once and providers first, but for circles", () => {
  fc.assert(
    fc.property(graph, (resources) => {
      const order = onlineOrder(resources);
      assert.deepEqual(order.map((one) => one.id).sort(), resources.map((one) => one.id).sort());
      const circular = new Set(inCircles(resources));
      const seen = new Set<string>();
      for (const one of order) {
        if (!circular.has(one.id))
          assert.ok(
            one.dependsOn.every((id) => seen.has(id)),
            one.id,
          );
        seen.add(one.id);
      }
    }),
  );
});

test("inCircles finds exactly what can reach a circle", () => {
  assert.deepEqual(
    inCircles([
      { id: "a", dependsOn: ["b"] },
      { id: "b", dependsOn: ["a"] },
      { id: "c", dependsOn: ["a"] },
      { id: "d", dependsOn: [] },
    ]),
    ["a", "b", "c"],
  );
  assert.deepEqual(inCircles([{ id: "a", dependsOn: ["elsewhere"] }]), []);
});

test("the failback window: any time, within a day, over midnight, one hour", () => {
  const hours = (failbackWindowStart: number, failbackWindowEnd: number): number[] =>
    Array.from({ length: 24 }, (_, hour) => hour).filter((hour) =>
      isInFailbackWindow({ failbackWindowStart, failbackWindowEnd }, hour),
    );
  assert.equal(hours(minusOne, minusOne).length, 24);
  assert.equal(hours(3, minusOne).length, 24);
  assert.deepEqual(hours(20, 23), [20, 21, 22]);
  assert.deepEqual(hours(22, 2), [0, 1, 22, 23]);
  assert.deepEqual(hours(5, 5), [5]);
});

function resourceWith(words: string): ResourceState {
  const { tree } = parseScenario(
    `node 1 n1 up\ngroup g owner=1 generation=1\n resource app "Generic Application" failed ${words}`,
  );
  return readState(tree).resources.get("app") as ResourceState;
}

test("restarts count back from the failure, so waiting alone allows no more of them", () => {
  const app = resourceWith("RestartThreshold=2 RestartPeriod=10000 RestartDelay=500 RetryPeriodOnFailure=60000");
  const failure = { since: 100_000, restarts: [95_000, 97_000] };
  assert.equal(decideRestart(app, { since: 100_000, restarts: [95_000] }, 100_500).kind, "restart");
  assert.deepEqual(decideRestart(app, { since: 100_000, restarts: [] }, 100_499).kind, "later");
  for (const now of [100_000, 115_000, 159_999])
    assert.equal(decideRestart(app, failure, now).kind, "give-up", String(now));
  const retry = decideRestart(app, failure, 160_000);
  assert.ok(retry.kind === "restart" && retry.fresh);
  assert.equal(decideRestart(app, { since: 100_000, restarts: [90_000, 90_000, 97_000] }, 100_500).kind, "restart");
});

test("RestartAction 0 gives up at once, 1 without asking for a failover, 2 with", () => {
  const asks = (words: string): unknown => decideRestart(resourceWith(words), { since: 0, restarts: [] }, 1000);
  assert.deepEqual(asks("RestartAction=0"), {
    kind: "give-up",
    askFailover: false,
    retryAt: undefined,
    because: "its RestartAction is 0 (no restart)",
  });
  assert.partialDeepStrictEqual(asks("RestartAction=1 RestartThreshold=0"), {
    kind: "give-up",
    askFailover: false,
    retryAt: 3_600_000,
  });
  assert.partialDeepStrictEqual(asks("RestartAction=2 RestartThreshold=0"), { kind: "give-up", askFailover: true });
  assert.partialDeepStrictEqual(asks("RestartThreshold=0 RetryPeriodOnFailure=4294967295"), { retryAt: undefined });
});

test("the database documents the resource types that the host has, with the same parameters", () => {
  for (const type of resourceTypes) {
    const spec = builtInResourceTypes.find((one) => one.name === type.name);
    assert.ok(spec, type.name);
    assert.equal(spec.diesWithHost, type.diesWithHost, type.name);
    const kinds = { text: "sz", texts: "multi-sz", number: "dword", flag: "dword", bytes: "binary" };
    const rows = type.parameters.map((row) => `${row.name} ${kinds[row.kind]}`).sort();
    assert.deepEqual(spec.privateProperties.map((one) => `${one.name} ${one.type}`).sort(), rows, type.name);
  }
});

test("a resource that is only on its way is reported when it takes its time, or with what has arrived", () => {
  const resources = ["a", "b"].map((name) => `  resource ${name} "Generic Application" online`);
  const lines = ["node 1 n1 up", "group web owner=1 generation=3", ...resources];
  const read = readState(parseScenario(lines.join("\n")).tree);
  const hasty = [...read.resources].map(([id, one]) => [id, { ...one, pendingTimeout: 120 }] as const);
  let state = read;
  const group = [...state.groups.values()][0];
  const [a = "", b = ""] = group?.resources ?? [];
  const entry = { group: group?.id ?? "", busy: false, restarts: [], restored: undefined, captured: true, reason: "" };
  const down = { ...entry, phase: "offline-pending", since: 1000 } as const;
  const up = { ...entry, phase: "online", since: 0 } as const;
  const reports = (nowBoot: number, running: ReadonlyMap<string, RunningResource>): readonly (string | number)[] => {
    const incarnation = state.nodes.get("1")?.incarnation ?? "";
    const actions = closeDifference({ state, me: "1", incarnation, running, nowBoot });
    const told = (each: OwnerAction): readonly (string | number)[] =>
      each.kind === "report" ? [each.kind] : each.kind === "wake" ? [each.at] : [];
    return actions.flatMap(told);
  };
  const passing = new Map<string, RunningResource>([
    [a, down],
    [b, up],
  ]);
  assert.deepEqual(reports(1100, passing), [1150]);
  assert.equal(reports(1150, passing).at(-1), "report");
  assert.equal(reports(1100, new Map([...passing, [b, { ...up, phase: "failed" as const }]])).at(-1), "report");
  state = { ...state, resources: new Map(hasty) };
  assert.deepEqual(reports(1100, passing), [1120], "its PendingTimeout comes first");
});
