/** A node on another machine that was told to stop: what counts is its host's proof in the quorum, never that nobody listens there. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { type Outside, OutsideError } from "../base/outside.ts";
import { addNode } from "../database/commands/node.ts";
import { initialDatabase } from "../database/initial-database.ts";
import { imageOf } from "../membership/copy-image.ts";
import { type DownBecause, downUpdate, nodeRecord, upUpdate } from "../membership/node-records.ts";
import { directoryTiming } from "../membership/timing.ts";
import { createMemoryStore, openMemoryQuorum } from "../quorum/memory/quorum.ts";
import type { Quorum } from "../quorum/quorum.ts";
import { firstTag } from "../quorum/tag.ts";
import { applyEdits } from "../tree/edit.ts";
import type { Key } from "../tree/key.ts";
import { stopOthers } from "./stop-others.ts";

const guid = (n: number): string => `00000000-0000-4000-8000-${String(n).padStart(12, "0")}`;
const [earlier, told] = [guid(3), guid(4)];
const endpoint = "tls:10.0.0.2:7400?node=2";

/** Nodes 1 and 2; of 2 the database has what `edit` makes of it. */
function database(edit: (tree: Key) => Key): Key {
  let ids = 9;
  const first = initialDatabase({
    clusterName: "c",
    instance: guid(1),
    nodeId: "1",
    nodeName: "n1",
    time: 0n,
    newGuid: () => guid(ids++),
  });
  return edit(applyEdits(first, addNode(first, { name: "n2" }).edits, 0n));
}

const up = (tree: Key): Key =>
  applyEdits(tree, upUpdate("r", { node: "2", incarnation: told, endpoint, loose: false }, 1, tree).edits, 0n);

function down(why: DownBecause): (tree: Key) => Key {
  return (tree) => {
    const record = nodeRecord(up(tree), "2");
    assert.ok(record);
    return applyEdits(up(tree), downUpdate("r", record, why, "").edits, 0n);
  };
}

/** What is said of node 2, where nobody listens any more, and after how long; every sleep passes at once. */
async function said(edit: (tree: Key) => Key, after: (quorum: Quorum) => Promise<void>): Promise<[string, number]> {
  let now = 0;
  const outside = {
    clock: { boot: () => now },
    net: { connect: () => Promise.reject(new OutsideError("ECONNREFUSED", "nobody listens")) },
    timers: { sleep: async (ms: number) => void (now += ms) },
  } as unknown as Outside;
  const quorum = openMemoryQuorum(createMemoryStore(), outside);
  const identity = { name: "c", instance: guid(1), generation: 1, lineage: guid(2) };
  await quorum.create(identity, imageOf(database(edit), firstTag, 0));
  let opened = 0;
  const openQuorum = async (): Promise<Quorum> => {
    if (++opened === 1) throw new OutsideError("EIO", "not at once");
    return quorum;
  };
  const parts = { outside, timing: directoryTiming(), openQuorum, call: () => after(quorum) };
  const [sentence = ""] = await stopOthers(parts, [{ id: "2", name: "n2", endpoint }]);
  assert.equal(opened, 2, "once it is open it is not opened again");
  return [sentence, now];
}

const nothing = async (): Promise<void> => undefined;
const prove = (incarnation: string) => (quorum: Quorum) => quorum.proofs.write({ node: "2", incarnation });

test("the proof of the life that was told, or what a leader made of it, ends the wait", async () => {
  const proven: [string, number] = ["Node n2 stopped: its host proved that it stopped everything.", 50];
  assert.deepEqual(await said(up, prove(told)), proven);
  assert.deepEqual(await said(down("proof"), nothing), proven);
  assert.deepEqual(await said(down("left"), nothing), ["Node n2 stopped: it left in order.", 50]);
});

test("that nobody listens, an earlier life's proof, and a permit that was waited out prove nothing", async () => {
  const cases: [(tree: Key) => Key, (quorum: Quorum) => Promise<void>][] = [
    [up, nothing],
    [up, prove(earlier)],
    [down("waited"), nothing],
    [(tree) => tree, prove(told)],
  ];
  for (const [edit, after] of cases) {
    const [sentence, took] = await said(edit, after);
    assert.match(sentence, /was told to stop and has not within 60 s/);
    assert.ok(took >= 60_000);
  }
});
