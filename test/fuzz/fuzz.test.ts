import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { Fuzzer } from "./loop.ts";
import type { Target } from "./target.ts";
import { targets } from "./targets.ts";

const folder = join(import.meta.dirname, "failures");
const failures = existsSync(folder) ? readdirSync(folder) : [];

describe("fuzzing", () => {
  for (const name of failures) {
    test(`${name}, which failed once`, () => {
      targets[name.split("-")[0]!]!.run(new Uint8Array(readFileSync(join(folder, name))), true);
    });
  }

  for (const [name, runs] of Object.entries({ reader: 3000, logs: 3000, reg: 3000, inplace: 150 })) {
    test(`${runs} mutations for ${name}`, () => {
      const fuzzer = new Fuzzer(targets[name]!, { seed: 20_261_121, coverage: false });
      const failure = fuzzer.run((n) => n < runs);
      if (failure !== undefined) throw new Error(`a run of ${name}`, { cause: failure.error });
      assert.ok(fuzzer.kinds.size > 8, `${fuzzer.kinds.size} kinds of outcome`);
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
    const fuzzer = new Fuzzer(target, { seed: 1, coverage: true });
    const failure = fuzzer.run((runs) => runs < 20_000);
    fuzzer.close();
    assert.ok(failure?.error instanceof assert.AssertionError);
  });
});
