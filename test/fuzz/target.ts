import assert from "node:assert/strict";
import { Failure } from "../../src/base/errors.ts";
import { HiveError } from "../../src/hive/index.ts";

/** What is fuzzed: where its inputs come from, and what must hold for each of them. */
export interface Target {
  /** Inputs to begin with. */
  corpus(): Uint8Array[];
  /** Of a target whose inputs are texts: what is worth putting in. */
  readonly words?: readonly Uint8Array[];
  /** Puts right what would hide the rest of the input behind a checksum; in place. */
  repair?(bytes: Uint8Array): void;
  /**
   * Throws when something is wrong; returns what happened, by which inputs of a new kind are known. What takes long is left out unless
   * `thorough`.
   */
  run(bytes: Uint8Array, thorough: boolean): readonly string[];
}

/** A reason without its numbers and names. */
export function kindOf(text: string): string {
  return text.replace(/"(?:[^"\\]|\\.)*"/g, '""').replace(/0x[0-9a-f]+|\d+/g, "0");
}

/** Fails for what is no refusal. */
export function expectFailure(error: unknown): Failure {
  if (error instanceof Failure) return error;
  assert.fail(textOf(error));
}

/** Fails for anything that the readers of hives don't throw. */
export function expectHiveError(error: unknown): HiveError {
  if (error instanceof HiveError) return error;
  assert.fail(textOf(error));
}

function textOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
