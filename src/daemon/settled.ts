/** When a change of this node's registry or keys may be answered (docs/safety.md §3.6). */
import type { ServiceNode } from "./service-node.ts";

/** Waits for the checkpoints over these registry paths; undefined: for all. Rejects as `Checkpoints.settled`. */
export async function settled(
  service: Pick<ServiceNode, "checkpoints" | "life">,
  paths: readonly string[] | undefined,
): Promise<{ readonly pending: readonly string[] }> {
  const { checkpoints } = service;
  const running = service.life()?.owner.online() ?? [];
  if (paths === undefined) await checkpoints.settled(undefined, running);
  else await Promise.all(paths.map((path) => checkpoints.settled({ kind: "registry", path }, running)));
  return { pending: checkpoints.pending().map((each) => each.path) };
}
