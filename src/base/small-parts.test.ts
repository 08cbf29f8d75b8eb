import assert from "node:assert/strict";
import { test } from "node:test";
import { sha256, sha256OfChunks } from "./digest.ts";
import { errorTable, fail, isErrorName } from "./errors.ts";
import { isGuid, newGuid } from "./guid.ts";
import { createLog } from "./log.ts";
import { Mutex } from "./mutex.ts";

test("every row of the error table is complete", () => {
  for (const [name, row] of Object.entries(errorTable)) {
    assert.ok(Number.isInteger(row.win32) && row.win32 > 0, name);
    assert.ok([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 75, 124, 130].includes(row.exit), name);
    assert.ok(row.http >= 200 && row.http < 600, name);
    assert.match(row.meaning, /^[A-Z].*\.$/, name);
  }
  assert.ok(isErrorName("CLUSTER_NODE_UP") && !isErrorName("toString"));
});

test("a failure says what happened, what was not changed, what to do next", () => {
  const failure = fail("CLUSTER_NODE_UP", { happened: "Node B runs.", next: "Stop it.", cause: 7 });
  assert.equal(failure.message, "Node B runs. Stop it.");
  assert.deepEqual([failure.name, failure.win32, failure.exit, failure.unchanged], ["CLUSTER_NODE_UP", 5056, 3, ""]);
  assert.equal(failure.cause, 7);
  assert.ok(failure instanceof Error);
});

test("a guid is version 4, whatever the random bytes", () => {
  assert.equal(newGuid({ bytes: () => new Uint8Array(16) }), "00000000-0000-4000-8000-000000000000");
  const all = newGuid({ bytes: () => new Uint8Array(16).fill(255) });
  assert.equal(all, "ffffffff-ffff-4fff-bfff-ffffffffffff");
  assert.ok(isGuid(all) && !isGuid(all.toUpperCase()) && !isGuid(`{${all}}`));
});

test("digests are SHA-256", () => {
  const abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
  assert.equal(sha256(new TextEncoder().encode("abc")), abc);
  assert.equal(sha256OfChunks([new TextEncoder().encode("a"), new TextEncoder().encode("bc")]), abc);
});

test("a log line is JSON whatever the fields hold", () => {
  const lines: string[] = [];
  const log = createLog((line) => lines.push(line), { wall: () => 0, boot: () => 0 }, { node: "1" });
  log.warn("odd fields", { big: 5n, bytes: Uint8Array.of(255), failure: fail("TIMEOUT", { happened: "Late." }) });
  const circle: Record<string, unknown> = {};
  circle["self"] = circle;
  log.error("circle", { circle });
  const [first, second] = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
  assert.deepEqual(first, {
    time: "1970-01-01T00:00:00.000Z",
    level: "warn",
    event: "odd fields",
    node: "1",
    big: "5",
    bytes: "ff",
    failure: { name: "TIMEOUT", win32: 1460, message: "Late." },
  });
  assert.equal(second?.["event"], "circle");
});

test("a mutex runs one at a time, in order, failures included", async () => {
  const mutex = new Mutex();
  const order: string[] = [];
  const work = (name: string, fails: boolean) => async (): Promise<string> => {
    order.push(`${name}+`);
    await new Promise(setImmediate);
    order.push(`${name}-`);
    if (fails) throw new Error(name);
    return name;
  };
  const results = await Promise.allSettled([
    mutex.run(work("a", true)),
    mutex.run(work("b", false)),
    mutex.run(work("c", false)),
  ]);
  assert.deepEqual(order, ["a+", "a-", "b+", "b-", "c+", "c-"]);
  assert.deepEqual(
    results.map(({ status }) => status),
    ["rejected", "fulfilled", "fulfilled"],
  );
});
