/** The disks of every node of the cluster, each as its own node sees them. */
import type { NodeDisks } from "../api/node-service.ts";
import { fail } from "../base/errors.ts";
import { failureOf } from "../base/failure-of.ts";
import { nodeState } from "../database/schema.ts";
import { type DiskFact, listDisks } from "../recovery/disks/disk-list.ts";
import type { ServiceNode } from "./service-node.ts";

/** How long a node may take to look at its disks, in milliseconds. */
const limit = 20_000;

/** This node's. CALL_NOT_IMPLEMENTED where nobody looks at disks. */
export function ownDisks(service: ServiceNode): Promise<readonly DiskFact[]> {
  const { disks, outside, quorum } = service.parts;
  if (disks !== undefined) return listDisks({ files: outside.files, disks }, service.database.tree(), quorum.place);
  throw fail("CALL_NOT_IMPLEMENTED", { happened: "Nobody looks at disks here.", unchanged: "Nothing was changed." });
}

/** Of all nodes, by name; one that does not answer says why. */
export async function allDisks(service: ServiceNode): Promise<readonly NodeDisks[]> {
  const nodes = [...service.clusterState().nodes.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
  return Promise.all(
    nodes.map(async ({ id, name, state, endpoint }): Promise<NodeDisks> => {
      try {
        if (id === service.node.id) return { node: name, disks: await ownDisks(service), trouble: "" };
        if (state === nodeState.down) return { node: name, disks: [], trouble: "the node is down" };
        const disks = (await service.callers.call(endpoint ?? "", "disks", {}, limit)) as readonly DiskFact[];
        return { node: name, disks, trouble: "" };
      } catch (error) {
        return { node: name, disks: [], trouble: failureOf(error).happened };
      }
    }),
  );
}
