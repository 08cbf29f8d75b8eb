/** At rest, every replica has the same tag and the same content. */
import { formatTag } from "../../quorum/tag.ts";
import type { Checker, ClusterEvent, EventOf } from "./events.ts";
import { Findings } from "./finding.ts";

/** Compares replicas at rest. */
export function replicasIdenticalWhenQuiet(): Checker {
  const name = "replicas-identical-when-quiet";
  const found = new Findings(name);
  let first: EventOf<"replica-at-rest"> | undefined;
  return {
    name,
    violations: found.violations,
    finish: () => undefined,
    see: (event: ClusterEvent) => {
      if (event.kind !== "replica-at-rest") return;
      first ??= event;
      const [tag, expected] = [formatTag(event.tag), formatTag(first.tag)];
      if (tag !== expected) found.add(event.at, `${event.node} rests at ${tag}, ${first.node} at ${expected}.`);
      else if (event.digest !== first.digest) found.add(event.at, `${event.node} and ${first.node} differ at ${tag}.`);
    },
  };
}
