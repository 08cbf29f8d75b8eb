/** The writer "Cluster Database": this node's copy of the database, and whether a restore is for the node or for the whole cluster. */
import { fail } from "../../base/errors.ts";
import type { Files } from "../../base/outside.ts";
import { removeTree } from "../../backup/backup.ts";
import { clusterKeysFile } from "../../quorum/etcd/cluster-keys.ts";
import {
  applicationLevel,
  backupSchema,
  componentType,
  fileRestoreStatus,
  restoreMethod,
  sourceType,
  usageType,
  writerRestore,
} from "../enumerations.ts";
import type { ComponentName, CreateWriterMetadata } from "../metadata.ts";
import type { VssWriter, WriterCall } from "../writer.ts";
import { createHold, type NodeHold } from "./hold.ts";
import type { NodeDoor, NodeIdentity } from "./node-door.ts";

/** The documented id of the writer. */
export const clusterWriterId = "41e12264-35d8-479b-8e5c-9b23d1dad37e";
/** Its only component. */
export const clusterComponent: ComponentName = { logicalPath: undefined, componentName: "Cluster Database" };
/** What RESTORE_STOP_START names: the command that runs it. */
export const clusterService = "clubar service";

/** Where a shadow copy finds the files that lie at the top of a data folder. */
export function frozenFolder(data: string): string {
  return `${data}/frozen`;
}

/** Files at the top of the data folder that are in the component. */
export const topFiles: readonly string[] = ["ClusDb", "node.json", "trust.json", clusterKeysFile];

/** What the writer needs. */
export interface ClusterWriterParts {
  readonly files: Files;
  readonly data: string;
  /** For a backup. */
  readonly door?: NodeDoor;
  readonly hold?: NodeHold;
  /** For a restore: rejects when it may not take place. */
  readonly beforeRestore?: (authoritative: boolean, saved: NodeIdentity | undefined) => Promise<void>;
}

/** Makes the writer; whoever makes it subscribes it. It lives in the requester's process, which no restore stops. */
export function createClusterWriter(parts: ClusterWriterParts): VssWriter {
  const { files, data, door, hold = createHold(door), beforeRestore } = parts;
  const frozen = frozenFolder(data);
  // Another session's frozen files are not ours to clear.
  let isOurs = false;
  const clear = async (): Promise<void> => {
    if (isOurs) await removeTree(files, frozen);
    isOurs = false;
  };
  return {
    identity: {
      writerId: clusterWriterId,
      writerName: "Cluster Database",
      usage: usageType.BOOTABLESYSTEMSTATE,
      source: sourceType.TRANSACTEDDB,
    },
    level: applicationLevel.BACK_END,
    onIdentify: (metadata) => identify(metadata, data, frozen),
    async onPrepareSnapshot() {
      isOurs = true;
      await removeTree(files, frozen);
      await files.makeFolder(frozen);
    },
    async onFreeze() {
      await hold.freeze();
      for (const name of topFiles) {
        // A second name: the file that has the first one is replaced, never written.
        if ((await files.stat(`${data}/${name}`)) !== undefined)
          await files.link(`${data}/${name}`, `${frozen}/${name}`);
      }
    },
    onThaw: (call) => hold.thaw(call),
    async onPostSnapshot(call) {
      const saved = JSON.stringify(door?.identity ?? null);
      for (const component of call.components) component.setBackupMetadata(saved);
      await clear();
    },
    async onAbort() {
      await hold.abort();
      await clear();
    },
    async onPreRestore(call) {
      const [component] = call.components;
      const saved = component?.content.backupMetadata;
      await beforeRestore?.(component?.content.authoritativeRestore === true, identityOf(saved));
    },
    onPostRestore: requireAllFiles,
  };
}

function identify(metadata: CreateWriterMetadata, data: string, frozen: string): void {
  metadata.addComponent({
    ...clusterComponent,
    componentType: componentType.FILEGROUP,
    caption: "The node's copy of the cluster database",
    notifyOnBackupComplete: false,
  });
  for (const fileSpec of topFiles)
    metadata.addFilesToFileGroup(clusterComponent, { path: data, fileSpec, recursive: false, alternatePath: frozen });
  metadata.setRestoreMethod({
    method: restoreMethod.RESTORE_STOP_START,
    service: clusterService,
    writerRestore: writerRestore.ALWAYS,
    rebootRequired: false,
  });
  metadata.setBackupSchema(backupSchema.AUTHORITATIVE_RESTORE);
}

/** INVALID_DATA for metadata that this writer did not write. */
function identityOf(saved: string | undefined): NodeIdentity | undefined {
  if (saved === undefined || saved === "") return undefined;
  try {
    return (JSON.parse(saved) as NodeIdentity | null) ?? undefined;
  } catch (cause) {
    throw fail("INVALID_DATA", {
      happened: "What the Cluster Database writer noted in the backup components document is damaged.",
      unchanged: "Nothing was changed.",
      cause,
    });
  }
}

/** PostRestore: a component of which not all files came back has failed. */
export function requireAllFiles(call: WriterCall): void {
  for (const component of call.components) {
    if (component.content.fileRestoreStatus === fileRestoreStatus.ALL) continue;
    component.setPostRestoreFailureMsg("Not all files came back; nothing is put in place.");
    call.setWriterFailure("VSS_E_WRITERERROR_NONRETRYABLE", "Not all files came back.");
  }
}
