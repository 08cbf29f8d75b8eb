/** No two incarnations lead under the same generation and epoch. */
import type { Checker, ClusterEvent } from "./events.ts";
import { Findings } from "./finding.ts";

/** Watches who leads. */
export function oneLeaderPerEpoch(): Checker {
  const name = "one-leader-per-epoch";
  const found = new Findings(name);
  const leaders = new Map<string, string>();
  return {
    name,
    violations: found.violations,
    finish: () => undefined,
    see: (event: ClusterEvent) => {
      if (event.kind !== "leader-started") return;
      const epoch = `${event.tag.generation}:${event.tag.epoch}`;
      const who = `${event.node} (${event.incarnation})`;
      const before = leaders.get(epoch) ?? who;
      if (before !== who) found.add(event.at, `${who} leads epoch ${epoch}, which ${before} led.`);
      leaders.set(epoch, who);
    },
  };
}
