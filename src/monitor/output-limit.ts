/** Keeps what a resource's programs print from filling the disk that holds the node's own files. */
import type { Outside } from "../base/outside.ts";

/** Bytes of output that are kept; beyond it the file begins anew. */
export const outputMax: number = 16 * 1024 * 1024;

/** Milliseconds between two looks at a file that grows, and at most where it does not. */
const lookEvery = 1000;
const lookSeldom = 8000;

/**
 * Looks at the file until `signal`: one that exceeds `outputMax` is emptied. Programs append to it, so they go on at its
 * beginning. What can't be looked at is left alone.
 */
export async function limitOutput(outside: Outside, path: string, signal: AbortSignal): Promise<void> {
  let pause = lookEvery;
  let before = 0;
  while (!signal.aborted) {
    await outside.timers.sleep(pause, signal);
    const size = (await outside.files.stat(path).catch(() => undefined))?.size ?? 0;
    pause = size === before ? Math.min(lookSeldom, pause * 2) : lookEvery;
    before = size;
    if (size > outputMax) await empty(outside, path).catch(() => undefined);
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
