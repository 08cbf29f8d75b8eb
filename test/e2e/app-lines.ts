/** What the test application (test/programs/lock-app.mjs) wrote: when it ran, on whose word but its own. */
import { existsSync, readFileSync } from "node:fs";

/** One run of the application, by boot time in milliseconds. */
export interface AppRun {
  readonly instance: string;
  readonly first: number;
  readonly last: number;
  readonly setting: string;
  readonly stopped: boolean;
}

export interface AppHistory {
  /** In the order in which they started. */
  readonly runs: readonly AppRun[];
  /** What must not be: two at a time, or one that did not get the lock. */
  readonly violations: readonly string[];
}

/** A run whose machine stood still and went on at boot time `at`: what it does until `until` is known and does not count. */
export interface Thaw {
  readonly instance: string;
  readonly at: number;
  readonly until: number;
}

export function readAppLines(path: string, thaws: readonly Thaw[] = []): AppHistory {
  const runs = new Map<string, AppRun>();
  const violations: string[] = [];
  const text = existsSync(path) ? readFileSync(path, "utf8") : "";
  for (const line of text.split("\n").slice(0, -1)) {
    const [what = "", boot = "", instance = "", ...setting] = line.split(" ");
    if (what === "locked-out") {
      violations.push(`another one held the lock: ${line}`);
      continue;
    }
    const at = Number(boot);
    if (thaws.some((thaw) => thaw.instance === instance && thaw.at <= at && at <= thaw.until)) continue;
    const run = runs.get(instance) ?? { instance, first: at, last: at, setting: setting.join(" "), stopped: false };
    runs.set(instance, { ...run, last: at, stopped: run.stopped || what === "stop" });
  }
  const inOrder = [...runs.values()].sort((a, b) => a.first - b.first);
  for (const [index, run] of inOrder.entries()) {
    for (const later of inOrder.slice(index + 1)) {
      if (later.first <= run.last)
        violations.push(`${run.instance} ran until ${run.last}, ${later.instance} since ${later.first}`);
    }
  }
  return { runs: inOrder, violations };
}

/** Milliseconds between the last sign of one run and the first of the next. */
export function away(before: AppRun, after: AppRun): number {
  return after.first - before.last;
}
