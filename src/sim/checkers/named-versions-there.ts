/** A checkpoint version that the newest database names has its file, at every moment and not only at the end. */
import type { Checker, ClusterEvent } from "./events.ts";
import { Findings } from "./finding.ts";

/** Watches what the first replica that applies an update says about versions. */
export function namedVersionsThere(): Checker {
  const name = "named-versions-there";
  const found = new Findings(name);
  const known = new Set<string>();
  return {
    name,
    violations: found.violations,
    finish: () => undefined,
    see: (event: ClusterEvent) => {
      if (event.kind !== "versions-named") return;
      for (const file of event.missing) {
        if (known.has(file)) continue;
        known.add(file);
        found.add(event.at, `The database of node ${event.node} names ${file}, which is not there.`);
      }
    },
  };
}
