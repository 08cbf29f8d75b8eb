import assert from "node:assert/strict";
import test from "node:test";
import fc from "fast-check";
import { Gate } from "./gate.ts";

test("shared work runs together and in call order; alone is alone; a failure passes through and blocks nobody", async () => {
  const task = fc.record({ alone: fc.boolean(), turns: fc.nat(6), fails: fc.boolean() });
  await fc.assert(
    fc.asyncProperty(fc.array(task, { maxLength: 20 }), async (tasks) => {
      const gate = new Gate();
      const began: number[] = [];
      let together = 0;
      let alone = 0;
      const run = async (number: number): Promise<number> => {
        const { alone: isAlone = false, turns = 0, fails = false } = tasks[number] ?? {};
        if (isAlone) alone++;
        else together++;
        if (!isAlone) began.push(number);
        assert.ok(alone === 0 || (alone === 1 && together === 0));
        for (let turn = 0; turn < turns; turn++) await Promise.resolve();
        if (isAlone) alone--;
        else together--;
        if (fails) throw new Error(`${number}`);
        return number;
      };
      const ends = await Promise.allSettled(
        tasks.map(({ alone: isAlone }, number) =>
          isAlone ? gate.exclude(() => run(number)) : gate.share(() => run(number)),
        ),
      );
      assert.deepEqual(
        ends.map((end) => end.status),
        tasks.map(({ fails }) => (fails ? "rejected" : "fulfilled")),
      );
      assert.deepEqual(
        began,
        began.toSorted((a, b) => a - b),
      );
    }),
  );
});
