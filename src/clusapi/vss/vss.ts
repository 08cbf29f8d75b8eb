/** A node's backup and restore by VSS, for programs: the doors to a node, its writers, and the requester that `clubar vss` is. */
export { backupNode } from "../../vss/cluster/backup.ts";
export { createClusterWriter } from "../../vss/cluster/cluster-writer.ts";
export { readVssSet, verifyVssSet } from "../../vss/cluster/read-set.ts";
export { createRegistryWriter } from "../../vss/cluster/registry-writer.ts";
export { restoreVssSet } from "../../vss/cluster/restore.ts";
export { planVssRestore } from "../../vss/cluster/restore-plan.ts";
export { openNodeDoor } from "./node-door.ts";
export { openRestoreDoor } from "./restore-door.ts";
