import assert from "node:assert/strict";
import { test } from "node:test";
import { describeOne, makeScene, NotingWriter, volume, writerId, type Scene } from "../../test/vss/scene.ts";
import {
  backupSchema,
  backupType,
  componentType,
  createVssBackupComponents,
  createVssExamineWriterMetadata,
  restoreMethod,
  snapshotContext,
  writerRestore,
  writerState,
  type CreateWriterMetadata,
  type VssBackupComponents,
  type WriterCall,
} from "./index.ts";

const { DATABASE, FILEGROUP } = componentType;
const other = "afbab4a2-367d-4d15-a586-71dbb18f8485";

/** A selectable database with a log that comes with it, and a file group that must always come. */
function describeSeveral(metadata: CreateWriterMetadata): void {
  metadata.addComponent({ componentType: DATABASE, logicalPath: undefined, componentName: "Store" });
  metadata.addComponent({ componentType: FILEGROUP, logicalPath: "Store", componentName: "Logs", selectable: false });
  metadata.addComponent({ componentType: FILEGROUP, logicalPath: "Apart", componentName: "Must", selectable: false });
  metadata.addDatabaseFiles({ logicalPath: undefined, componentName: "Store" }, files);
}

const files = { path: volume, fileSpec: "*", recursive: true };

async function begin({ coordinator, done }: Scene): Promise<VssBackupComponents> {
  const backup = createVssBackupComponents(coordinator);
  backup.initializeForBackup();
  backup.setBackupState(true, false, backupType.FULL);
  await done(backup.gatherWriterMetadata());
  return backup;
}

test("components: once each, as the writer has them, with what must come with them", async () => {
  const scene = await makeScene();
  const writer = new NotingWriter();
  writer.describe = describeSeveral;
  const { instanceId } = scene.coordinator.subscribe(writer);
  const backup = await begin(scene);
  const add = (type: 1 | 2, path: string | undefined, name: string, id = writerId): void =>
    backup.addComponent(instanceId, id, type, path, name);
  assert.throws(() => add(DATABASE, undefined, "Nothing"), { name: "VSS_E_OBJECT_NOT_FOUND" });
  assert.throws(() => add(FILEGROUP, undefined, "Store"), { name: "VSS_E_OBJECT_NOT_FOUND" });
  assert.throws(() => add(DATABASE, undefined, "Store", other), { name: "VSS_E_OBJECT_NOT_FOUND" });
  assert.throws(() => add(FILEGROUP, "Store", "Logs"), { name: "INVALID_PARAMETER", message: /Include Store/ });
  add(DATABASE, undefined, "Store");
  assert.throws(() => add(DATABASE, undefined, "store"), { name: "VSS_E_OBJECT_ALREADY_EXISTS" });
  await assert.rejects(scene.done(backup.prepareForBackup()), { name: "INVALID_PARAMETER", message: /Apart\\Must/ });
  assert.deepEqual(writer.heard, ["identify"]);
  add(FILEGROUP, "Apart", "Must");
  await scene.done(backup.prepareForBackup());
});

test("a writer without an included component hears of PrepareForBackup and the end only", async () => {
  const scene = await makeScene();
  const [chosen, idle, disabled] = [
    new NotingWriter(),
    new NotingWriter(other, "Idle"),
    new NotingWriter("1072ae1c-e5a7-4ea1-9e4a-6f7964656570", "Disabled"),
  ];
  for (const writer of [chosen, idle, disabled]) scene.coordinator.subscribe(writer);
  const backup = createVssBackupComponents(scene.coordinator);
  backup.initializeForBackup();
  backup.disableWriterClasses([disabled.identity.writerId]);
  backup.setBackupState(true, false, backupType.FULL);
  await scene.done(backup.gatherWriterMetadata());
  assert.equal(backup.getWriterMetadataCount(), 2);
  const { metadata } = backup.getWriterMetadata(0);
  backup.addComponent(metadata.instanceId, metadata.writerId, FILEGROUP, undefined, "Data");
  await scene.done(backup.startSnapshotSet());
  await scene.done(backup.addToSnapshotSet(volume));
  await scene.done(backup.prepareForBackup());
  await scene.done(backup.doSnapshotSet());
  await scene.done(backup.backupComplete());
  await scene.done(backup.release());
  assert.deepEqual(idle.heard, ["identify", "prepareBackup", "backupShutdown"]);
  assert.deepEqual(disabled.heard, []);
  assert.ok(chosen.heard.includes("freeze"));
});

test("whole volumes: every writer takes part, no component is named", async () => {
  const scene = await makeScene();
  const writer = new NotingWriter();
  scene.coordinator.subscribe(writer);
  const backup = createVssBackupComponents(scene.coordinator);
  backup.initializeForBackup();
  backup.setContext(snapshotContext.BACKUP);
  backup.setBackupState(false, true, backupType.COPY);
  await scene.done(backup.gatherWriterMetadata());
  let seen: WriterCall | undefined;
  writer.on.freeze = (call) => {
    seen = call;
  };
  await scene.done(backup.startSnapshotSet());
  await scene.done(backup.addToSnapshotSet(volume));
  await scene.done(backup.prepareForBackup());
  await scene.done(backup.doSnapshotSet());
  assert.deepEqual(
    [seen?.areComponentsSelected, seen?.isBootableSystemStateBackedUp, seen?.backupType, seen?.currentVolumes],
    [false, true, backupType.COPY, [volume]],
  );
  assert.deepEqual([seen?.isPathAffected("/data/a"), seen?.isPathAffected("/database")], [true, false]);
  await scene.done(backup.release());
});

test("what a writer says of its components is in the document; what it may not say is VSS_E_BAD_STATE", async () => {
  const scene = await makeScene();
  const { coordinator, done } = scene;
  const writer = new NotingWriter();
  const { instanceId } = coordinator.subscribe(writer);
  let kept: WriterCall | undefined;
  let where: string | undefined;
  writer.on.prepareBackup = (call) => {
    call?.components[0]?.setBackupMetadata("private\u0000data");
    call?.components[0]?.setBackupStamp("stamp");
    assert.throws(() => call?.components[0]?.setRestoreTarget(2), { name: "VSS_E_BAD_STATE" });
    kept = call;
  };
  writer.on.postSnapshot = (call) => {
    where = call?.snapshotPathOf(`${volume}/below/b`);
    call?.components[0]?.setFailure("VSS_E_WRITERERROR_RETRYABLE", -1, "half");
    call?.setWriterFailure("VSS_E_WRITERERROR_PARTIAL_FAILURE");
  };
  const backup = await begin(scene);
  backup.addComponent(instanceId, writerId, FILEGROUP, undefined, "Data");
  backup.setBackupOptions(writerId, FILEGROUP, undefined, "Data", "quick=1");
  backup.setPreviousBackupStamp(writerId, FILEGROUP, undefined, "Data", "before");
  await done(backup.startSnapshotSet());
  const snapshotId = await done(backup.addToSnapshotSet(volume));
  await done(backup.prepareForBackup());
  assert.throws(() => kept?.components[0]?.setBackupMetadata("late"), { name: "VSS_E_BAD_STATE" });
  await done(backup.doSnapshotSet());
  const { snapshotDeviceObject } = await done(backup.getSnapshotProperties(snapshotId));
  assert.equal(where, `${snapshotDeviceObject}/below/b`);
  await done(backup.gatherWriterStatus());
  const status = backup.getWriterStatus(0);
  assert.deepEqual(
    [status.state, status.failure?.name],
    [writerState.WAITING_FOR_BACKUP_COMPLETE, "VSS_E_WRITERERROR_PARTIAL_FAILURE"],
  );
  backup.setBackupSucceeded(instanceId, writerId, FILEGROUP, undefined, "Data", true);
  await done(backup.backupComplete());
  const [component] = backup.getWriterComponents(0).components;
  assert.deepEqual(
    [component?.backupMetadata, component?.backupStamp, component?.backupOptions, component?.previousBackupStamp],
    ["private\u0000data", "stamp", "quick=1", "before"],
  );
  assert.equal(component?.backupSucceeded, true);
  assert.deepEqual(component?.failure, {
    name: "VSS_E_WRITERERROR_RETRYABLE",
    applicationResult: 0xffffffff,
    message: "half",
  });
  await done(backup.release());
});

test("a writer that describes itself wrongly fails at Identify and is in no backup", async () => {
  const wrong: readonly ((metadata: CreateWriterMetadata) => void)[] = [
    () => undefined,
    (metadata) => metadata.addComponent({ componentType: DATABASE, logicalPath: undefined, componentName: "" }),
    (metadata) => {
      describeOne(metadata);
      metadata.addComponent({ componentType: FILEGROUP, logicalPath: undefined, componentName: "DATA" });
    },
    (metadata) => metadata.addFilesToFileGroup({ logicalPath: undefined, componentName: "Data" }, files),
    (metadata) => {
      describeOne(metadata);
      metadata.addDatabaseFiles({ logicalPath: undefined, componentName: "Data" }, files);
    },
    (metadata) => {
      describeOne(metadata);
      metadata.addAlternateLocationMapping({ ...files, path: "/elsewhere", alternatePath: "/x" });
    },
    (metadata) => {
      describeOne(metadata);
      metadata.setRestoreMethod({
        method: restoreMethod.RESTORE_STOP_START,
        writerRestore: writerRestore.ALWAYS,
        rebootRequired: false,
      });
    },
    (metadata) => {
      describeOne(metadata);
      metadata.setBackupSchema(0x800);
    },
    (metadata) => {
      describeOne(metadata);
      metadata.addExcludeFiles({ path: "relative", fileSpec: "*", recursive: false });
    },
  ];
  for (const describe of wrong) {
    const scene = await makeScene();
    const writer = new NotingWriter();
    writer.describe = describe;
    scene.coordinator.subscribe(writer);
    const backup = await begin(scene);
    await scene.done(backup.gatherWriterStatus());
    assert.equal(backup.getWriterStatus(0).state, writerState.FAILED_AT_IDENTIFY, String(describe));
    assert.equal(backup.getWriterMetadataCount(), 0);
  }
});

test("metadata is read-only after Identify, and examined as it was saved", async () => {
  const scene = await makeScene();
  const writer = new NotingWriter();
  let kept: CreateWriterMetadata | undefined;
  writer.describe = (metadata) => {
    kept = metadata;
    describeOne(metadata);
    metadata.setBackupSchema(backupSchema.AUTHORITATIVE_RESTORE);
  };
  scene.coordinator.subscribe(writer);
  const backup = await begin(scene);
  assert.throws(() => kept?.setBackupSchema(0), { name: "VSS_E_BAD_STATE" });
  const live = backup.getWriterMetadata(0);
  const saved = createVssExamineWriterMetadata(live.saveAsXml());
  assert.deepEqual(saved.metadata, live.metadata);
  assert.equal(saved.getRestoreMethod()?.method, restoreMethod.RESTORE_IF_CAN_REPLACE);
});
