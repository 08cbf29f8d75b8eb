/** `log/audit.log`: one JSON line for every refused and every destructive call. Two files of a bounded size, for their owner only. */
import { appendFileSync, chmodSync, renameSync, statSync } from "node:fs";
import type { Audit } from "../api/audit.ts";
import type { Clock } from "../base/outside.ts";

/** Bytes of a file before it is put aside; the one put aside before is lost. */
const longestFile = 4 * 1024 * 1024;

/** Writes entries. What can't be written is lost rather than stopping the node. */
export function openAuditLog(path: string, clock: Clock, longest: number = longestFile): Audit {
  return (entry) => {
    const line = `${JSON.stringify({ time: new Date(clock.wall()).toISOString(), ...entry })}\n`;
    try {
      if (sizeOf(path) + Buffer.byteLength(line) > longest) renameSync(path, `${path}.1`);
      appendFileSync(path, line, { mode: 0o600 });
      // A file of that name may have been there before.
      if ((statSync(path).mode & 0o077) !== 0) chmodSync(path, 0o600);
    } catch {
      // A full disk must not end the service.
    }
  };
}

function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}
