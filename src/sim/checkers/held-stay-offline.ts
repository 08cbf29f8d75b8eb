/** What a restore holds offline runs nowhere from soon after the restore until a person asks for its release. */
import type { Checker, ClusterEvent } from "./events.ts";
import { Findings } from "./finding.ts";

/** Virtual milliseconds. What ran before has ended by then, on nodes too that hear of the new generation late: their permits are over. */
const mayEndWithin = 8000;

/** Watches applications of held resources. */
export function heldStayOffline(): Checker {
  const name = "held-stay-offline";
  const found = new Findings(name);
  const heldUntil = new Map<string, number>();
  const running = new Map<number, { readonly resource: string; readonly node: string }>();
  const judge = (at: number): void => {
    for (const [run, { resource, node }] of running) {
      const since = heldUntil.get(resource);
      if (since === undefined || at <= since) continue;
      found.add(at, `${resource} is held and runs on ${node} (run ${run}).`);
      heldUntil.delete(resource);
    }
  };
  return {
    name,
    violations: found.violations,
    finish: () => undefined,
    see: (event: ClusterEvent) => {
      judge(event.at);
      if (event.kind === "restored")
        for (const resource of event.held ?? []) heldUntil.set(resource, event.at + mayEndWithin);
      if (event.kind === "release-asked") heldUntil.delete(event.resource);
      if (event.kind === "application-started") running.set(event.run, event);
      if (event.kind === "application-ended") running.delete(event.run);
    },
  };
}
