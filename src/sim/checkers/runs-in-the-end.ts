/** After healing, what should be online is online and what should not is not. */
import type { Checker, ClusterEvent } from "./events.ts";
import { Findings } from "./finding.ts";

/** Compares what should run with what runs, at rest. */
export function runsInTheEnd(): Checker {
  const name = "runs-in-the-end";
  const found = new Findings(name);
  return {
    name,
    violations: found.violations,
    finish: () => undefined,
    see: (event: ClusterEvent) => {
      if (event.kind !== "resource-at-rest" || event.wanted === event.online) return;
      found.add(event.at, `${event.resource} should be ${word(event.wanted)} and is ${word(event.online)}.`);
    },
  };
}

function word(online: boolean): string {
  return online ? "online" : "offline";
}
