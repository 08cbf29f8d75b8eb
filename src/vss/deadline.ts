/** Work that must end in time. */
import type { Timers } from "../base/outside.ts";

/** How work with a deadline came out; "aborted" when the signal came first. */
export type Outcome<T> =
  | { readonly kind: "done"; readonly value: T }
  | { readonly kind: "late" }
  | { readonly kind: "aborted" };

/** Waits for work, at most `ms`, and not after `signal`. Rejects as the work does. What is late may go on: its end is ignored. */
export async function within<T>(
  timers: Timers,
  ms: number,
  signal: AbortSignal,
  work: () => Promise<T>,
): Promise<Outcome<T>> {
  if (signal.aborted) return { kind: "aborted" };
  const timer = new AbortController();
  const { promise: aborted, resolve } = Promise.withResolvers<Outcome<T>>();
  const onAbort = (): void => resolve({ kind: "aborted" });
  signal.addEventListener("abort", onAbort, { once: true });
  const running = work();
  running.catch(() => undefined);
  try {
    const late = timers.sleep(ms, timer.signal).then((): Outcome<T> => ({ kind: "late" }));
    return await Promise.race([running.then((value): Outcome<T> => ({ kind: "done", value })), late, aborted]);
  } finally {
    timer.abort();
    signal.removeEventListener("abort", onAbort);
  }
}
