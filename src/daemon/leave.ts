/** A clean stop: the groups go elsewhere first, what can't go is taken offline in order, then the host proves that nothing is left. */
import { pauseNode } from "../database/commands/node.ts";
import { nodeState } from "../database/schema.ts";
import { stopDrainEdit } from "../membership/node-records.ts";
import type { ServiceNode } from "./service-node.ts";

/** How long groups may take to leave before they are ended here, in milliseconds. */
const drainLimit = 30_000;

/** Resolves when nothing of this node runs any more and its host has proved it. */
export async function leaveInOrder(service: ServiceNode): Promise<void> {
  const life = service.life();
  if (life === undefined || !life.membership.isMember()) return;
  const me = service.node.id;
  const wasPaused = service.clusterState().nodes.get(me)?.paused ?? false;
  const others = [...service.clusterState().nodes.values()].filter(
    (node) => node.id !== me && node.state === nodeState.up && !node.paused,
  );
  if (others.length > 0 && !wasPaused) {
    await service.change((tree) => {
      const drain = pauseNode(tree, { node: me, drain: true });
      return { ...drain, edits: [...drain.edits, stopDrainEdit(me)] };
    });
    await waitUntilEmpty(service, me);
  }
  await stopHere(service);
  await life.host.finish("the service stops in order");
}

async function waitUntilEmpty(service: ServiceNode, me: string): Promise<void> {
  const { clock, timers } = service.parts.outside;
  const until = clock.boot() + drainLimit;
  const owned = (): boolean =>
    [...service.clusterState().groups.values()].some((group) => group.owner === me && group.resources.length > 0);
  while (owned() && clock.boot() < until) await timers.sleep(service.timing.poll / 2);
}

/** Dependents were started last, so they are stopped first. */
export async function stopHere(service: ServiceNode): Promise<void> {
  const life = service.life();
  life?.owner.rest();
  const online = [...(life?.owner.running() ?? [])]
    .filter(([, running]) => running.phase === "online")
    .sort(([, a], [, b]) => b.since - a.since);
  for (const [id] of online) {
    await service.checkpoints.captureNow(id).catch(() => undefined);
    await life?.host.stop(id).catch(() => undefined);
  }
}
