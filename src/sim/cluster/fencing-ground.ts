/**
 * What a simulated cluster that is fenced stands on, from its seed: a machine for each node, how firmly its kernel holds applications,
 * which devices fence it.
 */
import type { FenceConfig } from "../../database/fencing.ts";
import type { RandomStream } from "../random.ts";
import { watchdogPath } from "../kernel-files.ts";

/** The power switch's agent, in the folder of agents. */
export const fenceAgent = "fence_sim";
/** Milliseconds until an agent that hangs is killed. */
export const agentTimeout = 3000;
/** Milliseconds until a watchdog fires. */
const watchdogTimeout = 2000;

/** One node's. */
export interface NodeGround {
  readonly machine: string;
  /** Nothing there dies with its host: only a proof, a fence device or a person frees its groups. */
  readonly isLoose: boolean;
  readonly devices: readonly FenceConfig[];
  /** Milliseconds. */
  readonly watchdog: number | undefined;
}

/** By node. */
export type FencingGround = ReadonlyMap<string, NodeGround>;

/** In some worlds all nodes are alike, in others each is of its own kind. */
export function drawGround(random: RandomStream, nodes: readonly string[]): FencingGround {
  const looseChance = random.pick([0, 0.5, 1]);
  return new Map(
    nodes.map((node) => {
      const machine = `m${node}`;
      const isLoose = random.chance(looseChance);
      const kinds = random.pick(["agent", "agent", "agent", "agent", "watchdog", "both", "none"] as const);
      const method = random.pick(["off", "off", "reboot"] as const);
      const hasWatchdog = kinds === "watchdog" || kinds === "both";
      const devices: FenceConfig[] = [];
      if (kinds === "agent" || kinds === "both") {
        const secrets = { id: "", names: [] };
        const parameters = new Map([["plug", machine]]);
        devices.push({ kind: "agent", agent: fenceAgent, method, timeout: agentTimeout, parameters, secrets });
      }
      if (hasWatchdog) devices.push({ kind: "watchdog", device: watchdogPath.device, timeout: 0 });
      return [node, { machine, isLoose, devices, watchdog: hasWatchdog ? watchdogTimeout : undefined }];
    }),
  );
}
