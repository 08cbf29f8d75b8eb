import assert from "node:assert/strict";
import { test } from "node:test";
import { example, group, identity, mail, web } from "../../test/crash-points/example-cluster.ts";
import { applyEdits, type Edit } from "../tree/edit.ts";
import { emptyKey, findKey, findValue, type Key } from "../tree/key.ts";
import { setUser, trustedUsers } from "../trust/trust.ts";
import { readState } from "../database/state.ts";
import { dword, dwordOf, multiSz, multiSzOf, sz, textOf } from "../tree/value.ts";
import type { PresentFacts, RestoreInput, RestorePlan, SetFacts } from "./plan-types.ts";
import { planRestore } from "./plan.ts";
import { longPermit, longPermitEdits } from "../membership/long-permit.ts";
import { restoredTree, treeChanges } from "./restored-tree.ts";

const cluster = { name: "TOWER", instance: identity.instance };
const layout = { checked: true, device: "8:1", partitions: [1048576, 536870912] } as const;

function setOf(tree: Key, change: Partial<SetFacts> = {}): SetFacts {
  const { lineage } = identity;
  const versions = example("one").files.map(
    ({ resource, number, kind }) => `{${resource}}/${number.toString(16).padStart(8, "0")}.${kind}`,
  );
  const tag = { generation: 1, epoch: 3, sequence: 40 };
  const known = {
    path: "/b/set",
    digest: "d",
    cluster,
    generation: 1,
    lineage,
    tag,
    time: 1,
    versions,
    quorumDevice: layout,
  };
  return { ...known, tree, damage: [], notChecked: [], ...change };
}

function presentOf(tree: Key): PresentFacts {
  const tag = { generation: 1, epoch: 4, sequence: 47 };
  return { state: "readable", cluster, generation: 1, lineage: identity.lineage, tag, tree, contentDigest: "c" };
}

function plan(change: Partial<RestoreInput> = {}): RestorePlan {
  const { tree } = example("one");
  return planRestore({
    set: setOf(tree),
    present: presentOf(tree),
    place: "/q",
    nodes: [{ id: "2", name: "n2", state: "stopped", evidence: "its service said so" }],
    self: { id: "1", name: "n1" },
    ownInstance: identity.instance,
    quorumDevice: layout,
    highestGeneration: 1,
    force: false,
    adoptIdentity: false,
    safetyFolder: "/d/safety",
    id: "33333333-3333-4333-8333-333333333333",
    lineage: "44444444-4444-4444-8444-444444444444",
    now: 1_700_000_000_123,
    ...change,
  });
}

const names = ({ blockers }: RestorePlan): string[] => blockers.map(({ name }) => name);
const edit = (tree: Key, ...edits: Edit[]): Key => applyEdits(tree, edits, 9n);

test("nothing in the way: the steps, the new generation and what is lost", () => {
  const made = plan();
  assert.deepEqual(
    made.steps.map(({ kind }) => kind),
    ["safety-backup", "build", "verify-built", "switch", "finish"],
  );
  assert.deepEqual([names(made), made.warnings, made.notChecked], [[], [], []]);
  assert.deepEqual(made.identity, {
    name: "TOWER",
    instance: identity.instance,
    generation: 2,
    lineage: "44444444-4444-4444-8444-444444444444",
  });
  assert.deepEqual(made.tag, { generation: 2, epoch: 0, sequence: 48 });
  assert.deepEqual(made.lost.updates, 7);
  assert.equal(made.safety, "/d/safety/2023-11-14T22-13-20-123Z-1-4-47");
  const { formerPlace, drive, ...stored } = made;
  assert.deepEqual([JSON.parse(JSON.stringify(made)), formerPlace, drive], [stored, undefined, undefined]);
});

test("a running or unknown node is 5056; unknown is not down; force turns it into warnings", () => {
  const nodes = [
    { id: "2", name: "n2", state: "running", evidence: "its service answers" },
    { id: "3", name: "n3", state: "unknown", evidence: "nobody answers" },
  ] as const;
  const refused = plan({ nodes });
  assert.deepEqual(names(refused), ["CLUSTER_NODE_UP", "CLUSTER_NODE_UP"]);
  assert.match(refused.blockers[1]?.sentence ?? "", /n3 runs is unknown.*not down/);
  const forced = plan({ nodes, force: true });
  assert.deepEqual(names(forced), []);
  assert.deepEqual([forced.stopNodes, forced.steps[0]?.kind, forced.warnings.length], [["2"], "stop-nodes", 2]);
  assert.match(forced.warnings[1] ?? "", /confirm-down n3/);
});

test("another cluster's set is refused unless its identity is adopted", () => {
  const other = { name: "OTHER", instance: "77777777-7777-4777-8777-777777777777" };
  const set = setOf(example("one").tree, { cluster: other });
  assert.deepEqual(names(plan({ set })), ["CLUSTER_INSTANCE_ID_MISMATCH"]);
  assert.deepEqual(names(plan({ set, force: true })), ["CLUSTER_INSTANCE_ID_MISMATCH"]);
  assert.deepEqual(names(plan({ set, present: { state: "none" } })), ["CLUSTER_INSTANCE_ID_MISMATCH"]);
  const adopted = plan({ set, adoptIdentity: true });
  assert.deepEqual([names(adopted), adopted.identity.instance], [[], other.instance]);
  assert.match(adopted.warnings.join(), /never run it beside/);
});

test("a damaged set and another disk layout are refused; force overrides only the layout", () => {
  const broken = setOf(example("one").tree, { tree: undefined, damage: ["chk0001.tmp: cut"] });
  assert.deepEqual(names(plan({ set: broken, force: true })), ["DATABASE_BACKUP_CORRUPT"]);
  const quorumDevice = { ...layout, partitions: [1048576] };
  const refused = plan({ quorumDevice });
  assert.deepEqual(names(refused), ["QUORUM_DISK_NOT_FOUND"]);
  assert.match(refused.blockers[0]?.sentence ?? "", /cannot find a quorum disk with the same partition layout/);
  assert.equal(plan({ quorumDevice, force: true }).warnings.length, 1);
  assert.match(plan({ quorumDevice: { checked: false, why: "on tmpfs" } }).notChecked.join(), /on tmpfs/);
});

test("a user's certificate that was revoked or replaced after the backup stays worth nothing", () => {
  const user = (name: string, key: string): readonly Edit[] =>
    setUser(emptyKey("", 0n), { name, key, rights: ["read"], expires: 1 }).edits;
  const bare = emptyKey("", 0n);
  const set = applyEdits(bare, [...user("ann", "1"), ...user("bob", "2"), ...user("cat", "3")], 0n);
  const present = applyEdits(bare, [...user("bob", "2"), ...user("cat", "4"), ...user("dan", "5")], 0n);
  const changes = treeChanges(set, present, new Set());
  assert.deepEqual(changes.dropUsers, ["ann", "cat"]);
  const restored = restoredTree(set, { ...changes, hold: [] }, 0n);
  assert.deepEqual(
    trustedUsers(restored).map(({ name }) => name),
    ["bob"],
  );
  assert.equal(treeChanges(set, undefined, new Set()).dropUsers, undefined);
});

test("evicted nodes stay evicted and leave every list of owners", () => {
  const { tree } = example("one", { nodes: 3 });
  const now = edit(tree, { kind: "delete-key", path: "Nodes\\2" });
  const made = plan({
    set: setOf(tree),
    present: presentOf(now),
    nodes: [{ id: "3", name: "n3", state: "stopped", evidence: "said so" }],
  });
  assert.deepEqual(made.treeChanges.dropNodes, ["2"]);
  assert.match(made.warnings.join(), /n2 was evicted.*stays evicted/);
  const restored = restoredTree(tree, made.treeChanges, 1n);
  assert.deepEqual(
    ["1", "2", "3"].map((id) => findKey(restored, `Nodes\\${id}`) !== undefined),
    [true, false, true],
  );
  assert.deepEqual(multiSzOf(findValue(restored, `Resources\\${web}`, "PossibleOwners")), ["1", "3"]);
  assert.deepEqual(multiSzOf(findValue(restored, `Groups\\${group}`, "PreferredOwners")), ["1"]);
  assert.equal(findKey(restored, "Runtime"), undefined);
});

test("onto an empty disk the quorum that is left says who was evicted, when it can be read and is this cluster's", () => {
  const { tree } = example("one", { nodes: 3 });
  const now = edit(tree, { kind: "delete-key", path: "Nodes\\2" });
  const elsewhere = (former: PresentFacts): RestorePlan =>
    plan({ set: setOf(tree), present: { state: "none" }, place: "/k/quorum", formerPlace: "/q", former });
  const made = elsewhere(presentOf(now));
  assert.deepEqual([made.treeChanges.dropNodes, made.notChecked], [["2"], []]);
  assert.match(made.warnings.join(), /n2 was evicted.*stays evicted/);
  const other = { ...presentOf(now), cluster: { ...cluster, instance: "55555555-5555-4555-8555-555555555555" } };
  for (const former of [other, { state: "unreadable", why: "torn" }] as const) {
    const { treeChanges, notChecked } = elsewhere(former);
    assert.deepEqual([treeChanges.dropNodes, notChecked.length], [[], 1]);
  }
});

test("a node that joined later must join again; the undo of the restore brings it back", () => {
  const before = example("one", { nodes: 2 }).tree;
  const after = example("one", { nodes: 3 }).tree;
  const made = plan({ set: setOf(before), present: presentOf(after) });
  assert.deepEqual([made.mustJoinAgain, made.treeChanges.leftOut], [["n3"], ["3"]]);
  const restored = restoredTree(before, made.treeChanges, 1n);
  assert.equal(dwordOf(findValue(restored, "Nodes", "NextNodeId")), 4);
  const undo = plan({ set: setOf(after), present: presentOf(restored) });
  assert.deepEqual([undo.treeChanges.dropNodes, undo.mustJoinAgain], [[], []]);
  assert.equal(findValue(restoredTree(after, undo.treeChanges, 1n), "Nodes", "LeftOutByRestore"), undefined);
});

test("numbers that were used since are not used again", () => {
  const { tree } = example("one");
  const now = edit(tree, { kind: "set-value", path: `Resources\\${web}\\Checkpoints`, value: dword("NextNumber", 20) });
  const restored = restoredTree(tree, plan({ present: presentOf(now) }).treeChanges, 1n);
  assert.equal(dwordOf(findValue(restored, `Resources\\${web}\\Checkpoints`, "NextNumber")), 20);
  assert.equal(dwordOf(findValue(restored, `Resources\\${mail}\\Checkpoints`, "NextNumber")), 4);
});

test("an older version whose file is not in the set leaves the history", () => {
  const { tree } = example("one");
  const set = setOf(tree, { versions: setOf(tree).versions.slice(1) });
  const restored = restoredTree(tree, plan({ set }).treeChanges, 1n);
  const numbers = ["00000001", "00000002"].map(
    (number) => findKey(restored, `Resources\\${web}\\Checkpoints\\${number}`) !== undefined,
  );
  assert.deepEqual(numbers, [false, true]);
});

test("the generation is above every one that was seen", () => {
  const { tree } = example("one");
  const nodes = [{ id: "2", name: "n2", state: "stopped", evidence: "said so", generation: 9 }] as const;
  assert.equal(plan({ nodes }).generation.to, 10);
  assert.equal(plan({ highestGeneration: 12 }).generation.to, 13);
  assert.equal(plan({ set: setOf(tree, { generation: 30 }) }).generation.to, 31);
});

test("without a cluster there is nothing to save; an unreadable one is copied and said", () => {
  const none = plan({ present: { state: "none" } });
  assert.deepEqual([none.safety, none.steps[0]?.kind], [undefined, "build"]);
  assert.match(none.notChecked.join(), /evicted after the backup: in .* is no cluster yet/);
  assert.match(none.lost.sentence, /no cluster yet to compare the set with/);
  const unreadable = plan({ present: { state: "unreadable", why: "the log is damaged" } });
  assert.equal(unreadable.steps[0]?.kind, "safety-copy");
  assert.equal(unreadable.lost.updates, undefined);
  assert.match(unreadable.lost.sentence, /can't be read/);
});

test("this node must be a member; a drive adds a step", () => {
  assert.deepEqual(names(plan({ self: { id: "5", name: "n5" } })), ["CLUSTER_NODE_NOT_FOUND"]);
  assert.deepEqual(plan({ formerPlace: "/old", drive: "Q:" }).steps.at(-2)?.kind, "place");
});

test("what changes is counted by object and said by value", () => {
  const { tree } = example("one");
  const now = edit(
    tree,
    { kind: "delete-key", path: `Resources\\${mail}` },
    { kind: "set-value", path: `Resources\\${web}\\Parameters`, value: sz("Word", "later") },
    { kind: "delete-value", path: `Resources\\${web}\\RegSync`, name: "00000002" },
    { kind: "set-value", path: `Resources\\${web}\\RegSync`, value: sz("00000007", "SOFTWARE\\Web") },
    { kind: "set-value", path: "Groups\\new", value: sz("Name", "newer") },
    { kind: "set-value", path: "Groups\\new", value: multiSz("Contains", []) },
    { kind: "set-value", path: "", value: sz("Description", "x") },
  );
  const { changes } = plan({ present: presentOf(now) });
  const { groups, resources, checkpoints, other, nodes } = changes?.counts ?? assert.fail("no changes");
  assert.deepEqual(
    [groups, resources, checkpoints, other, nodes],
    [
      { added: 0, removed: 1, changed: 0 },
      { added: 1, removed: 0, changed: 1 },
      { added: 0, removed: 0, changed: 1 },
      { added: 0, removed: 0, changed: 1 },
      { added: 0, removed: 0, changed: 0 },
    ],
  );
  assert.ok(changes?.lines.includes('group "newer" goes'), changes?.lines.join("\n"));
  assert.ok(changes?.lines.includes('resource "mail" comes back'));
  assert.ok(changes?.lines.includes('resource "web", Parameters: Word "later" → "one"'));
  assert.ok(changes?.lines.includes('checkpoint SOFTWARE\\Web of resource "web": version 2 becomes current'));
});

test("a leader after a restore waits for the longer permits of a move that was not long ago", () => {
  const set = setOf(example("one").tree);
  const edits = longPermitEdits({ plan: "p", permit: 15_000, over: false });
  const moving = edit(example("two").tree, ...edits);
  for (const input of [{ present: presentOf(moving) }, { present: { state: "none" }, lastKnown: moving }] as const) {
    const restored = restoredTree(set.tree as Key, plan({ set, ...input }).treeChanges, 9n);
    assert.deepEqual(longPermit(restored), { plan: "p", permit: 15_000, over: true });
  }
});

test("groups whose last known settings are newer than the set's are held, all on request, none when asked", () => {
  const tree = example("one").tree;
  const newer = example("two").tree;
  const digest = (of: Key, resource: string, number: string, content: string): Key =>
    edit(of, {
      kind: "set-value",
      path: `Resources\\${resource}\\Checkpoints\\${number}`,
      value: sz("ContentDigest", content),
    });
  const set = setOf(digest(tree, web, "00000002", "old"));
  const present = presentOf(digest(newer, web, "00000002", "new"));
  const made = plan({ set, present });
  assert.deepEqual(
    made.held.map(({ name }) => name),
    ["web group"],
  );
  assert.match(made.held[0]?.why ?? "", /SOFTWARE\\Web of "web"/);
  assert.match(made.warnings.join(), /clubar group release "web group"/);
  const held = restoredTree(set.tree as Key, made.treeChanges, 9n);
  assert.match(textOf(findValue(held, `Groups\\${group}`, "Held")) ?? "", /older than the last settings/);
  assert.equal(readState(held).groups.get(group)?.wanted, false);

  assert.deepEqual(plan({ set, present, hold: false }).held, []);
  const same = plan({ set, present: presentOf(set.tree as Key) });
  assert.deepEqual(same.held, []);
  assert.equal(plan({ set, present: presentOf(set.tree as Key), hold: true }).held.length, 1);
  const unreadable = plan({ set, present: { state: "none" }, lastKnown: digest(newer, web, "00000002", "new") });
  assert.equal(unreadable.held.length, 1, "this node's own copy tells when the quorum can't");
  const again = restoredTree(held, plan({ set: setOf(held), present, hold: false }).treeChanges, 9n);
  assert.equal(findValue(again, `Groups\\${group}`, "Held"), undefined, "a hold that is in the set does not come back");
});

test("a group that ran last on a node whose files the same restore replaces is held, and no live settings are named for it", () => {
  const { tree } = example("one");
  const owner: Edit = { kind: "set-value", path: `Runtime\\Groups\\${group}`, value: sz("Owner", "1") };
  const present = presentOf(edit(tree, owner));
  const held = (change: Partial<RestoreInput>): RestorePlan["held"] => plan({ present, hold: true, ...change }).held;
  assert.deepEqual(
    held({}).map(({ on }) => on),
    ["1"],
  );
  const [replaced] = held({ ownFilesKeptIn: "/d/node-restore/saved-…" });
  assert.equal(replaced?.on, undefined);
  assert.match(replaced?.why ?? "", /n1, where it ran last, got the registry.*kept in \/d\/node-restore\/saved-…/);
  const other = held({ ownFilesKeptIn: "/d/node-restore/saved-…", self: { id: "2", name: "n2" } });
  assert.deepEqual(
    other.map(({ on }) => on),
    ["1"],
  );
});
