import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { failuresFolder } from "./gate.ts";
import { Fuzzer } from "./loop.ts";
import type { Target } from "./target.ts";
import { targets } from "./targets.ts";

const failures = existsSync(failuresFolder) ? readdirSync(failuresFolder) : [];

describe("fuzzing", () => {
  for (const name of failures) {
    test(`${name}, which failed once`, () => {
      targets[name.split("-")[0]!]!.run(new Uint8Array(readFileSync(join(failuresFolder, name))), true);
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
