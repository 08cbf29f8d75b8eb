/** The requester of a restore: PreRestore, the files beside the live ones, PostRestore, the decision, then the service stops and starts. */
import { refuseBlocked } from "../../base/blocked.ts";
import { type Failure, fail } from "../../base/errors.ts";
import { failureOf } from "../../base/failure-of.ts";
import type { Outside } from "../../base/outside.ts";
import { openStaging, type RestorePlan, type Staging } from "../../restore/restore.ts";
import type { VssBackupComponents } from "../backup-components.ts";
import { componentType, fileRestoreStatus, restoreType } from "../enumerations.ts";
import { clusterComponent, clusterWriterId, createClusterWriter } from "./cluster-writer.ts";
import { createHold } from "./hold.ts";
import { vssFile } from "./layout.ts";
import type { NodeIdentity, RestoreDoor } from "./node-door.ts";
import { createRegistryWriter } from "./registry-writer.ts";
import type { VssRestorePlan } from "./restore-plan.ts";
import { needWritersWell, openSession } from "./session.ts";

const untouched = "The node's files and the cluster are as they were.";

/** How a restore ended. */
export interface VssRestoreOutcome {
  /** Id of the restore of the node's files. */
  readonly id: string;
  readonly lines: readonly string[];
}

/**
 * Carries a plan out. Its first blocker; REVISION_MISMATCH when what the plan would do has changed; BUSY or INVALID_STATE while another
 * restore runs or is staged; what the disk refuses; VSS_E_… when a writer fails. After any rejection before the service stops nothing was
 * changed.
 */
export async function restoreVssSet(
  outside: Outside,
  door: RestoreDoor,
  plan: VssRestorePlan,
): Promise<VssRestoreOutcome> {
  refuseBlocked(plan.blockers);
  const staging = await openStaging(outside, door.data);
  try {
    await runSession(outside, door, plan, staging);
    await decide(plan, staging);
  } finally {
    await staging.close();
  }
  return { id: staging.id, lines: await door.stopAndStart(staging.id, plan.cluster?.id) };
}

async function decide({ set, node, cluster }: VssRestorePlan, staging: Staging): Promise<void> {
  const { path, digest, manifest } = set;
  await staging.decide({
    set: { path, digest, node: manifest.node, tag: manifest.clusDb?.tag },
    ...(cluster === undefined ? {} : { authoritative: cluster }),
    notes: node.warnings,
  });
}

async function runSession(outside: Outside, door: RestoreDoor, plan: VssRestorePlan, staging: Staging): Promise<void> {
  const { files } = outside;
  const { data } = door;
  let cause: Failure | undefined;
  const beforeRestore = async (authoritative: boolean, saved: NodeIdentity | undefined): Promise<void> => {
    try {
      await checkAgain(door, plan, authoritative, saved);
    } catch (error) {
      cause = failureOf(error);
      throw cause;
    }
  };
  const writers = [
    createClusterWriter({ files, data, beforeRestore }),
    createRegistryWriter({ data, hold: createHold(undefined) }),
  ];
  const components = await openSession(outside, data, writers);
  try {
    components.initializeForRestore(textIn(plan, vssFile.components));
    await components.gatherWriterMetadata();
    selectAll(components, plan.authoritative);
    components.setRestoreState(restoreType.BY_COPY);
    await components.preRestore();
    // What the writer refused says more than that it refused.
    if (cause !== undefined) throw cause;
    await needWritersWell(components, "PreRestore", untouched);
    for (const name of plan.node.files) {
      const bytes = plan.set.files.get(`${vssFile.node}/${name}`);
      if (bytes !== undefined) await staging.put(name, name === "node.json" ? door.recordOf(bytes) : bytes);
    }
    eachComponent(components, (writerId, logicalPath, name) =>
      components.setFileRestoreStatus(writerId, componentType.FILEGROUP, logicalPath, name, fileRestoreStatus.ALL),
    );
    await components.postRestore();
    await needWritersWell(components, "PostRestore", untouched);
  } finally {
    await components.release();
  }
}

function selectAll(components: VssBackupComponents, authoritative: boolean): void {
  eachComponent(components, (writerId, logicalPath, name) =>
    components.setSelectedForRestore(writerId, componentType.FILEGROUP, logicalPath, name, true),
  );
  if (!authoritative) return;
  const { logicalPath, componentName } = clusterComponent;
  components.setAuthoritativeRestore(clusterWriterId, componentType.FILEGROUP, logicalPath, componentName, true);
}

function eachComponent(
  components: VssBackupComponents,
  work: (writerId: string, logicalPath: string | undefined, name: string) => void,
): void {
  for (let at = 0; at < components.getWriterComponentsCount(); at++) {
    const { writerId, components: list } = components.getWriterComponents(at);
    for (const { logicalPath, componentName } of list) work(writerId, logicalPath, componentName);
  }
}

function textIn({ set }: VssRestorePlan, name: string): string {
  const bytes = set.files.get(name);
  if (bytes !== undefined) return new TextDecoder().decode(bytes);
  throw fail("DATABASE_BACKUP_CORRUPT", {
    happened: `The set ${set.path} has no ${name}.`,
    unchanged: untouched,
    next: "Use another set.",
  });
}

/** What a person agreed to is what happens: between the plan and PreRestore a node may have started, or the configuration changed. */
async function checkAgain(
  door: RestoreDoor,
  plan: VssRestorePlan,
  authoritative: boolean,
  saved: NodeIdentity | undefined,
): Promise<void> {
  const { manifest } = plan.set;
  if (saved !== undefined && (saved.id !== manifest.node.id || saved.cluster.instance !== manifest.cluster.instance)) {
    throw fail("DATABASE_BACKUP_CORRUPT", {
      happened: `The documents of ${plan.set.path} are of node ${saved.name} of cluster ${saved.cluster.name}, its files are not.`,
      unchanged: untouched,
      next: "Use another set.",
    });
  }
  if (!authoritative || plan.set.clusterPath === undefined || plan.cluster === undefined) return;
  const now = await door.planCluster(plan.set.clusterPath);
  refuseBlocked(now.blockers, untouched);
  if (isSame(now, plan.cluster)) return;
  throw fail("REVISION_MISMATCH", {
    happened: "The set or the cluster's configuration has changed since the plan was shown.",
    unchanged: untouched,
    next: "Look at the plan again.",
  });
}

function isSame(a: RestorePlan, b: RestorePlan): boolean {
  return a.set.digest === b.set.digest && a.present?.contentDigest === b.present?.contentDigest;
}
