/**
 * A move of the quorum is cut short at every call that changes files: the cluster is in force in one place or is sealed, and whoever comes
 * next, the same node or another one, ends it in one place with everything that was acknowledged.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { sha256 } from "../../src/base/digest.ts";
import type { Files } from "../../src/base/outside.ts";
import { namedVersions } from "../../src/backup/named-versions.ts";
import { replay } from "../../src/membership/copy-image.ts";
import { openDiskQuorum } from "../../src/quorum/disk/quorum.ts";
import { examineQuorum } from "../../src/recovery/doctor-quorum.ts";
import { generationName } from "../../src/quorum/rules.ts";
import { diskEnd } from "../../src/recovery/move/disk-end.ts";
import { settleMove } from "../../src/recovery/move/follow-move.ts";
import type { EndName, MoveOrder } from "../../src/recovery/move/move-record.ts";
import { type MoveParts, moveQuorum, resumeMove } from "../../src/recovery/move/move-quorum.ts";
import { crashPoints } from "../../src/sim/crash-points.ts";
import { applyEdits } from "../../src/tree/edit.ts";
import { findValue, type Key } from "../../src/tree/key.ts";
import { dword, dwordOf, multiSz, sz, textOf } from "../../src/tree/value.ts";
import { type Example, group, identity, mail, memoryFiles, outsideOf, web } from "./example-cluster.ts";
import { after, data, digestOf, makeQuorum, place, recordScene } from "./example-quorum.ts";

const target = "/new/quorum";
const incarnation = (node: number): string => `00000000-0000-4000-8000-0000000000a${node}`;
const order: MoveOrder = {
  from: { kind: "directory", place },
  departure: {
    plan: "00000000-0000-4000-8000-00000000000a",
    kind: "directory",
    to: target,
    identity: { ...identity, generation: 4, lineage: "00000000-0000-4000-8000-00000000000b" },
  },
  time: 7,
};

/** Node 1 has proved that it stopped, node 2 has not; node 2 is paused. A request is remembered, a backup is under way. */
function running(tree: Key): Key {
  const set = (path: string, ...values: Parameters<typeof sz>[]): Parameters<typeof applyEdits>[1] =>
    values.map((value) => ({ kind: "set-value", path, value: sz(...value) }));
  const node = (id: number): Parameters<typeof applyEdits>[1] => [
    ...set(`Runtime\\Nodes\\${id}`, ["Incarnation", incarnation(id)]),
    { kind: "set-value", path: `Runtime\\Nodes\\${id}`, value: dword("State", 0) },
    { kind: "set-value", path: `Runtime\\Nodes\\${id}`, value: dword("Epoch", 1) },
  ];
  const paused = { kind: "set-value", path: "Runtime\\Nodes\\2", value: dword("Paused", 1) } as const;
  const requests = set("Runtime\\Requests", [incarnation(9), "applied"]);
  return applyEdits(tree, [...node(1), ...node(2), paused, ...requests], 6n);
}

async function scene(files: Files, cluster: Example = { ...after, tree: running(after.tree) }): Promise<void> {
  for (const folder of ["/shared", "/new", data]) await files.makeFolder(folder);
  await makeQuorum(files, cluster, 9);
  const quorum = await openDiskQuorum(outsideOf(files, 5), place);
  await quorum.proofs.write({ node: "1", incarnation: incarnation(1) });
}

function partsOf(files: Files, remembered: EndName[] = []): MoveParts {
  const open = ({ place: at }: EndName): ReturnType<typeof diskEnd> => diskEnd(outsideOf(files, 3), at);
  return { files, data, open, remember: async (end) => void remembered.push(end) };
}

const stopped = (): Promise<void> => Promise.resolve();
const move = (files: Files, remembered?: EndName[]): ReturnType<typeof moveQuorum> =>
  moveQuorum(partsOf(files, remembered), order, stopped);

/** Which of the two places is in force; at most one ever is, and what is in force is whole. */
async function inForce(files: Files): Promise<"old" | "new" | "none"> {
  const found: ("old" | "new")[] = [];
  for (const [name, at] of [
    ["old", place],
    ["new", target],
  ] as const) {
    const quorum = await openDiskQuorum(outsideOf(files, 5), at);
    if ((await quorum.identity()) === undefined) continue;
    found.push(name);
    const { tree } = replay(await quorum.load());
    assert.equal(digestOf(tree), digestOf(after.tree));
    for (const version of namedVersions(tree))
      assert.equal(sha256(await quorum.versions.read(version)), version.fileDigest);
  }
  assert.ok(found.length < 2, "both places are in force");
  return found[0] ?? "none";
}

test("nothing is taken back: requests, pauses and proofs go along, and no leader takes an old epoch for its own", async () => {
  const { files } = memoryFiles();
  await scene(files);
  const remembered: EndName[] = [];
  const end = await move(files, remembered);
  assert.deepEqual([end.outcome, remembered], ["moved", [{ kind: "directory", place: target }]]);
  const quorum = await openDiskQuorum(outsideOf(files, 5), target);
  const { tree, tag } = replay(await quorum.load());
  assert.deepEqual(tag, { generation: 4, epoch: 0, sequence: 10 });
  assert.equal(textOf(findValue(tree, "Runtime\\Requests", incarnation(9))), "applied");
  const node = (id: number, name: string): number | undefined =>
    dwordOf(findValue(tree, `Runtime\\Nodes\\${id}`, name));
  assert.deepEqual([node(1, "State"), node(2, "State"), node(2, "Paused")], [1, 0, 1]);
  assert.deepEqual([node(1, "Epoch"), node(2, "Epoch")], [0, 0]);
  assert.equal(findValue(tree, "Runtime\\Holds\\backup", ""), undefined);
  assert.equal(await inForce(files), "new");
  const parts = partsOf(files);
  assert.deepEqual(await settleMove(parts.open(order.from), parts.open), {
    state: "moved",
    to: remembered[0],
    from: generationName(identity),
    identity: order.departure.identity,
  });
  const { condition, sentence, strangers } = await examineQuorum(outsideOf(files, 5), place);
  assert.deepEqual([condition, strangers], ["retired", []]);
  assert.equal(sentence, "The quorum was moved from /shared/quorum to /new/quorum.");
});

test("a mark is seen by who sees the very place, and nothing else is taken for one", async () => {
  const { files } = memoryFiles();
  await scene(files);
  for (const at of [target, "/new/a/b/quorum", "/new"]) {
    const end = diskEnd(outsideOf(files, 3), at);
    assert.equal(await end.obstacle(), undefined);
    const left = await end.leaveMark(order.departure.plan);
    await end.checkMark(left.at, order.departure.plan);
    await assert.rejects(end.checkMark(left.at, identity.lineage), { name: "QUORUM_DISK_NOT_FOUND" });
    await assert.rejects(end.checkMark("/shared/quorum/current", "1"), { name: "INVALID_PARAMETER" });
    await left.remove();
    await assert.rejects(end.checkMark(left.at, order.departure.plan), { name: "QUORUM_DISK_NOT_FOUND" });
  }
  assert.match((await diskEnd(outsideOf(files, 3), place).obstacle()) ?? "", /is readable/);
  assert.match((await diskEnd(outsideOf(files, 3), "/shared").obstacle()) ?? "", /something else in \/shared: quorum/);
});

test("what was written after the plan goes along, what comes after the seal is not acknowledged", async () => {
  const { files } = memoryFiles();
  await scene(files);
  const quorum = await openDiskQuorum(outsideOf(files, 5), place);
  const who = { node: "2", incarnation: incarnation(2), endpoint: "e", hostEndpoint: "h" };
  const leadership = await quorum.claim(0, who);
  assert.ok(leadership !== undefined);
  const { snapshot } = await leadership.takeOver((loaded) => ({
    ...loaded.snapshot,
    tag: { ...loaded.snapshot.tag, epoch: 1 },
  }));
  assert.equal(snapshot.tag.sequence, 9);
  const parts = partsOf(files);
  let late: string | undefined;
  const from = parts.open(order.from);
  const open: MoveParts["open"] = (end) =>
    end.place === place
      ? {
          ...from,
          async readSealed(generation) {
            const body = new Uint8Array();
            late = await leadership
              .append({ tag: { generation: 1, epoch: 1, sequence: 10 }, time: 1, body })
              .catch(() => "unknown");
            assert.equal(await quorum.confirm(1), false);
            return from.readSealed(generation).then((sealed) => ({ ...sealed, records: [] }));
          },
        }
      : parts.open(end);
  const { outcome } = await moveQuorum({ ...parts, open }, order, stopped);
  assert.deepEqual([outcome, late], ["moved", "unknown"]);
});

test("an error before the switch brings the old place back, and the same move can be made again", async () => {
  const { files } = memoryFiles();
  await scene(files);
  const parts = partsOf(files);
  const failing: MoveParts["open"] = (end) => ({
    ...parts.open(end),
    verify: () => Promise.reject(new Error("the disk lies")),
  });
  await assert.rejects(moveQuorum({ ...parts, open: failing }, order, stopped), /the disk lies/);
  assert.equal(await inForce(files), "old");
  await assert.rejects(
    moveQuorum(parts, order, () => Promise.reject(new Error("n2 did not stop"))),
    /n2 did not stop/,
  );
  assert.deepEqual([await inForce(files), await resumeMove(parts)], ["old", undefined]);
  assert.equal((await move(files)).outcome, "moved");
});

test("a node that sees another disk at the new place decides nothing", async () => {
  const { files } = memoryFiles();
  await scene(files);
  const parts = partsOf(files);
  const dying: MoveParts = {
    ...parts,
    open: (end) => ({ ...parts.open(end), putInForce: () => new Promise(() => undefined) }),
  };
  void moveQuorum(dying, order, stopped);
  while ((await files.stat(`${target}/generation`)) === undefined || (await inForce(files)) !== "none")
    await Promise.resolve();
  const bare: MoveParts["open"] = (end) =>
    end.place === target ? parts.open({ ...end, place: "/elsewhere" }) : { ...parts.open(end), lock: unlocked };
  const { state } = await settleMove(bare(order.from), bare);
  assert.deepEqual([state, await inForce(files)], ["unknown", "none"]);
  // Alive, it holds the lock.
  assert.equal((await settleMove(parts.open(order.from), parts.open)).state, "moving");
});

test("the node that switched does not go back because it can't see the new place", async () => {
  const { files } = memoryFiles();
  await scene(files);
  const parts = partsOf(files);
  const switched = Promise.withResolvers<void>();
  const dying: MoveParts["open"] = (end) => ({
    ...parts.open(end),
    // Dead, it holds none.
    lock: async (how) => {
      const held = await parts.open(end).lock(how);
      const claim = async (plan: string): Promise<void> => {
        await held.claim(plan);
        await held.release();
      };
      return { claim, release: async () => undefined };
    },
    putInForce: async (identity) => {
      await parts.open(end).putInForce(identity);
      switched.resolve();
      await new Promise(() => undefined);
    },
  });
  void moveQuorum({ ...parts, open: dying }, order, stopped);
  await switched.promise;
  const blind: MoveParts["open"] = (end) => parts.open(end.place === target ? { ...end, place: "/elsewhere" } : end);
  await assert.rejects(resumeMove({ ...parts, open: blind }), { name: "QUORUM_DISK_NOT_FOUND" });
  assert.equal(await inForce(files), "new");
  assert.equal((await resumeMove(parts))?.outcome, "moved");
});

const unlocked = async (): Promise<{ claim: () => Promise<void>; release: () => Promise<void> }> => ({
  claim: async () => undefined,
  release: async () => undefined,
});

for (const who of ["the node itself", "another node"] as const) {
  test(`at every crash ${who} ends it in one place`, async () => {
    const seen = { old: 0, new: 0, none: 0, forward: 0, back: 0 };
    const crashes = await crashPoints(
      async (files) => {
        await move(files);
        await files.makeFolder("/after");
      },
      async (files) => {
        seen[await inForce(files)]++;
        const parts = partsOf(files);
        if (who === "another node") {
          const settled = await settleMove(parts.open(order.from), parts.open);
          assert.ok(settled.state === "here" || settled.state === "moved", settled.state);
          assert.equal(await inForce(files), settled.state === "here" ? "old" : "new");
        }
        const before = await inForce(files);
        const end = await resumeMove(parts);
        const now = await inForce(files);
        assert.notEqual(now, "none");
        if (before !== "none") assert.equal(now, before, "what was in force is not any more");
        if (end !== undefined) {
          assert.equal(end.outcome, now === "new" ? "moved" : "back", end.sentence);
          seen[now === "new" ? "forward" : "back"]++;
        }
        assert.equal(await resumeMove(parts), undefined);
        assert.equal((await settleMove(parts.open(order.from), parts.open)).state, now === "new" ? "moved" : "here");
        if (now === "old" && (await files.stat(`${target}/generation`)) === undefined)
          assert.equal((await move(files)).outcome, "moved");
      },
      {
        prepare: await recordScene((files) => scene(files)),
        tornVariants: 0,
        everyNth: who === "another node" ? 8 : 4,
      },
    );
    assert.ok(crashes > 100 && seen.old > 10 && seen.new > 5 && seen.none > 30, `${crashes}, ${JSON.stringify(seen)}`);
    assert.ok(seen.forward > 3 && seen.back > 5, JSON.stringify(seen));
  });
}

test("a disk resource is replaced in the same step, or nothing happens", async () => {
  const { files } = memoryFiles();
  const disk = (id: string, name: string, point: string): Parameters<typeof applyEdits>[1] => [
    { kind: "set-value", path: `Resources\\${id}`, value: sz("Type", "Physical Disk") },
    { kind: "set-value", path: `Resources\\${id}`, value: sz("Name", name) },
    { kind: "set-value", path: `Resources\\${id}\\Parameters`, value: sz("MountPoint", point) },
    { kind: "set-value", path: `Runtime\\Resources\\${id}`, value: dword("State", 3) },
  ];
  const contains = { kind: "set-value", path: `Groups\\${group}`, value: multiSz("Contains", [web, mail]) } as const;
  const tree = applyEdits(after.tree, [...disk(web, "old", "/shared"), ...disk(mail, "new", "/new"), contains], 6n);
  await scene(files, { ...after, tree });
  const parts = partsOf(files);
  const wrong = { ...order, replaces: { old: "old", with: "nobody" } };
  await assert.rejects(moveQuorum(parts, wrong, stopped), { name: "RESOURCE_NOT_FOUND" });
  await moveQuorum(parts, { ...order, replaces: { old: web, with: mail } }, stopped);
  const { tree: moved } = replay(await (await openDiskQuorum(outsideOf(files, 5), target)).load());
  assert.equal(textOf(findValue(moved, `Resources\\${web}`, "Name")), "old (lost)");
  assert.equal(textOf(findValue(moved, `Resources\\${mail}\\Parameters`, "MountPoint")), "/new");
});
