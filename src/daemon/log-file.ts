/** The logs of service and host: files in the node's folder that are appended line by line and never grow without end. */
import { appendFileSync, copyFileSync, renameSync, statSync, truncateSync } from "node:fs";
import type { Timers } from "../base/outside.ts";

/** Bytes after which a log is put away, as `.1`. */
const largest = 10 * 1024 * 1024;
/** How many are put away; the oldest goes. */
const keptLogs = 4;
/** Bytes between two looks at the size, which another process may have changed. */
const lookEvery = 256 * 1024;
/** Milliseconds between two looks at a log of another process. */
const lookPause = 60_000;

/** A writer of lines; what can't be written is lost rather than stopping the node. */
export function openLogFile(path: string, max: number = largest): (line: string) => void {
  let unseen = Number.POSITIVE_INFINITY;
  return (line) => {
    try {
      if (unseen >= Math.min(lookEvery, max)) {
        unseen = 0;
        if (sizeOf(path) >= max) putAway(path, renameSync);
      }
      appendFileSync(path, `${line}\n`, { mode: 0o600 });
      unseen += line.length + 1;
    } catch {
      // A full disk must not end the service.
    }
  };
}

/** Bounds a log that a running process has open for appending: its lines are copied away and the file is emptied. */
export function boundLog(path: string, max: number = largest): void {
  try {
    if (sizeOf(path) < max) return;
    putAway(path, copyFileSync);
    truncateSync(path, 0);
  } catch {
    // As above.
  }
}

/** Looks at it now and then until `signal`. */
export async function keepBounded(path: string, timers: Timers, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    boundLog(path);
    await timers.sleep(lookPause, signal);
  }
}

function putAway(path: string, move: (from: string, to: string) => void): void {
  for (let number = keptLogs - 1; number >= 1; number--)
    if (sizeOf(`${path}.${number}`) > 0) renameSync(`${path}.${number}`, `${path}.${number + 1}`);
  move(path, `${path}.1`);
}

function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}
