import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { fuzz } from "./loop.ts";
import { type Target, targets } from "./targets.ts";

const folder = join(import.meta.dirname, "failures");
const failures = existsSync(folder) ? readdirSync(folder) : [];

describe("fuzzing", () => {
  for (const name of failures) {
    test(`${name}, which failed once`, () => {
      targets[name.split("-")[0]!]!.run(new Uint8Array(readFileSync(join(folder, name))), true);
    });
  }

  for (const [name, runs] of Object.entries({ reader: 800, logs: 1500, reg: 800, inplace: 150 })) {
    test(`${runs} mutations for ${name}`, () => {
      const { failure, kinds } = fuzz(targets[name]!, { seed: 20_261_121, coverage: false, goesOn: (n) => n < runs });
      if (failure !== undefined) throw new Error(`a run of ${name}`, { cause: failure.error });
      assert.ok(kinds > 8, `${kinds} kinds of outcome`);
    });
  }

  test("the loop keeps what is new and finds what is wrong three steps away", () => {
    // Fails only for inputs that no single mutation of the first one makes.
    const target: Target = {
      corpus: () => [new Uint8Array(16)],
      run(bytes) {
        const set = [1, 5, 9].filter((at) => (bytes[at] ?? 0) !== 0).length;
        assert.ok(set < 3);
        return [`${set}`];
      },
    };
    const { failure } = fuzz(target, { seed: 1, coverage: true, goesOn: (n) => n < 20_000 });
    assert.ok(failure?.error instanceof assert.AssertionError);
  });
});
