import assert from "node:assert/strict";
import { test } from "node:test";
import { openOutside } from "../base/outside-node.ts";
import { inTurn } from "./start-turns.ts";

test("four at a time, in the order of the calls, and one that fails makes room too", async () => {
  const outside = openOutside();
  const begun: number[] = [];
  const ends = Array.from({ length: 7 }, () => Promise.withResolvers<number>());
  const all = ends.map(({ promise }, index) =>
    inTurn(outside, () => {
      begun.push(index);
      return promise;
    }),
  );
  assert.deepEqual(begun, [0, 1, 2, 3]);
  ends[2]?.reject(new Error("it failed"));
  await assert.rejects(all[2] as Promise<number>);
  assert.deepEqual(begun, [0, 1, 2, 3, 4]);
  for (const [index, end] of ends.entries()) end.resolve(index);
  assert.deepEqual(await Promise.all(all.toSpliced(2, 1)), [0, 1, 3, 4, 5, 6]);
  assert.deepEqual(begun, [0, 1, 2, 3, 4, 5, 6]);
  let late = false;
  await inTurn(outside, async () => {
    late = true;
  });
  assert.equal(late, true);
});
