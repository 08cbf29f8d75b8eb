import assert from "node:assert/strict";
import { test } from "node:test";
import { describeOne, makeScene, NotingWriter, prepare, writerId, type Scene } from "../../test/vss/scene.ts";
import {
  backupSchema,
  componentType,
  createVssBackupComponents,
  fileRestoreStatus,
  readBackupComponents,
  restoreTarget,
  restoreType,
  writerState,
  type VssBackupComponents,
} from "./index.ts";

const of = [writerId, componentType.FILEGROUP, undefined, "Data"] as const;
const files = { path: "/data", fileSpec: "*", recursive: true, alternatePath: "/other" };

function authoritative(): NotingWriter {
  const writer = new NotingWriter();
  writer.describe = (metadata) => {
    describeOne(metadata);
    metadata.setBackupSchema(backupSchema.AUTHORITATIVE_RESTORE | backupSchema.WRITER_SUPPORTS_NEW_TARGET);
  };
  return writer;
}

/** A saved document of a backup by another instance of the writer. */
async function savedDocument({ coordinator, done }: Scene, writer: NotingWriter): Promise<string> {
  const subscription = coordinator.subscribe(writer);
  const { backup } = await done(prepare(coordinator));
  await done(backup.doSnapshotSet());
  await done(backup.backupComplete());
  const document = backup.saveAsXml();
  await done(backup.release());
  subscription.unsubscribe();
  writer.heard.length = 0;
  return document;
}

async function beginRestore({ coordinator, done }: Scene, document: string): Promise<VssBackupComponents> {
  const restore = createVssBackupComponents(coordinator);
  restore.initializeForRestore(document);
  await done(restore.gatherWriterMetadata());
  return restore;
}

test("a whole restore: the writer of today gets PreRestore and PostRestore, and what it says is read back", async () => {
  const scene = await makeScene();
  const { coordinator, done } = scene;
  const writer = authoritative();
  const document = await savedDocument(scene, writer);
  coordinator.subscribe(writer);
  const restore = await beginRestore(scene, document);
  assert.equal(restore.getWriterComponentsCount(), 1);
  restore.setSelectedForRestore(...of, true);
  restore.addRestoreSubcomponent(...of, "Data", "part");
  restore.setAuthoritativeRestore(...of, true);
  restore.setRestoreOptions(...of, "Authoritative=All");
  restore.setAdditionalRestores(...of, true);
  restore.addNewTarget(...of, files);
  restore.setRestoreState(restoreType.BY_COPY);
  writer.on.preRestore = (call) => {
    const component = call?.components[0];
    assert.equal(component?.content.authoritativeRestore, true);
    assert.equal(call?.restoreType, restoreType.BY_COPY);
    component?.setRestoreTarget(restoreTarget.ORIGINAL);
    component?.setPreRestoreFailureMsg("");
    assert.throws(() => component?.setBackupStamp("x"), { name: "VSS_E_BAD_STATE" });
  };
  await done(restore.preRestore());
  assert.equal(restore.getWriterComponents(0).components[0]?.restoreTarget, restoreTarget.ORIGINAL);
  restore.setFileRestoreStatus(...of, fileRestoreStatus.ALL);
  let status: number | undefined;
  writer.on.postRestore = (call) => {
    status = call?.components[0]?.content.fileRestoreStatus;
  };
  await done(restore.postRestore());
  assert.equal(status, fileRestoreStatus.ALL);
  const [written] = readBackupComponents(restore.saveAsXml()).writers;
  assert.deepEqual(written?.components[0]?.restoreSubcomponents, [{ logicalPath: "Data", componentName: "part" }]);
  assert.deepEqual(written?.components[0]?.newTargets, [files]);
  assert.equal(written?.components[0]?.restoreOptions, "Authoritative=All");
  await done(restore.release());
  assert.deepEqual(writer.heard, ["identify", "preRestore", "postRestore"]);
});

test("a writer without a selected component hears of no restore", async () => {
  const scene = await makeScene();
  const writer = authoritative();
  const document = await savedDocument(scene, writer);
  scene.coordinator.subscribe(writer);
  const restore = await beginRestore(scene, document);
  await scene.done(restore.preRestore());
  await scene.done(restore.postRestore());
  assert.deepEqual(writer.heard, ["identify"]);
});

test("a writer that does not run, or lacks the component or the ability, is said so", async () => {
  const scene = await makeScene();
  const writer = authoritative();
  const document = await savedDocument(scene, writer);
  const without = await beginRestore(scene, document);
  assert.throws(() => without.setSelectedForRestore(...of, true), { name: "VSS_E_OBJECT_NOT_FOUND" });
  assert.throws(() => without.setAuthoritativeRestore(...of, true), { name: "VSS_E_OBJECT_NOT_FOUND" });
  const plain = new NotingWriter();
  scene.coordinator.subscribe(plain);
  const restore = await beginRestore(scene, document);
  assert.throws(() => restore.setSelectedForRestore(writerId, componentType.DATABASE, undefined, "Data", true), {
    name: "VSS_E_OBJECT_NOT_FOUND",
  });
  assert.throws(() => restore.setAuthoritativeRestore(...of, true), { name: "INVALID_PARAMETER" });
  assert.throws(() => restore.addNewTarget(...of, files), { name: "INVALID_PARAMETER" });
  const backup = createVssBackupComponents(scene.coordinator);
  backup.initializeForBackup();
  await scene.done(backup.gatherWriterMetadata());
  assert.throws(() => backup.setAuthoritativeRestore(...of, true), { name: "VSS_E_BAD_STATE" });
});

test("a writer that fails at PreRestore gets no PostRestore", async () => {
  const scene = await makeScene();
  const writer = authoritative();
  const document = await savedDocument(scene, writer);
  scene.coordinator.subscribe(writer);
  const restore = await beginRestore(scene, document);
  restore.setSelectedForRestore(...of, true);
  writer.on.preRestore = (call) => call?.setWriterFailure("VSS_E_WRITERERROR_RETRYABLE", "busy", 5);
  await scene.done(restore.preRestore());
  await scene.done(restore.postRestore());
  await scene.done(restore.gatherWriterStatus());
  assert.deepEqual(restore.getWriterStatus(0).state, writerState.FAILED_AT_PRE_RESTORE);
  assert.deepEqual(restore.getWriterStatus(0).failure, {
    name: "VSS_E_WRITERERROR_RETRYABLE",
    message: "busy",
    applicationResult: 5,
  });
  assert.deepEqual(writer.heard, ["identify", "preRestore"]);
});

test("a damaged document does not begin a restore", async () => {
  const scene = await makeScene();
  const document = await savedDocument(scene, authoritative());
  const restore = createVssBackupComponents(scene.coordinator);
  assert.throws(() => restore.initializeForRestore(document.slice(0, -9)), { name: "VSS_E_CORRUPT_XML_DOCUMENT" });
  assert.throws(() => restore.initializeForRestore("<WRITER_METADATA/>"), { name: "VSS_E_INVALID_XML_DOCUMENT" });
  restore.initializeForRestore(document);
});
