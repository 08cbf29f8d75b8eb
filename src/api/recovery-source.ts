/** The cluster as a node's service sees it, for the engine of `recovery/`. */
import { readRecords } from "../checkpoint/records.ts";
import { readState } from "../database/state.ts";
import type { RecoverySource, RecreateLine } from "../recovery/recovery.ts";
import type { NodeService } from "./node-service.ts";

/** What the engine asks goes to the owners through the service. */
export function recoverySource(service: Pick<NodeService, "database" | "atOwner">): RecoverySource {
  const records = (resource: string): ReturnType<typeof readRecords> => readRecords(service.database.tree(), resource);
  return {
    state: () => readState(service.database.tree()),
    checkpoints: (resource) => records(resource)?.current ?? [],
    lastOwner: (resource) => lastOwner(service, records(resource)),
    atOwner: async (call) => (await service.atOwner(call)) as readonly RecreateLine[],
  };
}

/** After a restore the set's database knows who ran it at the time of the set; where it is held on is newer. */
function lastOwner(
  service: Pick<NodeService, "database">,
  records: ReturnType<typeof readRecords>,
): string | undefined {
  const state = readState(service.database.tree());
  const group = records?.group === undefined ? undefined : state.groups.get(records.group.id);
  const node = group?.heldOn ?? records?.lastOwner;
  return node === undefined ? undefined : state.nodes.get(node)?.name;
}
