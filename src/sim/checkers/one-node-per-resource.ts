/**
 * No resource's application lives twice at the same instant of virtual time. One whose machine stands still may have a successor when its
 * host's kernel ends it: then it must be gone soon after the machine goes on (docs/safety.md §2.14).
 */
import type { Checker, ClusterEvent } from "./events.ts";
import { Findings } from "./finding.ts";

/** Virtual milliseconds: what a guard needs that has just gone on, and the kernel to end an application. */
const mayEndWithin = 500;

interface Run {
  readonly resource: string;
  readonly node: string;
  frozen: boolean;
  /** When its machine went on last. */
  thawedAt: number;
}

/** Watches applications start and end. */
export function oneNodePerResource(): Checker {
  const name = "one-node-per-resource";
  const found = new Findings(name);
  const running = new Map<number, Run>();
  /** By run, until when it must have ended. */
  const outlived = new Map<number, number>();
  const others = (of: string): [number, Run][] => [...running].filter(([, { resource }]) => resource === of);

  function started(at: number, run: number, { resource, node }: { resource: string; node: string }): void {
    for (const [other, before] of others(resource)) {
      if (before.frozen) continue;
      if (at <= before.thawedAt + mayEndWithin) {
        outlived.set(other, before.thawedAt + mayEndWithin);
        continue;
      }
      const what = `${resource} starts on ${node} (run ${run}) while run ${other} lives on ${before.node}.`;
      found.add(at, what);
    }
    running.set(run, { resource, node, frozen: false, thawedAt: Number.NEGATIVE_INFINITY });
  }

  function thawed(at: number, run: number): void {
    const one = running.get(run);
    if (one === undefined) return;
    one.frozen = false;
    one.thawedAt = at;
    if (others(one.resource).some(([other, { frozen }]) => other !== run && !frozen))
      outlived.set(run, at + mayEndWithin);
  }

  function judge(at: number): void {
    for (const [run, until] of outlived) {
      const one = running.get(run);
      if (one !== undefined && at <= until) continue;
      outlived.delete(run);
      if (one === undefined) continue;
      found.add(
        at,
        `${one.resource} (run ${run}) still lives on ${one.node} ${mayEndWithin} ms after its machine went on.`,
      );
    }
  }

  return {
    name,
    violations: found.violations,
    finish: () => judge(Number.POSITIVE_INFINITY),
    see: (event: ClusterEvent) => {
      judge(event.at);
      if (event.kind === "application-started") started(event.at, event.run, event);
      if (event.kind === "application-ended") running.delete(event.run);
      const one = event.kind === "application-frozen" ? running.get(event.run) : undefined;
      if (one !== undefined) one.frozen = true;
      if (event.kind === "application-thawed") thawed(event.at, event.run);
    },
  };
}
