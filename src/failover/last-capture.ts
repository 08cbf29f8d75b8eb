/**
 * The last capture of a stopped resource's checkpoints before its group may go: tried again for a while, because what is lost here is
 * lost.
 */
import type { Log } from "../base/log.ts";
import type { Timers } from "../base/outside.ts";

const triesMax = 5;

/** Resolves when everything is captured or after some tries; a checkpoint that can't be written must not keep a group for ever. */
export async function captureLast(
  parts: {
    readonly timers: Timers;
    readonly log: Log /** Milliseconds after the first failed try. */;
    readonly poll: number;
  },
  resource: string,
  capture: () => Promise<{ readonly failed: readonly { readonly path: string; readonly why: string }[] }>,
): Promise<void> {
  for (let tries = 1; ; tries++) {
    const failed = await capture().then(
      (report) => report.failed,
      (error: unknown) => [{ path: "", why: error instanceof Error ? error.message : String(error) }],
    );
    if (failed.length === 0) return;
    if (tries >= triesMax) {
      parts.log.error("the last settings were not captured; they are on this node only", { resource, failed });
      return;
    }
    await parts.timers.sleep(parts.poll * 2 ** (tries - 1));
  }
}
