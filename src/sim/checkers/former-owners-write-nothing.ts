/** What changes the state or the checkpoints of a resource was sent by a node that knew the group's present ownership generation. */
import type { Checker, ClusterEvent } from "./events.ts";
import { Findings } from "./finding.ts";

/** Watches who wrote what owners write. */
export function formerOwnersWriteNothing(): Checker {
  const name = "former-owners-write-nothing";
  const found = new Findings(name);
  return {
    name,
    violations: found.violations,
    finish: () => undefined,
    see: (event: ClusterEvent) => {
      if (event.kind !== "owner-wrote" || event.generation === event.recorded) return;
      const { resource, what, node, generation, recorded } = event;
      found.add(
        event.at,
        `Node ${node} wrote the ${what} of ${resource} by its ownership ${generation}; it is ${recorded}.`,
      );
    },
  };
}
