/** `log/audit.log`: one JSON line for every refused and every destructive call. Two files of a bounded size, for their owner only. */
import { appendFileSync, chmodSync, renameSync, statSync } from "node:fs";
import type { Clock } from "../base/outside.ts";

/** Bytes of a file before it is put aside; the one put aside before is lost. */
const longestFile = 4 * 1024 * 1024;

/** One call. */
export interface AuditEntry {
  /** `user:NAME`, `node:ID`, `local` (the owner of the data folder), `page`, or `nobody`. */
  readonly who: string;
  /** Where from: an address, or the socket. */
  readonly from: string;
  /** What was asked, as `POST /api/v1/restore`. */
  readonly what: string;
  readonly right?: string;
  /** "done", "refused", or "failed" by itself. */
  readonly outcome: "done" | "refused" | "failed";
  /** Name of the error. */
  readonly error?: string;
}

/** Writes entries. What can't be written is lost rather than stopping the node. */
export function openAuditLog(path: string, clock: Clock, longest: number = longestFile): (entry: AuditEntry) => void {
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
