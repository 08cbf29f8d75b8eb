/** The coordinator of a node's shadow copies with the node's writers, for whoever only asks. */
import type { Outside } from "../../base/outside.ts";
import type { WriterStatus } from "../../vss/backup-components.ts";
import { createClusterWriter } from "../../vss/cluster/cluster-writer.ts";
import { createHold } from "../../vss/cluster/hold.ts";
import { createRegistryWriter } from "../../vss/cluster/registry-writer.ts";
import { coordinatorFolder } from "../../vss/cluster/session.ts";
import { openVssCoordinator, type VssCoordinator } from "../../vss/coordinator.ts";
import type { WriterMetadata } from "../../vss/metadata.ts";
import { createVssBackupComponents } from "../../vss/requester.ts";
import { readNodeRecord } from "../node-record.ts";
import { fail } from "../../base/errors.ts";

/** CLUSTER_NOT_INSTALLED when the folder holds no node: none is made for a question. */
export async function openNodeCoordinator(outside: Outside, data: string): Promise<VssCoordinator> {
  const { files } = outside;
  if ((await readNodeRecord(files, data)) === undefined) {
    throw fail("CLUSTER_NOT_INSTALLED", {
      happened: `${data} holds no node.`,
      unchanged: "Nothing was changed.",
      next: "Name the node's data folder with --data.",
    });
  }
  const coordinator = await openVssCoordinator({ outside, folder: coordinatorFolder(data) });
  const hold = createHold(undefined);
  coordinator.subscribe(createClusterWriter({ files, data, hold }));
  coordinator.subscribe(createRegistryWriter({ data, hold }));
  return coordinator;
}

/** A writer with what it says of itself. */
export interface IdentifiedWriter {
  readonly status: WriterStatus;
  readonly metadata: WriterMetadata;
}

/** Identify, and each writer's state. */
export async function clusterMetadata(coordinator: VssCoordinator): Promise<readonly IdentifiedWriter[]> {
  const components = createVssBackupComponents(coordinator);
  try {
    components.initializeForBackup();
    await components.gatherWriterMetadata();
    const all = Array.from({ length: components.getWriterMetadataCount() }, (_, at) =>
      components.getWriterMetadata(at),
    );
    const states = coordinator.queryWriters();
    return all.flatMap(({ metadata }) => {
      const status = states.find(({ instanceId }) => instanceId === metadata.instanceId);
      return status === undefined ? [] : [{ status, metadata }];
    });
  } finally {
    await components.release();
  }
}
