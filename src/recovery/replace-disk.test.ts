import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { holds } from "../database/apply.ts";
import type { Change } from "../database/change.ts";
import { offlineGroup, onlineGroup } from "../database/commands/group.ts";
import { initialDatabase } from "../database/initial-database.ts";
import { readState, type ResourceState } from "../database/state.ts";
import { applyEdits } from "../tree/edit.ts";
import { findValue, type Key } from "../tree/key.ts";
import { dword, multiSz, sz, textOf, type Value } from "../tree/value.ts";
import { planDiskReplacement } from "./replace-disk.ts";

const guid = (n: number): string => `00000000-0000-4000-8000-${String(n).padStart(12, "0")}`;
const [web, elsewhere, oldDisk, newDisk] = [guid(1), guid(2), guid(10), guid(11)] as const;
const states = { online: 2, offline: 3, failed: 4, unknown: 0xffffffff, offlinePending: 130 } as const;
const request = { old: "old", with: "new" };

function set(tree: Key, path: string, ...values: readonly Value[]): Key {
  return applyEdits(
    tree,
    values.map((value) => ({ kind: "set-value" as const, path, value })),
    2n,
  );
}

interface Made {
  readonly id: string;
  readonly name: string;
  readonly type?: string;
  readonly state?: number;
  readonly dependsOn?: readonly string[];
}

/** Group "web" with the disks "old" (failed, mounted at /srv/data) and "new" (offline), and applications. */
function cluster(
  applications: readonly Made[],
  changes: { readonly old?: Partial<Made>; readonly new?: Partial<Made> } = {},
): Key {
  let next = 900;
  const newGuid = (): string => guid((next += 1));
  let tree = initialDatabase({ clusterName: "c", instance: guid(3), nodeId: "1", nodeName: "n1", time: 1n, newGuid });
  const disk = { type: "Physical Disk", state: states.offline };
  const all: Made[] = [
    { ...disk, id: oldDisk, name: "old", state: states.failed, ...changes.old },
    { ...disk, id: newDisk, name: "new", ...changes.new },
    ...applications,
  ];
  for (const { id, name, type = "Generic Application", state = states.offline, dependsOn = [] } of all) {
    tree = set(tree, `Resources\\${id}`, sz("Name", name), sz("Type", type), dword("PersistentState", 1));
    if (dependsOn.length > 0) tree = set(tree, `Resources\\${id}`, multiSz("DependsOn", dependsOn));
    tree = set(tree, `Runtime\\Resources\\${id}`, dword("State", state));
  }
  tree = set(tree, `Resources\\${newDisk}`, dword("PersistentState", 0));
  tree = set(tree, `Resources\\${oldDisk}\\Parameters`, sz("MountPoint", "/srv/data"));
  tree = set(tree, `Resources\\${newDisk}\\Parameters`, sz("MountPoint", "/srv/new"));
  const contains = multiSz(
    "Contains",
    all.map(({ id }) => id),
  );
  tree = set(tree, `Groups\\${web}`, sz("Name", "web"), contains, dword("PersistentState", 1));
  tree = set(tree, `Groups\\${elsewhere}`, sz("Name", "elsewhere"));
  return set(tree, `Runtime\\Groups\\${web}`, sz("Owner", "1"), dword("OwnershipGeneration", 3), sz("Failed", "disk"));
}

function apply(tree: Key, change: Change | undefined): Key {
  assert.ok(change !== undefined);
  assert.deepEqual(
    change.conditions.filter((condition) => !holds(tree, condition)),
    [],
  );
  return applyEdits(tree, change.edits, 3n);
}

function resource(tree: Key, id: string): ResourceState {
  const found = readState(tree).resources.get(id);
  assert.ok(found !== undefined);
  return found;
}

function parameter(tree: Key, id: string, name: string): string | undefined {
  return textOf(findValue(tree, `Resources\\${id}\\Parameters`, name));
}

const app = { id: guid(20), name: "app", dependsOn: [oldDisk] } as const;

test("the plan says every step, and the update does it as a whole", () => {
  const other = { id: guid(21), name: "other", state: states.failed, dependsOn: [guid(20), oldDisk, newDisk] };
  const tree = cluster([app, other]);
  const { plan, change } = planDiskReplacement(tree, request, "/var/quorum");
  assert.deepEqual(plan, {
    result: "replace",
    old: { id: oldDisk, name: "old", state: "failed", becomes: "old (lost)" },
    new: { id: newDisk, name: "new", state: "offline" },
    group: "web",
    dependents: [
      { id: guid(20), name: "app", state: "offline" },
      { id: guid(21), name: "other", state: "failed" },
    ],
    mountPoint: "/srv/data",
    quorum: null,
    steps: [
      '"app", "other" will depend on "new".',
      '"new" will be mounted at /srv/data (was /srv/new).',
      '"old" becomes "old (lost)": it stays offline, and nothing depends on it.',
      '"new" comes online on the group\'s owner, then what depends on it.',
    ],
    warnings: [],
  });
  const after = apply(tree, change);
  assert.deepEqual(resource(after, guid(20)).dependsOn, [newDisk]);
  assert.deepEqual(resource(after, guid(21)).dependsOn, [guid(20), newDisk]);
  assert.equal(resource(after, guid(21)).request, "online");
  const [lost, fresh] = [resource(after, oldDisk), resource(after, newDisk)];
  assert.deepEqual([lost.name, lost.persistentState, fresh.persistentState], ["old (lost)", 0, 1]);
  assert.equal(parameter(after, newDisk, "MountPoint"), "/srv/data");
  assert.equal(parameter(after, oldDisk, "MountPoint"), undefined);
  assert.equal(parameter(after, oldDisk, "FormerMountPoint"), "/srv/data");
  assert.equal(readState(after).groups.get(web)?.failed, undefined);
});

test("the group comes online without the disk that was replaced", () => {
  const after = apply(cluster([app]), planDiskReplacement(cluster([app]), request).change);
  const offline = apply(after, offlineGroup(after, { group: "web" }));
  const online = apply(offline, onlineGroup(offline, { group: "web" }));
  const { persistentState, request: asked } = resource(online, oldDisk);
  assert.deepEqual([persistentState, asked, readState(online).groups.get(web)?.wanted], [0, undefined, true]);
});

test("asked again, under either name, it is done already; another disk is not", () => {
  const tree = cluster([app]);
  const after = apply(tree, planDiskReplacement(tree, request).change);
  for (const old of ["old", "OLD (lost)", oldDisk]) {
    const again = planDiskReplacement(after, { old, with: "new" });
    assert.deepEqual([again.plan.result, again.change], ["already", undefined]);
  }
  refuses("RESOURCE_NOT_FOUND", () => planDiskReplacement(after, { old: "gone", with: "new" }));
});

function refuses(name: string, work: () => unknown): void {
  assert.throws(work, { name });
}

test("what must not be done is refused with the way to go", () => {
  const plan = (tree: Key, quorum?: string): unknown => planDiskReplacement(tree, request, quorum);
  refuses("RESOURCE_ONLINE", () => plan(cluster([{ ...app, state: states.online }])));
  refuses("RESOURCE_ONLINE", () => plan(cluster([{ ...app, state: states.unknown }])));
  refuses("RESOURCE_ONLINE", () => plan(cluster([app], { old: { state: states.offlinePending } })));
  refuses("RESOURCE_ONLINE", () => plan(cluster([app], { new: { state: states.online } })));
  // To be online and not reported yet: the mount may be under way.
  const starting = cluster([app], { old: { state: states.offline } });
  refuses("RESOURCE_ONLINE", () => plan(starting));
  plan(set(starting, `Groups\\${web}`, dword("PersistentState", 0)));
  refuses("RESOURCE_ONLINE", () => plan(set(cluster([app]), `Resources\\${newDisk}`, dword("PersistentState", 1))));
  refuses("INVALID_PARAMETER", () => plan(cluster([app], { new: { type: "Render" } })));
  refuses("INVALID_PARAMETER", () => planDiskReplacement(cluster([app]), { old: "old", with: "old" }));
  refuses("CIRCULAR_DEPENDENCY", () => plan(cluster([app], { new: { dependsOn: [guid(20)] } })));
  refuses("CIRCULAR_DEPENDENCY", () => plan(cluster([app], { new: { dependsOn: [oldDisk] } })));
  refuses("CIRCULAR_DEPENDENCY", () => plan(cluster([app], { old: { dependsOn: [newDisk] } })));
  const noPoint = set(cluster([app]), `Resources\\${newDisk}\\Parameters`, sz("MountPoint", "/srv/data/"));
  refuses("QUORUM_RESOURCE", () => plan(noPoint, "/srv/data/quorum"));
  let other = set(cluster([app]), `Groups\\${web}`, multiSz("Contains", [oldDisk, guid(20)]));
  other = set(other, `Groups\\${elsewhere}`, multiSz("Contains", [newDisk]));
  refuses("INVALID_PARAMETER", () => plan(other));
});

test("the quorum moves with its disk, and the new one stays where it is mounted", () => {
  const named = set(cluster([{ ...app, dependsOn: [oldDisk] }]), "Quorum", sz("Resource", oldDisk));
  const { plan, change } = planDiskReplacement(named, request, "/srv/data/a/quorum");
  assert.deepEqual(plan.quorum, { from: "/srv/data/a/quorum", to: "/srv/new/a/quorum" });
  assert.deepEqual([plan.mountPoint, plan.warnings.length], ["/srv/new", 1]);
  const after = apply(named, change);
  assert.deepEqual(
    [parameter(after, newDisk, "MountPoint"), parameter(after, oldDisk, "MountPoint")],
    ["/srv/new", undefined],
  );
  assert.equal(textOf(findValue(after, "Quorum", "Resource")), newDisk);
  assert.deepEqual(planDiskReplacement(named, request, "/srv/data").plan.quorum?.to, "/srv/new/quorum");
  // Moved before, by a restore or by hand: only the resources are left to change.
  const { plan: later } = planDiskReplacement(named, request, "/srv/new/quorum");
  assert.deepEqual([later.quorum, later.mountPoint], [null, "/srv/new"]);
  const { plan: apart } = planDiskReplacement(named, request, "/srv/data2/quorum");
  assert.deepEqual([apart.quorum, apart.mountPoint], [null, "/srv/data"]);
});

test("a second lost disk of one name gets a number", () => {
  const tree = cluster([app, { id: guid(30), name: "Old (Lost)" }]);
  assert.equal(planDiskReplacement(tree, request).plan.old.becomes, "old (lost 2)");
});

test("whatever depends on whatever, dependencies pass over whole and no circle comes of it", () => {
  const many = fc.array(fc.record({ needs: fc.array(fc.nat({ max: 12 })), state: fc.constantFrom(3, 4) }), {
    maxLength: 10,
  });
  const property = fc.property(many, fc.array(fc.nat({ max: 12 })), (made, oldNeeds) => {
    const ids = [oldDisk, newDisk, ...made.map((_, index) => guid(20 + index))];
    // Only on what comes before: no circle to begin with. The old disk may need anything, so it comes last of those without it.
    const applications = made.map(({ needs, state }, index) => ({
      id: guid(20 + index),
      name: `app ${index}`,
      state,
      dependsOn: [...new Set(needs.filter((need) => need < index + 2).map((need) => ids[need] ?? ""))],
    }));
    const tree = cluster(applications, { old: { dependsOn: oldNeeds.includes(1) ? [guid(40)] : [] } });
    const before = readState(tree);
    const after = apply(tree, planDiskReplacement(tree, request).change);
    const { resources } = readState(after);
    for (const one of resources.values()) {
      assert.ok(!one.dependsOn.includes(oldDisk));
      assert.equal(new Set(one.dependsOn).size, one.dependsOn.length);
      const expected = new Set(before.resources.get(one.id)?.dependsOn.map((id) => (id === oldDisk ? newDisk : id)));
      if (one.id !== newDisk) assert.deepEqual(new Set(one.dependsOn), expected);
      assert.ok(!reaches(resources, one.id), one.name);
    }
    assert.equal(planDiskReplacement(after, request).plan.result, "already");
  });
  fc.assert(property, { numRuns: 100 });
});

function reaches(resources: ReadonlyMap<string, ResourceState>, id: string): boolean {
  const seen = new Set(resources.get(id)?.dependsOn);
  for (const one of seen) for (const next of resources.get(one)?.dependsOn ?? []) seen.add(next);
  return seen.has(id);
}

test("it applies only while all that it rests on is as it was", () => {
  const tree = cluster([app]);
  const { change } = planDiskReplacement(tree, request);
  assert.ok(change !== undefined);
  const moved: readonly (readonly [string, Value])[] = [
    [`Runtime\\Resources\\${guid(20)}`, dword("State", 2)],
    [`Runtime\\Resources\\${oldDisk}`, dword("State", 2)],
    [`Runtime\\Resources\\${newDisk}`, dword("State", 129)],
    [`Resources\\${newDisk}`, dword("PersistentState", 1)],
    [`Resources\\${guid(20)}`, multiSz("DependsOn", [])],
    [`Resources\\${oldDisk}\\Parameters`, sz("MountPoint", "/x")],
    [`Groups\\${web}`, multiSz("Contains", [oldDisk])],
    [`Runtime\\Groups\\${web}`, dword("OwnershipGeneration", 4)],
    ["Runtime\\Structure", dword("Changes", 77)],
  ];
  for (const [path, value] of moved) {
    const other = set(tree, path, value);
    assert.ok(
      change.conditions.some((condition) => !holds(other, condition)),
      `${path} ${value.name}`,
    );
  }
});
