/** The requester of a backup of one node: the cluster's set, then the node's files out of shadow copies, then the documents beside them. */
import { Failure, fail } from "../../base/errors.ts";
import type { Outside } from "../../base/outside.ts";
import { readIfThere } from "../../base/read-if-there.ts";
import { tagValueName } from "../../database/apply.ts";
import { readHive } from "../../hive/index.ts";
import { decodeClusDb } from "../../membership/clusdb-copy.ts";
import { valueOf } from "../../tree/key.ts";
import { textOf } from "../../tree/value.ts";
import { refuseCheckpointed, removeTree } from "../../backup/backup.ts";
import type { SnapshotProperties, VssBackupComponents } from "../backup-components.ts";
import type { BackupState } from "../component.ts";
import { backupType, componentType } from "../enumerations.ts";
import type { WriterMetadata } from "../metadata.ts";
import { createClusterWriter, frozenFolder } from "./cluster-writer.ts";
import { copyFileSets } from "./copy-files.ts";
import { createHold } from "./hold.ts";
import { vssFile } from "./layout.ts";
import type { VssManifest } from "./manifest.ts";
import type { NodeDoor } from "./node-door.ts";
import { createRegistryWriter } from "./registry-writer.ts";
import { needWritersWell, openSession } from "./session.ts";
import { type SetFolder, writeVssSet, type WrittenSet } from "./write-set.ts";

/** What a backup is made of. */
export interface VssBackupParts {
  readonly outside: Outside;
  readonly door: NodeDoor;
  /** Absolute path of a folder; its parent exists. */
  readonly path: string;
}

const running = 19;
const attempts = 3;
/** Milliseconds. */
const betweenAttempts = 1000;
const untouched = "No set was made; one that was there is as it was.";
const state: BackupState = {
  selectComponents: true,
  bootableSystemState: true,
  backupType: backupType.FULL,
  partialFileSupport: false,
};

/**
 * Backs a node up into a VSS set. What `writeVssSet` rejects with; BAD_PATHNAME for a folder that is a checkpoint; NO_QUORUM when the
 * cluster has no leader; VSS_E_… when a writer or a provider fails, after three attempts where another may help. A set that was there
 * counts until the new one is complete.
 */
export async function backupNode(parts: VssBackupParts): Promise<WrittenSet> {
  const { outside, door, path } = parts;
  const own = await readIfThere(outside.files, `${door.data}/ClusDb`);
  const tree = own === undefined ? undefined : decodeClusDb(own)?.tree;
  if (tree !== undefined) refuseCheckpointed(tree, door.data, path);
  return writeVssSet(outside, path, async (folder) => {
    const isCluster = door.nodeClusterState === running;
    const cluster = isCluster ? await door.backupCluster(`${folder.path}/${vssFile.cluster}`) : undefined;
    const copied = await withRetries(outside, folder, () => copyOut(parts, folder));
    const { identity, nodeClusterState } = door;
    const standAlone = isCluster
      ? []
      : [
          "The node's service did not run: it was backed up as a stand-alone server, without the cluster's checkpoints.",
        ];
    return {
      time: Math.floor(outside.clock.wall()),
      cluster: identity.cluster,
      node: { id: identity.id, name: identity.name },
      nodeClusterState,
      clusterTag: cluster?.tag,
      backupState: state,
      ...copied,
      notChecked: [...(cluster?.notChecked ?? []), ...copied.notChecked, ...standAlone],
    };
  });
}

type Copied = Pick<VssManifest, "clusDb" | "snapshotSetId" | "notChecked">;

/** A failure that may work again without reconfiguration is tried again; a person asked for one backup, not for the first attempt. */
async function withRetries(outside: Outside, folder: SetFolder, work: () => Promise<Copied>): Promise<Copied> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await work();
    } catch (error) {
      const again = error instanceof Failure && error.name === "VSS_E_WRITERERROR_RETRYABLE";
      if (!again || attempt === attempts) throw error;
      await outside.timers.sleep(betweenAttempts);
      folder.clear();
      for (const name of [vssFile.node, vssFile.writers]) await removeTree(outside.files, `${folder.path}/${name}`);
      const document = `${folder.path}/${vssFile.components}`;
      if ((await outside.files.stat(document)) !== undefined) await outside.files.unlink(document);
    }
  }
}

/** One session of VSS, in the documented order. */
async function copyOut({ outside, door }: VssBackupParts, folder: SetFolder): Promise<Copied> {
  const { files } = outside;
  const { data } = door;
  const hold = createHold(door);
  const writers = [createClusterWriter({ files, data, door, hold }), createRegistryWriter({ data, hold })];
  const components = await openSession(outside, data, writers);
  try {
    components.initializeForBackup();
    await components.gatherWriterMetadata();
    components.setBackupState(
      state.selectComponents,
      state.bootableSystemState,
      state.backupType,
      state.partialFileSupport,
    );
    const metadata = includeAll(components);
    const snapshots = await makeShadowCopies(components, outside, data);
    let clusDb: Copied["clusDb"];
    const put = async (name: string, bytes: Uint8Array): Promise<void> => {
      if (name === `${vssFile.node}/ClusDb`) clusDb = copyOf(bytes);
      await folder.put(name, bytes);
    };
    const notChecked = await copyFileSets({ files, data, snapshots, put }, metadata);
    await endBackup(components, metadata, folder);
    return { clusDb, snapshotSetId: snapshots[0]?.snapshotSetId, notChecked };
  } catch (error) {
    await components.abortBackup().catch(() => undefined);
    throw error;
  } finally {
    await components.release();
  }
}

/** Every component of every writer is included, explicitly. */
function includeAll(components: VssBackupComponents): WriterMetadata[] {
  const all: WriterMetadata[] = [];
  for (let at = 0; at < components.getWriterMetadataCount(); at++) {
    const { metadata } = components.getWriterMetadata(at);
    all.push(metadata);
    for (const { logicalPath, componentName } of metadata.components) {
      const { instanceId, writerId } = metadata;
      components.addComponent(instanceId, writerId, componentType.FILEGROUP, logicalPath, componentName);
    }
  }
  return all;
}

/** Of the folders that the writers' files are in: they are our volumes. */
async function makeShadowCopies(
  components: VssBackupComponents,
  { files }: Outside,
  data: string,
): Promise<SnapshotProperties[]> {
  const volumes = [`${data}/registry`, `${data}/keys`, frozenFolder(data)];
  await components.startSnapshotSet();
  // From here on no other backup of this node has the folder of frozen files.
  for (const volume of volumes) await files.makeFolder(volume);
  const ids: string[] = [];
  for (const volume of volumes) ids.push(await components.addToSnapshotSet(volume));
  await components.prepareForBackup();
  await needWritersWell(components, "PrepareForBackup", untouched);
  await components.doSnapshotSet().catch(async (error: unknown) => {
    // What the writers say tells more than that they all failed.
    await needWritersWell(components, "DoSnapshotSet", untouched);
    throw error;
  });
  await needWritersWell(components, "DoSnapshotSet", untouched);
  const snapshots: SnapshotProperties[] = [];
  for (const id of ids) snapshots.push(await components.getSnapshotProperties(id));
  return snapshots;
}

async function endBackup(
  components: VssBackupComponents,
  metadata: readonly WriterMetadata[],
  folder: SetFolder,
): Promise<void> {
  for (const { instanceId, writerId, components: list } of metadata) {
    for (const { logicalPath, componentName } of list)
      components.setBackupSucceeded(instanceId, writerId, componentType.FILEGROUP, logicalPath, componentName, true);
  }
  await components.backupComplete();
  await needWritersWell(components, "BackupComplete", untouched);
  const text = (words: string): Uint8Array => new TextEncoder().encode(words);
  await folder.put(vssFile.components, text(components.saveAsXml()));
  for (let at = 0; at < components.getWriterMetadataCount(); at++) {
    const examined = components.getWriterMetadata(at);
    await folder.put(`${vssFile.writers}/${examined.metadata.writerId}.xml`, text(examined.saveAsXml()));
  }
}

/** Tag and lineage of a copy of the database. */
function copyOf(bytes: Uint8Array): Copied["clusDb"] {
  const { root } = readHive(bytes);
  const tag = textOf(valueOf(root, tagValueName));
  if (tag !== undefined) return { tag, lineage: textOf(valueOf(root, "Lineage")) ?? "" };
  throw fail("INVALID_DATA", { happened: "The node's ClusDb has no tag.", unchanged: "No set was made." });
}
