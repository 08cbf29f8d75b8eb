/** When a life of a node counts as confirmed to be over, by a fence device or a person, nothing of it runs. */
import type { Checker, ClusterEvent } from "./events.ts";
import { Findings } from "./finding.ts";

/** Watches lives that are confirmed. */
export function confirmedMeansEnded(): Checker {
  const name = "confirmed-means-ended";
  const found = new Findings(name);
  return {
    name,
    violations: found.violations,
    finish: () => undefined,
    see: (event: ClusterEvent) => {
      if (event.kind !== "life-confirmed" || event.running.length === 0) return;
      const { node, incarnation, running } = event;
      found.add(
        event.at,
        `Life ${incarnation} of node ${node} is confirmed to be over while ${running.join(", ")} of it runs.`,
      );
    },
  };
}
