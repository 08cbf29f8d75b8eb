/** All checkers, fed together. */
import { acknowledgedSettingAfterFailover } from "./acknowledged-setting-after-failover.ts";
import { acknowledgedUpdatesKept } from "./acknowledged-updates-kept.ts";
import { appliedOnce } from "./applied-once.ts";
import { confirmedMeansEnded } from "./confirmed-means-ended.ts";
import type { Checker, ClusterEvent, Violation } from "./events.ts";
import { formerOwnersWriteNothing } from "./former-owners-write-nothing.ts";
import { heldStayOffline } from "./held-stay-offline.ts";
import { namedVersionsThere } from "./named-versions-there.ts";
import { oneLeaderPerEpoch } from "./one-leader-per-epoch.ts";
import { oneNodePerResource } from "./one-node-per-resource.ts";
import { replicasIdenticalWhenQuiet } from "./replicas-identical-when-quiet.ts";
import { runsInTheEnd } from "./runs-in-the-end.ts";

/** Several checkers as one. */
export interface Judge {
  see(event: ClusterEvent): void;
  /** Ends the watch; every violation in order of time. */
  finish(): readonly Violation[];
  /** How many events of each kind came: a checker that saw none has checked nothing. */
  readonly seen: ReadonlyMap<ClusterEvent["kind"], number>;
}

/** One fresh checker of each kind. */
export function allCheckers(): Checker[] {
  return [
    oneLeaderPerEpoch(),
    acknowledgedUpdatesKept(),
    appliedOnce(),
    oneNodePerResource(),
    confirmedMeansEnded(),
    formerOwnersWriteNothing(),
    acknowledgedSettingAfterFailover(),
    namedVersionsThere(),
    heldStayOffline(),
    replicasIdenticalWhenQuiet(),
    runsInTheEnd(),
  ];
}

/** Feeds every checker. */
export function createJudge(checkers: readonly Checker[] = allCheckers()): Judge {
  const seen = new Map<ClusterEvent["kind"], number>();
  return {
    seen,
    see: (event) => {
      seen.set(event.kind, (seen.get(event.kind) ?? 0) + 1);
      for (const checker of checkers) checker.see(event);
    },
    finish: () => {
      for (const checker of checkers) checker.finish();
      return checkers.flatMap((checker) => checker.violations).toSorted((a, b) => a.at - b.at);
    },
  };
}
