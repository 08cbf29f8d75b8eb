import assert from "node:assert/strict";
import { test } from "node:test";
import type { Update } from "../database/update.ts";
import type { Leadership, LogRecord } from "../quorum/quorum.ts";
import { emptyKey, findValue, type Key } from "../tree/key.ts";
import { sz, textOf } from "../tree/value.ts";
import { History } from "./history.ts";
import { UpdateOrder } from "./update-order.ts";

interface Quorum {
  readonly order: UpdateOrder;
  readonly committed: string[];
  readonly lost: string[];
  /** Answers the oldest append. */
  answer(how: "acknowledged" | "unknown" | Error): Promise<void>;
  readonly snapshots: number[];
  size: number;
}

function quorum(): Quorum {
  const waiting: PromiseWithResolvers<"acknowledged" | "unknown">[] = [];
  const committed: string[] = [];
  const lost: string[] = [];
  const snapshots: number[] = [];
  const state = { size: 0 };
  const leadership = {
    epoch: 1,
    append: () => {
      const next = Promise.withResolvers<"acknowledged" | "unknown">();
      waiting.push(next);
      return next.promise;
    },
    logSize: () => state.size,
    snapshot: (image: { tag: { sequence: number } }) => {
      snapshots.push(image.tag.sequence);
      state.size = 0;
      return Promise.resolve();
    },
  } as unknown as Leadership;
  const tag = { generation: 1, epoch: 1, sequence: 0 };
  const order = new UpdateOrder(
    { leadership, tree: emptyKey("Cluster", 0n), tag },
    {
      clock: { wall: () => 0, boot: () => 0 },
      logSizeMax: () => 100,
      imageOf: (_: Key, at) => Promise.resolve({ tag: at, hive: new Uint8Array() }),
    },
    {
      committed: (record: LogRecord, tree) =>
        committed.push(`${record.tag.sequence} ${textOf(findValue(tree, "", "N"))}`),
      lost: (why) => lost.push(why),
    },
  );
  return {
    order,
    committed,
    lost,
    snapshots,
    set size(bytes: number) {
      state.size = bytes;
    },
    async answer(how) {
      const oldest = waiting.shift();
      if (how instanceof Error) oldest?.reject(how);
      else oldest?.resolve(how);
      for (let turn = 0; turn < 20; turn++) await Promise.resolve();
    },
  };
}

const set = (text: string, requestId = text, conditions: Update["conditions"] = []): Update => ({
  requestId,
  because: "a test",
  conditions,
  edits: [{ kind: "set-value", path: "", value: sz("N", text) }],
});

test("nothing is told before the quorum acknowledged, and then in order", async () => {
  const q = quorum();
  const first = q.order.submit(set("a"));
  const second = q.order.submit(set("b"));
  await Promise.resolve();
  assert.deepEqual(q.committed, []);
  await q.answer("acknowledged");
  await q.answer("acknowledged");
  assert.deepEqual(
    [await first, await second].map((result) => result.outcome),
    ["applied", "applied"],
  );
  assert.deepEqual(q.committed, ["1 a", "2 b"]);
});

test("a second append that is acknowledged first still waits for the first", async () => {
  const q = quorum();
  void q.order.submit(set("a"));
  void q.order.submit(set("b"));
  await Promise.resolve();
  const answers = q.answer.bind(q);
  await answers("acknowledged");
  assert.deepEqual(q.committed, ["1 a"]);
});

test("one unknown append ends the leadership and every later answer is unknown", async () => {
  const q = quorum();
  const first = q.order.submit(set("a"));
  const second = q.order.submit(set("b"));
  await Promise.resolve();
  await q.answer("unknown");
  await q.answer("acknowledged");
  assert.deepEqual([(await first).outcome, (await second).outcome], ["unknown", "unknown"]);
  assert.deepEqual(q.committed, []);
  assert.equal(q.lost.length, 1);
  assert.equal((await q.order.submit(set("c"))).outcome, "unknown");
});

test("a failed write ends the leadership", async () => {
  const q = quorum();
  const first = q.order.submit(set("a"));
  await Promise.resolve();
  await q.answer(new Error("EIO"));
  assert.equal((await first).outcome, "unknown");
  assert.match(q.lost[0] ?? "", /EIO/);
});

test("a refusal that rests on an unacknowledged update waits for it", async () => {
  const q = quorum();
  void q.order.submit(set("a"));
  const condition = { kind: "value-equals", path: "", name: "N", data: undefined } as const;
  const refused = q.order.submit(set("b", "b", [condition]));
  let settled = false;
  void refused.then(() => {
    settled = true;
  });
  for (let turn = 0; turn < 20; turn++) await Promise.resolve();
  assert.equal(settled, false);
  await q.answer("acknowledged");
  assert.deepEqual(await refused, { outcome: "refused", condition });
});

test("a full log is rolled into a snapshot of everything ordered so far", async () => {
  const q = quorum();
  q.size = 200;
  const first = q.order.submit(set("a"));
  await Promise.resolve();
  await q.answer("acknowledged");
  await first;
  assert.deepEqual(q.snapshots, [1]);
});

test("the history gives what follows a copy, or says that it can't", () => {
  const record = (sequence: number): LogRecord => ({
    tag: { generation: 1, epoch: 2, sequence },
    time: 0,
    body: new Uint8Array(10),
  });
  const history = new History([record(5)], { generation: 1, epoch: 2, sequence: 5 }, 25);
  history.add(record(6));
  const at = (sequence: number, epoch = 2, generation = 1) =>
    history.after({ generation, epoch, sequence })?.map((one) => one.tag.sequence);
  assert.deepEqual(at(4), [5, 6]);
  assert.deepEqual(at(6), []);
  assert.deepEqual(at(5, 1), [6], "a copy of an older epoch continues");
  history.add(record(7));
  assert.equal(at(4), undefined, "the oldest went");
  assert.equal(at(9), undefined, "a copy that is ahead");
  assert.equal(at(6, 2, 2), undefined, "another generation");
  assert.equal(at(6, 3), undefined, "a newer epoch");
});

test("a copy that can't take an acknowledged update ends the leadership instead of blocking every later one", async () => {
  const lost: string[] = [];
  const leadership = {
    epoch: 1,
    append: () => Promise.resolve("acknowledged"),
    logSize: () => 0,
  } as unknown as Leadership;
  const order = new UpdateOrder(
    { leadership, tree: emptyKey("Cluster", 0n), tag: { generation: 1, epoch: 1, sequence: 0 } },
    {
      clock: { wall: () => 0, boot: () => 0 },
      logSizeMax: () => 100,
      imageOf: (_, at) => Promise.resolve({ tag: at, hive: new Uint8Array() }),
    },
    {
      committed: () => {
        throw new Error("a handler failed");
      },
      lost: (why) => lost.push(why),
    },
  );
  assert.equal((await order.submit(set("a"))).outcome, "unknown");
  assert.equal((await order.submit(set("b"))).outcome, "unknown");
  assert.equal(lost.length, 1);
});
