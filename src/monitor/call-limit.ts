/** A call into a resource type, which may hang. */
import { fail } from "../base/errors.ts";
import type { Outside } from "../base/outside.ts";

/** What is called, of which resource, and how long it may take. */
export interface CallLimit {
  readonly what: string;
  readonly resource: string;
  /** Milliseconds, and the property that says so. */
  readonly ms: number;
  readonly property: string;
}

/**
 * @param ended aborts when nobody waits any more
 * @throws RESOURCE_CALL_TIMED_OUT past the limit, CANCELLED at `ended`; the call itself may hang on, without effect
 */
export async function limited<T>(
  outside: Outside,
  limit: CallLimit,
  ended: AbortSignal,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const over = new AbortController();
  const stop = (): void => over.abort();
  ended.addEventListener("abort", stop);
  if (ended.aborted) stop();
  const { what, resource, ms, property } = limit;
  const late = outside.timers.sleep(ms, over.signal).then(() => {
    throw ended.aborted
      ? fail("CANCELLED", { happened: `${what} of ${resource} was broken off.` })
      : fail("RESOURCE_CALL_TIMED_OUT", {
          happened: `${what} of ${resource} did not end within ${ms} ms (${property}).`,
        });
  });
  late.catch(() => undefined);
  const working = work(over.signal);
  working.catch(() => undefined);
  try {
    return await Promise.race([working, late]);
  } finally {
    ended.removeEventListener("abort", stop);
    over.abort();
  }
}
