/** BackupClusterDatabase and RestoreClusterDatabase. */
import type { RestoreOutcome, RestorePlanView, RestoreRequest } from "../api/api.ts";
import { refuseBlocked } from "../base/blocked.ts";
import { fail } from "../base/errors.ts";
import { failureOf } from "../base/failure-of.ts";
import { dataFolder } from "../base/outside-node-folder.ts";
import { openOutside } from "../base/outside-node.ts";
import { ask, clientOf, type Cluster, codeOf } from "./cluster.ts";
import { isDrive } from "./drives.ts";
import { planOffline } from "./offline-restore.ts";

/**
 * BackupClusterDatabase: writes the cluster database and all checkpoints into the folder `path`, which the node that leads sees; a set
 * there is replaced. 0; 267 DIRECTORY for a file or a relative path; 3 PATH_NOT_FOUND; 5 ACCESS_DENIED; 112 DISK_FULL; 5925 without quorum;
 * 5949 CLUSTER_BACKUP_IN_PROGRESS; another Win32 error.
 */
export function backupClusterDatabase(cluster: Cluster, path: string): Promise<number> {
  return codeOf(async () => ask(cluster).post("/backup", { path }));
}

/**
 * RestoreClusterDatabase: puts a backup set in force on this machine's node, through its service or, when none runs, by itself. 0; 5056
 * CLUSTER_NODE_UP while other nodes run or could run; 5086 QUORUM_DISK_NOT_FOUND when the quorum's device has another layout; 5087
 * DATABASE_BACKUP_CORRUPT; 87 INVALID_PARAMETER for a drive that is no letter and colon; another Win32 error. `force` stops the other nodes
 * and accepts the device. The drive only when the quorum was replaced since the backup.
 */
export function restoreClusterDatabase(
  path: string,
  force: boolean,
  drive?: string,
  options: { readonly data?: string } = {},
): Promise<number> {
  const data = dataFolder(options.data);
  return codeOf(async () => {
    if (drive !== undefined && !isDrive(drive)) {
      throw fail("INVALID_PARAMETER", {
        happened: `"${drive}" is no drive: a letter and a colon.`,
        unchanged: "Nothing was changed.",
      });
    }
    const request: RestoreRequest = { path, force, ...(drive === undefined ? {} : { drive: drive.toLowerCase() }) };
    const { view, carryOut } = await plan(data, request);
    refuseBlocked(view.blockers);
    await carryOut();
  });
}

async function plan(
  data: string,
  request: RestoreRequest,
): Promise<{ readonly view: RestorePlanView; readonly carryOut: () => Promise<RestoreOutcome> }> {
  const client = clientOf(data);
  try {
    const view = await client.post<RestorePlanView>("/restore/plan", request);
    return { view, carryOut: () => client.post<RestoreOutcome>("/restore", { ...request, planId: view.id }) };
  } catch (error) {
    if (failureOf(error).name !== "SERVICE_NOT_ACTIVE") throw error;
    return planOffline({ outside: openOutside(), data }, request);
  }
}
