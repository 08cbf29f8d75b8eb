/** Keeps what a resource's programs print from filling the disk that holds the node's own files. */
import type { Outside } from "../base/outside.ts";

/** Bytes of output that are kept; beyond it the file begins anew. */
export const outputMax: number = 16 * 1024 * 1024;

/** How often the file is looked at, in milliseconds. */
const lookEvery = 1000;

/**
 * Looks at the file until `signal`: one that exceeds `outputMax` is emptied. Programs append to it, so they go on at its
 * beginning. What can't be looked at is left alone.
 */
export async function limitOutput(outside: Outside, path: string, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    await outside.timers.sleep(lookEvery, signal);
    const size = await outside.files.stat(path).catch(() => undefined);
    if (size !== undefined && size.size > outputMax) await empty(outside, path).catch(() => undefined);
  }
}

async function empty(outside: Outside, path: string): Promise<void> {
  const file = await outside.files.open(path, "append");
  try {
    await file.truncate(0);
    await file.write(new TextEncoder().encode("clubar: the output was too long and begins anew here.\n"));
  } finally {
    await file.close();
  }
}
