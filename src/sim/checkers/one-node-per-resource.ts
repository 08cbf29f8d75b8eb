/** No resource's application lives twice at the same instant of virtual time. */
import type { Checker, ClusterEvent } from "./events.ts";
import { Findings } from "./finding.ts";

/** Watches applications start and end. */
export function oneNodePerResource(): Checker {
  const name = "one-node-per-resource";
  const found = new Findings(name);
  const running = new Map<string, Map<number, string>>();
  return {
    name,
    violations: found.violations,
    finish: () => undefined,
    see: (event: ClusterEvent) => {
      if (event.kind !== "application-started" && event.kind !== "application-ended") return;
      const runs = running.get(event.resource) ?? new Map<number, string>();
      running.set(event.resource, runs);
      if (event.kind === "application-ended") {
        runs.delete(event.run);
        return;
      }
      for (const [run, node] of runs) {
        found.add(
          event.at,
          `${event.resource} starts on ${event.node} (run ${event.run}) while run ${run} lives on ${node}.`,
        );
      }
      runs.set(event.run, event.node);
    },
  };
}
