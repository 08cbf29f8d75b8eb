/**
 * One beat for all loops of a process that look again and again. Waking an idle process costs more than most looks, so those that rest for
 * as long as a beat rest until the same moment.
 */
import type { Outside, Timers } from "./outside.ts";

/** Sleeps of this share of a beat up to a whole one end with the beat. */
const share = 0.97;
/** Whoever is woken so much of a beat before it rests until the next one: timers may be a little early. */
const early = 0.05;

/**
 * The timers of `outside`, for loops that rest for `beat` milliseconds: these may wake earlier than that, and later by a twentieth. Every
 * other sleep is as it was.
 */
export function withBeat({ clock, timers }: Pick<Outside, "clock" | "timers">, beat: number): Timers {
  const began = clock.boot();
  const resting = new Map<number, Set<() => void>>();

  /** Which beat a sleep that begins now ends with. */
  const beatAfter = (ms: number): number => {
    const now = clock.boot() - began;
    const last = Math.floor((now + ms) / beat);
    return last * beat - now < beat * early ? last + 1 : last;
  };
  const rest = (number: number): Set<() => void> => {
    const found = resting.get(number);
    if (found !== undefined) return found;
    const all = new Set<() => void>();
    resting.set(number, all);
    void timers.sleep(Math.ceil(began + number * beat - clock.boot())).then(() => {
      resting.delete(number);
      for (const wake of all) wake();
    });
    return all;
  };

  return {
    sleep(ms, signal) {
      if (ms < beat * share || ms > beat || signal?.aborted === true) return timers.sleep(ms, signal);
      const all = rest(beatAfter(ms));
      return new Promise((resolve) => {
        const wake = (): void => {
          all.delete(wake);
          signal?.removeEventListener("abort", wake);
          resolve();
        };
        all.add(wake);
        signal?.addEventListener("abort", wake, { once: true });
      });
    },
  };
}
