/** Waits for conditions; there are no other waits in these tests. */
import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";

/** Resolves with the first answer that is neither undefined nor false; fails after `limitMs`, with what `describe` says. */
export async function waitFor<T>(
  what: string,
  probe: () => T | undefined | false | Promise<T | undefined | false>,
  limitMs: number,
  describe: () => string | Promise<string> = () => "",
): Promise<T> {
  const until = performance.now() + limitMs;
  for (;;) {
    const answer = await probe();
    if (answer !== undefined && answer !== false) return answer;
    if (performance.now() > until) assert.fail(`not within ${limitMs} ms: ${what}\n${await describe()}`);
    await sleep(20);
  }
}
