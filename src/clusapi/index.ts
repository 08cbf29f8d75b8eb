/**
 * The cluster's functions by their documented names (`import … from "clubar"`). What opens something resolves to a handle or rejects with a
 * Failure, whose `win32` is what GetLastError would tell; what changes something resolves to a Win32 code.
 */
export { Failure } from "../base/errors.ts";
export { controlCode } from "../checkpoint/control-codes.ts";
export { storageCode } from "../recovery/disks/storage-control.ts";
export { groupState, nodeState, resourceState } from "../database/schema.ts";
export {
  type Cluster,
  closeCluster,
  type ClusterEnum,
  clusterEnum,
  clusterEnumType,
  clusterGetEnumCount,
  type ClusterInformation,
  clusterOpenEnum,
  getClusterInformation,
  getNodeClusterState,
  nodeClusterState,
  openCluster,
  type OpenOptions,
} from "./cluster.ts";
export { backupClusterDatabase, restoreClusterDatabase } from "./database.ts";
export {
  backupNode,
  createClusterWriter,
  createRegistryWriter,
  openNodeDoor,
  openRestoreDoor,
  planVssRestore,
  readVssSet,
  restoreVssSet,
  verifyVssSet,
} from "./vss/vss.ts";
export {
  type ClusterGroup,
  type ClusterNode,
  type ClusterObject,
  type ClusterResource,
  clusterResourceControl,
  type ControlResult,
  evictClusterNode,
  failClusterResource,
  getClusterGroupState,
  getClusterNodeState,
  getClusterResourceState,
  moveClusterGroup,
  offlineClusterGroup,
  offlineClusterResource,
  onlineClusterGroup,
  onlineClusterResource,
  openClusterGroup,
  openClusterNode,
  openClusterResource,
  pauseClusterNode,
  resumeClusterNode,
} from "./objects.ts";
