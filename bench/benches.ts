/** The table of benches. */
import { benchBackup } from "./backup.ts";
import { benchFailover, benchFailoverEtcd } from "./failover.ts";
import { benchGrowth } from "./hive/growth.ts";
import { benchHive } from "./hive/hive.ts";
import { benchMoves } from "./moves.ts";
import type { Bench } from "./options.ts";
import { beside } from "./pacemaker/beside.ts";
import { failoverOfPacemaker } from "./pacemaker/failover.ts";
import { movesOfPacemaker } from "./pacemaker/moves.ts";
import { scaleOfPacemaker } from "./pacemaker/scale.ts";
import { benchQuorum } from "./quorum.ts";
import { benchScale } from "./scale.ts";
import { benchSoak } from "./soak.ts";
import { benchStall } from "./stall.ts";
import { benchThaw } from "./thaw.ts";
import { benchUpdates } from "./updates.ts";

/** By name, in the order in which they run. */
export const benches: ReadonlyMap<string, Bench> = new Map<string, Bench>([
  ["quorum", { run: ({ runs }, say) => benchQuorum(runs, say), seconds: ({ runs }) => 2 + runs }],
  ["backup", { run: ({ runs }, say) => benchBackup(runs, say), seconds: ({ runs }) => 10 + 3 * runs }],
  ["updates", { run: ({ runs }, say) => benchUpdates(runs, say), seconds: ({ runs }) => 5 + 6 * runs }],
  [
    "failover",
    {
      run: async (options, say) => beside(await benchFailover(options.runs, say), failoverOfPacemaker, options, say),
      seconds: ({ runs, peer, peerRuns }) =>
        10 + 18 * runs + (peer ? 20 + 38 * peerRuns + 50 * Math.min(peerRuns, 2) : 0),
    },
  ],
  ["failover-etcd", { run: ({ runs }, say) => benchFailoverEtcd(runs, say), seconds: ({ runs }) => 20 + 40 * runs }],
  [
    "moves",
    {
      run: async (options, say) => beside(await benchMoves(options.runs, say), movesOfPacemaker, options, say),
      seconds: ({ runs, peer, peerRuns }) => 20 + 15 * runs + (peer ? 30 + 50 * peerRuns : 0),
    },
  ],
  [
    "scale",
    {
      run: async (options, say) => beside(await benchScale(options.runs), scaleOfPacemaker, options, say),
      seconds: ({ runs, peer, peerResources }) => 120 + 10 * runs + (peer ? 30 + 0.35 * peerResources : 0),
    },
  ],
  ["stall", { run: ({ runs }, say) => benchStall(runs, say), seconds: ({ runs }) => 30 + 12 * runs }],
  ["thaw", { run: ({ runs }, say) => benchThaw(runs, say), seconds: ({ runs }) => 10 + 6 * runs }],
  ["hive", { run: ({ runs }, say) => benchHive(runs, say), seconds: ({ runs }) => 60 + 30 * runs }],
  ["hive-growth", { run: (_, say) => benchGrowth(say), seconds: () => 300, onlyNamed: true }],
  [
    "soak",
    {
      run: ({ minutes }, say) => benchSoak(minutes, say),
      seconds: ({ minutes }) => 20 + 60 * minutes,
      onlyNamed: true,
    },
  ],
]);
