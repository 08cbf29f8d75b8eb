import assert from "node:assert/strict";
import { test } from "node:test";
import { Failure } from "../../base/errors.ts";
import { applyEdits } from "../../tree/edit.ts";
import { findValue, type Key } from "../../tree/key.ts";
import { dword, dwordOf, multiSz, multiSzOf, sz, textOf } from "../../tree/value.ts";
import { holds } from "../apply.ts";
import type { Change } from "../change.ts";
import { initialDatabase } from "../initial-database.ts";
import { readState } from "../state.ts";
import { renameCluster, setClusterProperties } from "./cluster.ts";
import { addDependency, removeDependency } from "./dependency.ts";
import {
  cancelMove,
  createGroup,
  deleteGroup,
  moveGroup,
  offlineGroup,
  onlineGroup,
  releaseGroups,
  renameGroup,
  setGroupProperties,
  setPreferredOwners,
} from "./group.ts";
import { addNode, confirmNodeDown, evictNode, pauseNode, resumeNode } from "./node.ts";
import { addPossibleOwner, removePossibleOwner } from "./owners.ts";
import * as resources from "./resource.ts";
import { closestFirst, meantName } from "./spelling.ts";

const guid = (n: number): string => `00000000-0000-4000-8000-${String(n).padStart(12, "0")}`;

function start(): Key {
  let next = 900;
  const newGuid = (): string => {
    next += 1;
    return guid(next);
  };
  return initialDatabase({ clusterName: "c1", instance: guid(1), nodeId: "1", nodeName: "n1", time: 1n, newGuid });
}

function apply(tree: Key, change: Change): Key {
  assert.deepEqual(
    change.conditions.filter((condition) => !holds(tree, condition)),
    [],
    change.because,
  );
  assert.ok(change.because.endsWith("."), change.because);
  return applyEdits(tree, change.edits, 2n);
}

const set = (tree: Key, path: string, ...values: ReturnType<typeof sz>[]): Key =>
  applyEdits(
    tree,
    values.map((value) => ({ kind: "set-value", path, value })),
    2n,
  );

/** Group "web" with resources disk and app (depends on disk), nodes n1 up and n2 up. */
function cluster(): Key {
  let tree = apply(start(), addNode(start(), { name: "n2" }));
  tree = set(tree, "Runtime\\Nodes\\1", dword("State", 0), sz("Incarnation", "a"));
  tree = set(tree, "Runtime\\Nodes\\2", dword("State", 0), sz("Incarnation", "b"));
  tree = apply(tree, createGroup(tree, { id: guid(10), name: "web" }));
  tree = apply(
    tree,
    resources.createResource(tree, { id: guid(11), name: "disk", group: "web", type: "physical disk" }),
  );
  tree = apply(
    tree,
    resources.createResource(tree, {
      id: guid(12),
      name: "app",
      group: "WEB",
      type: "Generic Application",
      parameters: { CommandLine: "sleep 1" },
    }),
  );
  tree = apply(tree, addDependency(tree, { resource: "app", dependsOn: "disk" }));
  return set(tree, `Runtime\\Groups\\${guid(10)}`, sz("Owner", "1"), dword("OwnershipGeneration", 1));
}

const withState = (tree: Key, id: number, state: number): Key =>
  set(tree, `Runtime\\Resources\\${guid(id)}`, dword("State", state));

function refuses(code: number, run: () => unknown): void {
  assert.throws(run, (error) => {
    assert.ok(error instanceof Failure, String(error));
    assert.equal(error.win32, code, error.message);
    return true;
  });
}

test("a new cluster has one node, two groups and the resource types", () => {
  const state = readState(start());
  assert.deepEqual(
    [...state.nodes.values()].map((node) => node.name),
    ["n1"],
  );
  assert.deepEqual(
    [...state.groups.values()].map((group) => [group.name, group.released, group.owner]),
    [
      ["Available Storage", true, undefined],
      ["Cluster Group", true, undefined],
    ],
  );
  assert.equal(state.resourceTypes.get("generic application")?.diesWithHost, true);
  assert.equal(state.resourceTypes.get("physical disk")?.diesWithHost, false);
});

test("groups: created, renamed, deleted, with the documented refusals", () => {
  const tree = cluster();
  refuses(5010, () => createGroup(tree, { id: guid(20), name: "Web" }));
  refuses(87, () => createGroup(tree, { id: guid(20), name: "" }));
  refuses(87, () => createGroup(tree, { id: "x", name: "y" }));
  refuses(5010, () => createGroup(tree, { id: guid(10), name: "y" }));
  refuses(5013, () => deleteGroup(tree, { group: "nobody" }));
  refuses(5001, () => deleteGroup(tree, { group: "web" }));
  refuses(5012, () => deleteGroup(tree, { group: "Cluster Group" }));
  refuses(5010, () => renameGroup(tree, { group: "web", name: "cluster group" }));
  const renamed = apply(tree, renameGroup(tree, { group: `{${guid(10).toUpperCase()}}`, name: "WEB" }));
  assert.equal(readState(renamed).groups.get(guid(10))?.name, "WEB");
  const other = apply(tree, createGroup(tree, { id: guid(20), name: "other" }));
  assert.equal(readState(apply(other, deleteGroup(other, { group: "other" }))).groups.has(guid(20)), false);
});

test("two changes of structure that were made side by side never both apply", () => {
  const tree = cluster();
  const second = createGroup(tree, { id: guid(21), name: "same" });
  const after = apply(tree, createGroup(tree, { id: guid(20), name: "same" }));
  assert.ok(second.conditions.some((condition) => !holds(after, condition)));
});

test("resources: created, deleted, with the documented refusals", () => {
  const tree = cluster();
  const create = (request: Partial<resources.CreateResource>): Change =>
    resources.createResource(tree, { id: guid(30), name: "x", group: "web", type: "Generic Script", ...request });
  refuses(5078, () => create({ type: "Nothing" }));
  refuses(5010, () => create({ name: "DISK" }));
  refuses(5013, () => create({ group: "nobody" }));
  refuses(5001, () => resources.deleteResource(tree, { resource: "disk" }));
  refuses(5007, () => resources.deleteResource(tree, { resource: "nobody" }));
  for (const state of [2, 129, 130, 0xffffffff])
    refuses(5019, () => resources.deleteResource(withState(tree, 12, state), { resource: "app" }));
  const kept = set(tree, `Resources\\${guid(12)}\\RegSync`, sz("00000003", "SOFTWARE\\App"));
  const deleted = apply(kept, resources.deleteResource(kept, { resource: "app" }));
  assert.deepEqual(multiSzOf(findValue(deleted, "Runtime\\DeletedResources", guid(12))), ["00000003.CPT"]);
  assert.deepEqual(readState(deleted).groups.get(guid(10))?.resources, [guid(11)]);
});

test("a group is left failed no longer when the last resource that failed is deleted", () => {
  const left = set(cluster(), `Runtime\\Groups\\${guid(10)}`, sz("Failed", "It failed."));
  const failedAfter = (tree: Key): string | undefined =>
    readState(apply(tree, resources.deleteResource(tree, { resource: "app" }))).groups.get(guid(10))?.failed;
  assert.equal(failedAfter(withState(withState(left, 11, 2), 12, 4)), undefined);
  assert.equal(failedAfter(withState(withState(left, 11, 4), 12, 4)), "It failed.");
});

test("dependencies: 87, 5003, 1059, 5002, 5019", () => {
  let tree = cluster();
  refuses(87, () => addDependency(tree, { resource: "app", dependsOn: "app" }));
  refuses(5003, () => addDependency(tree, { resource: "app", dependsOn: "disk" }));
  refuses(1059, () => addDependency(tree, { resource: "disk", dependsOn: "app" }));
  refuses(5002, () => removeDependency(tree, { resource: "disk", dependsOn: "app" }));
  tree = apply(tree, createGroup(tree, { id: guid(20), name: "other" }));
  tree = apply(
    tree,
    resources.createResource(tree, { id: guid(30), name: "far", group: "other", type: "Generic Script" }),
  );
  refuses(87, () => addDependency(tree, { resource: "app", dependsOn: "far" }));
  tree = apply(tree, removeDependency(tree, { resource: "app", dependsOn: "disk" }));
  assert.deepEqual(readState(tree).resources.get(guid(12))?.dependsOn, []);
  refuses(5019, () => addDependency(withState(tree, 12, 2), { resource: "app", dependsOn: "disk" }));
});

test("properties: range 87, type 5895, read-only 5089, unknown 87, null is the default again", () => {
  const tree = cluster();
  const web = (properties: Parameters<typeof setGroupProperties>[1]["properties"]): Change =>
    setGroupProperties(tree, { group: "web", properties });
  refuses(87, () => web({ FailoverPeriod: 1194 }));
  refuses(87, () => web({ FailbackWindowStart: 24 }));
  refuses(87, () => web({ Nothing: 1 }));
  refuses(87, () => web({}));
  refuses(5895, () => web({ FailoverPeriod: "six" }));
  refuses(5089, () => web({ Name: "x" }));
  const after = apply(tree, web({ failoverperiod: "0x10", FailbackWindowStart: -1, AntiAffinityClassNames: "a;b" }));
  const group = readState(after).groups.get(guid(10));
  assert.equal(group?.failoverPeriod, 16);
  assert.deepEqual(group?.antiAffinityClassNames, ["a", "b"]);
  const again = apply(after, setGroupProperties(after, { group: "web", properties: { FailoverPeriod: null } }));
  assert.equal(readState(again).groups.get(guid(10))?.failoverPeriod, 6);
  refuses(87, () =>
    resources.setResourceProperties(tree, { resource: "app", properties: { RetryPeriodOnFailure: 1000 } }),
  );
  refuses(87, () => setClusterProperties(tree, { properties: { SameSubnetDelay: 249 } }));
  const free = apply(
    tree,
    resources.setResourceParameters(tree, { resource: "app", parameters: { stoptimeout: "5", Mine: ["x"] } }),
  );
  assert.equal(dwordOf(findValue(free, `Resources\\${guid(12)}\\Parameters`, "StopTimeout")), 5);
  assert.deepEqual(multiSzOf(findValue(free, `Resources\\${guid(12)}\\Parameters`, "Mine")), ["x"]);
});

test("online and offline are kept: PersistentState of groups and resources", () => {
  let tree = cluster();
  const states = (): (number | undefined)[] =>
    [11, 12].map((n) => readState(tree).resources.get(guid(n))?.persistentState);
  assert.deepEqual(states(), [0, 0]);
  tree = apply(tree, onlineGroup(tree, { group: "web" }));
  assert.deepEqual(states(), [0xffffffff, 0xffffffff]);
  tree = apply(tree, offlineGroup(tree, { group: "web" }));
  assert.equal(readState(tree).groups.get(guid(10))?.wanted, false);
  // Only the disk: the group is wanted again, the application stays offline.
  tree = apply(tree, resources.onlineResource(tree, { resource: "disk" }));
  assert.deepEqual(states(), [1, 0]);
  // The application needs the disk, which is wanted already.
  tree = apply(tree, resources.onlineResource(tree, { resource: "app" }));
  assert.deepEqual(states(), [1, 1]);
  tree = apply(tree, resources.offlineResource(tree, { resource: "disk" }));
  assert.deepEqual(states(), [0, 1]);
  const failed = withState(tree, 12, 4);
  tree = apply(failed, onlineGroup(failed, { group: "web" }));
  assert.equal(readState(tree).resources.get(guid(12))?.request, "online");
  refuses(5004, () => resources.failResource(tree, { resource: "disk" }));
});

test("bringing online by hand what had failed or was offline forgets earlier failovers", () => {
  const seen = multiSz("Failovers", ["5 1"]);
  const before = set(apply(cluster(), onlineGroup(cluster(), { group: "web" })), `Runtime\\Groups\\${guid(10)}`, seen);
  const count = (tree: Key): number | undefined => readState(tree).groups.get(guid(10))?.failovers.length;
  const online = [
    (tree: Key): Change => onlineGroup(tree, { group: "web" }),
    (tree: Key): Change => resources.onlineResource(tree, { resource: "app" }),
  ];
  for (const build of online) {
    assert.equal(count(apply(before, build(before))), 1);
    for (const tree of [
      withState(before, 12, 4),
      set(before, `Runtime\\Groups\\${guid(10)}`, sz("Failed", "It failed.")),
      apply(before, offlineGroup(before, { group: "web" })),
    ])
      assert.equal(count(apply(tree, build(tree))), 0);
  }
});

test("move: 5010 when there, 5050 down, 5070 paused, 5071 no possible owner, 5908 twice, 5023 nothing to call off", () => {
  let tree = cluster();
  refuses(5010, () => moveGroup(tree, { group: "web", node: "n1" }));
  refuses(5042, () => moveGroup(tree, { group: "web", node: "n9" }));
  refuses(5023, () => cancelMove(tree, { group: "web" }));
  const down = set(tree, "Runtime\\Nodes\\2", dword("State", 1));
  refuses(5050, () => moveGroup(down, { group: "web", node: "n2" }));
  refuses(5005, () => moveGroup(down, { group: "web" }));
  const paused = apply(tree, pauseNode(tree, { node: "n2" }));
  refuses(5070, () => moveGroup(paused, { group: "web", node: "n2" }));
  const bound = apply(tree, removePossibleOwner(tree, { resource: "disk", node: "n2" }));
  refuses(5071, () => moveGroup(bound, { group: "web", node: "n2" }));
  tree = apply(tree, moveGroup(tree, { group: "web", node: "N2" }));
  assert.equal(readState(tree).groups.get(guid(10))?.moveTo, "2");
  refuses(5908, () => moveGroup(tree, { group: "web" }));
  tree = apply(tree, cancelMove(tree, { group: "web" }));
  assert.equal(readState(tree).groups.get(guid(10))?.moveTo, undefined);
});

test("owners: possible and preferred", () => {
  let tree = cluster();
  refuses(5010, () => addPossibleOwner(tree, { resource: "disk", node: "n1" }));
  refuses(5023, () => removePossibleOwner(withState(tree, 11, 2), { resource: "disk", node: "n1" }));
  tree = apply(tree, removePossibleOwner(tree, { resource: "disk", node: "n1" }));
  assert.deepEqual(readState(tree).resources.get(guid(11))?.possibleOwners, ["2"]);
  refuses(87, () => removePossibleOwner(tree, { resource: "disk", node: "n2" }));
  refuses(5042, () => removePossibleOwner(tree, { resource: "disk", node: "n1" }));
  tree = apply(tree, addPossibleOwner(tree, { resource: "disk", node: "n1" }));
  refuses(87, () => setPreferredOwners(tree, { group: "web", nodes: ["n1", "1"] }));
  tree = apply(tree, setPreferredOwners(tree, { group: "web", nodes: ["n2", "n1"] }));
  assert.deepEqual(readState(tree).groups.get(guid(10))?.preferredOwners, ["2", "1"]);
});

test("nodes: paused, drained, resumed, evicted, confirmed down", () => {
  let tree = cluster();
  refuses(5010, () => addNode(tree, { name: "N2" }));
  refuses(5058, () => resumeNode(tree, { node: "n1" }));
  tree = apply(tree, pauseNode(tree, { node: "n1", drain: true }));
  assert.equal(readState(tree).nodes.get("1")?.drainStatus, 1);
  refuses(5962, () => pauseNode(tree, { node: "n1" }));
  refuses(5050, () => pauseNode(tree, { node: "n2", drain: true }));
  tree = set(tree, `Runtime\\Groups\\${guid(10)}`, sz("Owner", "2"), sz("DisplacedFrom", "1"));
  tree = apply(tree, resumeNode(tree, { node: "n1", failback: "now" }));
  assert.equal(readState(tree).groups.get(guid(10))?.moveTo, "1");
  assert.equal(readState(tree).nodes.get("1")?.paused, false);
  refuses(5009, () => evictNode(tree, { node: "n2", stopped: true }));
  refuses(5056, () => confirmNodeDown(tree, { node: "n2", repeatedName: "n2", who: "me" }));
  tree = set(tree, "Runtime\\Nodes\\2", dword("State", 1));
  refuses(5009, () => evictNode(tree, { node: "n2", stopped: false }));
  refuses(87, () => confirmNodeDown(tree, { node: "n2", repeatedName: "n1", who: "me" }));
  tree = apply(tree, setPreferredOwners(tree, { group: "web", nodes: ["n2", "n1"] }));
  const confirmed = apply(tree, confirmNodeDown(tree, { node: "n2", repeatedName: "N2", who: "me" }));
  assert.equal(readState(confirmed).nodes.get("2")?.confirmedDown, true);
  const reborn = set(confirmed, "Runtime\\Nodes\\2", sz("Incarnation", "c"));
  assert.equal(readState(reborn).nodes.get("2")?.confirmedDown, false);
  tree = apply(confirmed, evictNode(confirmed, { node: "n2", stopped: false }));
  assert.deepEqual(readState(tree).groups.get(guid(10))?.preferredOwners, ["1"]);
  refuses(87, () => evictNode(tree, { node: "n1", stopped: true }));
  tree = apply(tree, addNode(tree, { name: "n2" }));
  assert.deepEqual([...readState(tree).nodes.keys()], ["1", "3"]);
});

test("a node whose permit was only waited out is not evicted while a disk of it may be mounted", () => {
  let tree = cluster();
  tree = set(tree, "Runtime\\Nodes\\2", dword("State", 1), sz("Incarnation", "b"), sz("DownBecause", "waited"));
  tree = set(tree, `Runtime\\Groups\\${guid(10)}`, sz("Owner", "2"), dword("OwnershipGeneration", 4));
  const evict = (): Key => apply(tree, evictNode(tree, { node: "n2", stopped: true }));
  refuses(5009, evict);
  tree = set(tree, "Runtime\\Nodes\\2", sz("DownBecause", "gone"));
  refuses(5009, evict);
  const before = tree;
  tree = set(before, "Runtime\\Nodes\\2", sz("DownBecause", "proof"));
  assert.equal(readState(evict()).nodes.has("2"), false);
  tree = set(before, "Runtime\\Nodes\\2", sz("ConfirmedDown", "b"));
  assert.equal(readState(evict()).nodes.has("2"), false);
  tree = set(before, `Runtime\\Groups\\${guid(10)}`, dword("Released", 4));
  assert.equal(readState(evict()).nodes.has("2"), false);
});

test("the cluster's name", () => {
  const tree = start();
  refuses(87, () => renameCluster(tree, { name: "" }));
  assert.equal(textOf(findValue(apply(tree, renameCluster(tree, { name: "c2" })), "", "ClusterName")), "c2");
});

test("values of the wrong type and strange keys are read as defaults", () => {
  let tree = cluster();
  tree = set(tree, `Groups\\${guid(10)}`, sz("FailoverPeriod", "many"), dword("PreferredOwners", 1));
  tree = set(tree, "Groups\\not-a-guid", sz("Contains", "x"));
  tree = set(tree, "Resources\\{ABC}", dword("Name", 4));
  tree = set(tree, "MSDTC\\TMMapping\\Service", sz("x", "y"));
  const state = readState(tree);
  assert.equal(state.groups.get(guid(10))?.failoverPeriod, 6);
  assert.deepEqual(state.groups.get(guid(10))?.preferredOwners, []);
  assert.equal(state.groups.get("not-a-guid")?.name, "not-a-guid");
  assert.equal(state.resources.get("abc")?.group, undefined);
});

test("a held group is not wanted and can't be brought online before it is released", () => {
  let tree = apply(cluster(), onlineGroup(cluster(), { group: "web" }));
  refuses(5023, () => releaseGroups(tree, { group: "web" }));
  refuses(5023, () => releaseGroups(tree, {}));
  const value = sz("Held", "the set is older.");
  tree = applyEdits(tree, [{ kind: "set-value", path: `Groups\\${guid(10)}`, value }], 9n);
  assert.equal(readState(tree).groups.get(guid(10))?.wanted, false);
  refuses(5023, () => onlineGroup(tree, { group: "web" }));
  refuses(5023, () => resources.onlineResource(tree, { resource: "app" }));
  for (const request of [{ group: "web" }, {}]) {
    const free = apply(tree, releaseGroups(tree, request));
    assert.deepEqual(
      [readState(free).groups.get(guid(10))?.wanted, readState(free).groups.get(guid(10))?.held],
      [true, undefined],
    );
  }
});

test("names that are known are told, the closest first", () => {
  assert.deepEqual(
    closestFirst("Threshold", ["Description", "RestartThreshold", "RestartPeriod"])[0],
    "RestartThreshold",
  );
  assert.deepEqual(
    closestFirst("Generic Skript", ["Render", "Generic Service", "Generic Script"])[0],
    "Generic Script",
  );
  assert.deepEqual(closestFirst("OCF", ["Render", "OCF Agent"]), ["OCF Agent", "Render"]);
});

test("a parameter that is nearly a documented one is taken for a slip", () => {
  const tree = cluster();
  for (const slip of ["CommandLin", "ComandLine", "CommandLnie", "commandlines"])
    refuses(87, () => resources.setResourceParameters(tree, { resource: "app", parameters: { [slip]: "x" } }));
  for (const own of ["Mine", "Port", "CommandLineOfMine"])
    apply(tree, resources.setResourceParameters(tree, { resource: "app", parameters: { [own]: "x" } }));
  assert.equal(meantName("CommandLnie", ["CommandLine", "StopTimeout"]), "CommandLine");
  assert.equal(meantName("Po", ["Port"]), undefined);
});
