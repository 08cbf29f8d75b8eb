import assert from "node:assert/strict";
import { test } from "node:test";
import type { LogRecord } from "../quorum/quorum.ts";
import { type Tag } from "../quorum/tag.ts";
import { emptyKey, findKey, findValue, valueCount } from "../tree/key.ts";
import { sz, textOf } from "../tree/value.ts";
import { applyRecord, prepare, requestsKept, requestsPath } from "./apply.ts";
import { Replica } from "./replica.ts";
import { decodeUpdate, encodeUpdate } from "./update-codec.ts";
import type { Update } from "./update.ts";

const tagOf = (sequence: number, epoch = 1): Tag => ({ generation: 1, epoch, sequence });
const setName = (text: string, requestId: string, conditions: Update["conditions"] = []): Update => ({
  requestId,
  because: `The name becomes ${text}.`,
  conditions,
  edits: [{ kind: "set-value", path: "", value: sz("ClusterName", text) }],
});

function prepared(
  tree = emptyKey("Cluster", 0n),
  update = setName("A", "r1"),
  sequence = 1,
): ReturnType<typeof prepare> {
  return prepare(tree, update, tagOf(sequence), 1000);
}

test("an update applies with its tag and its request id in the tree", () => {
  const result = prepared();
  assert.equal(result.outcome, "applies");
  if (result.outcome !== "applies") return;
  assert.equal(textOf(findValue(result.tree, "", "ClusterName")), "A");
  assert.equal(textOf(findValue(result.tree, "", "PaxosTag")), "1:1:1");
  assert.equal(textOf(findValue(result.tree, requestsPath, "r1")), "1:1:1");
});

test("a retry with the same request id answers the first tag and changes nothing", () => {
  const first = prepared();
  assert.ok(first.outcome === "applies");
  const again = prepare(first.tree, setName("B", "r1"), tagOf(2), 1000);
  assert.deepEqual(again, { outcome: "repeated", tag: tagOf(1) });
});

test("a broken condition refuses and is named", () => {
  const condition = { kind: "value-equals", path: "", name: "ClusterName", data: sz("", "X").data } as const;
  assert.deepEqual(prepared(emptyKey("Cluster", 0n), setName("A", "r1", [condition])), {
    outcome: "refused",
    condition,
  });
  const absent = { kind: "key-absent", path: "Nodes" } as const;
  assert.equal(prepared(emptyKey("Cluster", 0n), setName("A", "r1", [absent])).outcome, "applies");
});

test("only so many request ids are kept, the oldest go first", () => {
  let tree = emptyKey("Cluster", 0n);
  for (let n = 1; n <= requestsKept + 5; n++) {
    const result = prepare(tree, setName("A", `r${n}`), tagOf(n), 1000);
    assert.ok(result.outcome === "applies");
    tree = result.tree;
  }
  const kept = findKey(tree, requestsPath);
  assert.equal(kept === undefined ? 0 : valueCount(kept), requestsKept);
  assert.equal(findValue(tree, requestsPath, "r5"), undefined);
  assert.notEqual(findValue(tree, requestsPath, "r6"), undefined);
});

test("what the leader prepared is what a replica gets from the record", () => {
  const update = setName("A", "r1", [{ kind: "key-absent", path: "Groups" }]);
  const result = prepared(emptyKey("Cluster", 0n), update);
  assert.ok(result.outcome === "applies");
  const record: LogRecord = { tag: tagOf(1), time: 1000, body: encodeUpdate(update) };
  assert.equal(textOf(findValue(applyRecord(emptyKey("Cluster", 0n), record), "", "ClusterName")), "A");
  assert.deepEqual(decodeUpdate(record.body), update);
});

test("a replica takes records in order, passes over old ones and refuses a gap", async () => {
  const replica = new Replica(emptyKey("Cluster", 0n), tagOf(0), "l");
  const record = (sequence: number, epoch = 1): LogRecord => ({
    tag: tagOf(sequence, epoch),
    time: 0,
    body: encodeUpdate(setName(`n${sequence}`, `r${sequence}`)),
  });
  const reached = replica.waitFor(tagOf(2));
  replica.apply(record(1));
  replica.apply(record(1));
  assert.throws(() => replica.apply(record(3)), { name: "CLUSTER_DATABASE_SEQMISMATCH" });
  replica.apply(record(2, 4));
  await reached;
  assert.equal(textOf(findValue(replica.tree(), "", "ClusterName")), "n2");
  replica.retag(tagOf(2, 5));
  assert.deepEqual(replica.tag(), tagOf(2, 5));
  replica.retag({ ...tagOf(3, 6) });
  assert.deepEqual(replica.tag(), tagOf(2, 5), "a retag may change the epoch only");
});
