import assert from "node:assert/strict";
import { test } from "node:test";
import { makeScene, NotingWriter, prepare, volume, writerId, type Scene } from "../../test/vss/scene.ts";
import { Failure } from "../base/errors.ts";
import {
  backupType,
  componentType,
  createVssBackupComponents,
  fileRestoreStatus,
  objectType,
  requesterOrder,
  restoreType,
  type OrderedCall,
  type Phase,
  type VssBackupComponents,
} from "./index.ts";

const of = [writerId, componentType.FILEGROUP, undefined, "Data"] as const;
const files = { path: "/data", fileSpec: "*", recursive: true, alternatePath: "/other" };

/** Every call of the table, with what it needs. */
const calls: Record<OrderedCall, (backup: VssBackupComponents, instance: string) => unknown> = {
  initializeForBackup: (backup) => backup.initializeForBackup(),
  initializeForRestore: (backup) => backup.initializeForRestore(""),
  setContext: (backup) => backup.setContext(0),
  enableWriterClasses: (backup) => backup.enableWriterClasses([]),
  disableWriterClasses: (backup) => backup.disableWriterClasses([]),
  disableWriterInstances: (backup) => backup.disableWriterInstances([]),
  setBackupState: (backup) => backup.setBackupState(true, false, backupType.FULL),
  gatherWriterMetadata: (backup) => backup.gatherWriterMetadata(),
  getWriterMetadata: (backup) => backup.getWriterMetadataCount(),
  addComponent: (backup, instance) => backup.addComponent(instance, ...of),
  setBackupOptions: (backup) => backup.setBackupOptions(...of, ""),
  setPreviousBackupStamp: (backup) => backup.setPreviousBackupStamp(...of, ""),
  isVolumeSupported: (backup) => backup.isVolumeSupported(volume),
  startSnapshotSet: (backup) => backup.startSnapshotSet(),
  addToSnapshotSet: (backup) => backup.addToSnapshotSet(volume),
  prepareForBackup: (backup) => backup.prepareForBackup(),
  doSnapshotSet: (backup) => backup.doSnapshotSet(),
  getSnapshotProperties: (backup) => backup.getSnapshotProperties("x"),
  gatherWriterStatus: (backup) => backup.gatherWriterStatus(),
  getWriterComponents: (backup) => backup.getWriterComponentsCount(),
  setBackupSucceeded: (backup, instance) => backup.setBackupSucceeded(instance, ...of, true),
  backupComplete: (backup) => backup.backupComplete(),
  saveAsXml: (backup) => backup.saveAsXml(),
  abortBackup: (backup) => backup.abortBackup(),
  setSelectedForRestore: (backup) => backup.setSelectedForRestore(...of, true),
  addRestoreSubcomponent: (backup) => backup.addRestoreSubcomponent(...of, undefined, "x"),
  setAuthoritativeRestore: (backup) => backup.setAuthoritativeRestore(...of, true),
  setRestoreOptions: (backup) => backup.setRestoreOptions(...of, ""),
  setAdditionalRestores: (backup) => backup.setAdditionalRestores(...of, true),
  addNewTarget: (backup) => backup.addNewTarget(...of, files),
  setRestoreState: (backup) => backup.setRestoreState(restoreType.BY_COPY),
  preRestore: (backup) => backup.preRestore(),
  setFileRestoreStatus: (backup) => backup.setFileRestoreStatus(...of, fileRestoreStatus.ALL),
  postRestore: (backup) => backup.postRestore(),
  query: (backup) => backup.query(),
  deleteSnapshots: (backup) => backup.deleteSnapshots("x", objectType.SNAPSHOT, false),
};

async function reach(phase: Phase, { coordinator, done }: Scene): Promise<VssBackupComponents> {
  const backup = createVssBackupComponents(coordinator);
  if (phase === "new") return backup;
  if (phase.includes("restore")) {
    const { backup: before } = await done(prepare(coordinator));
    const document = before.saveAsXml();
    await done(before.release());
    backup.initializeForRestore(document);
    if (phase === "restore initialized") return backup;
    await done(backup.gatherWriterMetadata());
    if (phase === "restore gathered") return backup;
    await done(backup.preRestore());
    if (phase === "post-restored") await done(backup.postRestore());
    return backup;
  }
  backup.initializeForBackup();
  if (phase === "initialized") return backup;
  backup.setBackupState(true, false, backupType.FULL);
  await done(backup.gatherWriterMetadata());
  if (phase === "gathered") return backup;
  backup.addComponent(backup.getWriterMetadata(0).metadata.instanceId, ...of);
  if (phase !== "prepared") await done(backup.startSnapshotSet());
  if (phase === "set started") return backup;
  if (phase !== "prepared") await done(backup.addToSnapshotSet(volume));
  await done(backup.prepareForBackup());
  if (phase === "prepared" || phase === "prepared with a set") return backup;
  if (phase === "aborted") await done(backup.abortBackup());
  if (phase === "released") await done(backup.release());
  if (phase === "snapshot made" || phase === "complete") await done(backup.doSnapshotSet());
  if (phase === "complete") await done(backup.backupComplete());
  if (phase === "failed") await assert.rejects(done(backup.doSnapshotSet()));
  return backup;
}

const phases: readonly Phase[] = [...new Set(Object.values(requesterOrder).flatMap(({ from }) => from)), "released"];

for (const phase of phases) {
  test(`a call that does not fit "${phase}" is VSS_E_BAD_STATE and changes nothing`, async () => {
    for (const call of Object.keys(calls) as OrderedCall[]) {
      if (requesterOrder[call].from.includes(phase)) continue;
      const scene = await makeScene();
      const writer = new NotingWriter();
      if (phase === "failed") writer.on.prepareSnapshot = () => Promise.reject(new Error("no"));
      const { instanceId } = scene.coordinator.subscribe(writer);
      const backup = await reach(phase, scene);
      const before = [...writer.heard];
      const made = async (): Promise<unknown> => calls[call](backup, instanceId);
      await assert.rejects(
        scene.done(made()),
        (error) => error instanceof Failure && error.name === "VSS_E_BAD_STATE",
        `${call} in ${phase}`,
      );
      assert.deepEqual(writer.heard, before);
    }
  });
}

test("a second call while one runs is VSS_E_BAD_STATE", async () => {
  const { coordinator, done } = await makeScene();
  coordinator.subscribe(new NotingWriter());
  const { backup } = await done(prepare(coordinator));
  const making = backup.doSnapshotSet();
  await assert.rejects(backup.doSnapshotSet(), { name: "VSS_E_BAD_STATE" });
  assert.throws(() => backup.saveAsXml(), { name: "VSS_E_BAD_STATE" });
  await done(making);
});

test("what needs the state of the backup, a volume or a status first says so", async () => {
  const { coordinator, done } = await makeScene();
  const { instanceId } = coordinator.subscribe(new NotingWriter());
  const backup = createVssBackupComponents(coordinator);
  backup.initializeForBackup();
  await done(backup.gatherWriterMetadata());
  assert.throws(() => backup.addComponent(instanceId, ...of), { name: "VSS_E_BAD_STATE" });
  await assert.rejects(done(backup.prepareForBackup()), { name: "VSS_E_BAD_STATE" });
  backup.setBackupState(true, false, backupType.FULL);
  await done(backup.startSnapshotSet());
  await assert.rejects(done(backup.prepareForBackup()), { name: "VSS_E_BAD_STATE" });
  assert.throws(() => backup.getWriterStatus(0), { name: "VSS_E_BAD_STATE" });
  await done(backup.release());
});

test("a backup that is aborted while a call runs stays aborted", async () => {
  const { coordinator, done, outside } = await makeScene();
  const writer = new NotingWriter();
  writer.on.prepareBackup = () => outside.timers.sleep(1000);
  const { instanceId } = coordinator.subscribe(writer);
  const backup = createVssBackupComponents(coordinator);
  backup.initializeForBackup();
  backup.setBackupState(true, false, backupType.FULL);
  await done(backup.gatherWriterMetadata());
  backup.addComponent(instanceId, ...of);
  const preparing = backup.prepareForBackup();
  const aborting = backup.abortBackup();
  await assert.rejects(done(preparing), { name: "CANCELLED" });
  await done(aborting);
  await assert.rejects(done(backup.backupComplete()), { name: "VSS_E_BAD_STATE" });
  await done(backup.release());
  assert.equal(writer.heard.filter((each) => each === "backupComplete").length, 0);
});
