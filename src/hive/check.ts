import type { Finding } from "./finding.ts";
import { HiveError } from "./hive-error.ts";
import { readHive } from "./read.ts";

/** All inconsistencies of a hive, in the order of their offsets; empty when it is sound. Throws nothing; work is O(size). */
export function checkHive(bytes: Uint8Array): Finding[] {
  try {
    readHive(bytes);
    return [];
  } catch (error) {
    if (!(error instanceof HiveError)) throw error;
    return [{ offset: error.offset, cell: undefined, rule: "reader", severity: "error", text: error.reason }];
  }
}
