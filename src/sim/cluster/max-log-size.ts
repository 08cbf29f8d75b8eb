import { findValue, type Key } from "../../tree/key.ts";
import { dwordOf } from "../../tree/value.ts";
export function maxLogSizeOf(tree: Key): number {
  return Math.max(64 * 1024, dwordOf(findValue(tree, "Quorum", "MaxQuorumLogSize")) ?? 4096 * 1024);
}
