import assert from "node:assert/strict";
import { test } from "node:test";
import { buildKey } from "../tree/key.ts";
import { binary } from "../tree/value.ts";
import { writeHive, writeHiveInSlices } from "./write.ts";

test("a hive that is written in slices is the same hive, with a pause every few MiB; a small one has none", async () => {
  const child = (size: number, at: number): ReturnType<typeof buildKey> =>
    buildKey({ name: `k${at}`, lastWritten: 1n, values: [binary("v", new Uint8Array(size).fill(at))] });
  for (const [count, size, least, most] of [
    [3, 100, 0, 0],
    [40, 1_000_000, 7, 10],
  ] as const) {
    const children = Array.from({ length: count }, (_, at) => child(size, at));
    const root = buildKey({ name: "R", lastWritten: 1n, children });
    let pauses = 0;
    const bytes = await writeHiveInSlices(root, { time: 1n }, async () => void pauses++);
    assert.ok(Buffer.from(bytes).equals(writeHive(root, { time: 1n })));
    assert.ok(pauses >= least && pauses <= most, `${count}: ${pauses} pauses`);
  }
});
