import assert from "node:assert/strict";

/** Fails at the first line that differs. (A whole difference of two long listings would take minutes.) */
export function assertSameLines(actual: readonly string[], expected: readonly string[]): void {
  const length = Math.max(actual.length, expected.length);
  for (let i = 0; i < length; i++) assert.equal(actual[i], expected[i], `line ${i + 1}`);
}
