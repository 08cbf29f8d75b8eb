import assert from "node:assert/strict";
import { test } from "node:test";
import { nothingLeft, sceneWith } from "../../test/vss/faulty-provider.ts";
import { makeScene, NotingWriter, prepare, volume } from "../../test/vss/scene.ts";
import {
  copyProviderId,
  createCopyProvider,
  createVssBackupComponents,
  objectType,
  openVssCoordinator,
  reflinkProviderId,
  snapshotContext,
  type VssCoordinator,
} from "./index.ts";

const other = "afbab4a2-367d-4d15-a586-71dbb18f8485";

test("volumes: 64 in a set, 512 shadow copies each, each once, and only folders", async () => {
  const { coordinator, done, outside } = await makeScene(1, { limits: { snapshotsPerVolume: 2 } });
  const backup = createVssBackupComponents(coordinator);
  backup.initializeForBackup();
  backup.setContext(snapshotContext.NAS_ROLLBACK);
  await done(backup.gatherWriterMetadata());
  await done(backup.startSnapshotSet());
  for (let index = 0; index < 64; index++) {
    await done(outside.files.makeFolder(`/many/${index}`));
    await done(backup.addToSnapshotSet(`/many/${index}`));
  }
  await done(outside.files.makeFolder("/many/64"));
  await assert.rejects(done(backup.addToSnapshotSet("/many/64")), { name: "VSS_E_MAXIMUM_NUMBER_OF_VOLUMES_REACHED" });
  await done(backup.release());
  const small = createVssBackupComponents(coordinator);
  small.initializeForBackup();
  await done(small.gatherWriterMetadata());
  await done(small.startSnapshotSet());
  await done(small.addToSnapshotSet(volume));
  await assert.rejects(done(small.addToSnapshotSet(`${volume}/`)), { name: "VSS_E_OBJECT_ALREADY_EXISTS" });
  await assert.rejects(done(small.addToSnapshotSet("/nowhere")), { name: "VSS_E_OBJECT_NOT_FOUND" });
  await assert.rejects(done(small.addToSnapshotSet(`${volume}/a`)), { name: "VSS_E_OBJECT_NOT_FOUND" });
  await assert.rejects(done(small.addToSnapshotSet("data")), { name: "INVALID_PARAMETER" });
  await assert.rejects(done(small.addToSnapshotSet("/vss/copies", copyProviderId)), { name: "VSS_E_OBJECT_NOT_FOUND" });
  await assert.rejects(done(small.addToSnapshotSet(`${volume}/below`, reflinkProviderId)), {
    name: "VSS_E_VOLUME_NOT_SUPPORTED_BY_PROVIDER",
  });
  await assert.rejects(done(small.addToSnapshotSet(`${volume}/below`, other)), {
    name: "VSS_E_PROVIDER_NOT_REGISTERED",
  });
  assert.equal(await done(small.isVolumeSupported(volume, reflinkProviderId)), false);
  assert.equal(await done(small.isVolumeSupported(volume)), true);
  await done(small.release());
  for (let index = 0; index < 2; index++) {
    const { backup: one } = await done(prepare(coordinator, { context: snapshotContext.APP_ROLLBACK }));
    await done(one.doSnapshotSet());
    await done(one.release());
  }
  await assert.rejects(done(prepare(coordinator)), { name: "VSS_E_MAXIMUM_NUMBER_OF_SNAPSHOTS_REACHED" });
});

test("persistent shadow copies outlive their requester and are deleted by set or one by one", async () => {
  const scene = await makeScene();
  const { coordinator, done } = scene;
  const { backup, snapshotId, setId } = await done(prepare(coordinator, { context: snapshotContext.APP_ROLLBACK }));
  await done(backup.doSnapshotSet());
  await done(backup.release());
  assert.deepEqual(
    (await done(coordinator.querySnapshots())).map((each) => each.snapshotId),
    [snapshotId],
  );
  assert.deepEqual(await done(coordinator.clearLeftovers()), []);
  await assert.rejects(done(coordinator.deleteSnapshots(setId, objectType.SNAPSHOT, false)), {
    name: "VSS_E_OBJECT_NOT_FOUND",
  });
  await assert.rejects(done(coordinator.deleteSnapshots(setId, objectType.PROVIDER, false)), {
    name: "INVALID_PARAMETER",
  });
  const result = await done(coordinator.deleteSnapshots(setId, objectType.SNAPSHOT_SET, false));
  assert.deepEqual([result.deletedSnapshots, result.nondeletedSnapshotId], [[snapshotId], undefined]);
  await nothingLeft(scene);
});

test("a deletion that fails says where it stopped, and the copy is not one any more", async () => {
  let broken = true;
  const scene = await sceneWith((at) =>
    at === "deleteSnapshots" && broken ? Promise.reject(new Error("stuck")) : undefined,
  );
  const { coordinator, done } = scene;
  const { backup, snapshotId } = await done(prepare(coordinator, { context: snapshotContext.APP_ROLLBACK }));
  await done(backup.doSnapshotSet());
  const result = await done(coordinator.deleteSnapshots(snapshotId, objectType.SNAPSHOT, true));
  assert.deepEqual([result.deletedSnapshots, result.nondeletedSnapshotId], [[], snapshotId]);
  assert.match(result.cause?.message ?? "", /stuck/);
  assert.deepEqual(await done(coordinator.querySnapshots()), []);
  broken = false;
  assert.deepEqual(await done(coordinator.clearLeftovers()), [snapshotId]);
  await nothingLeft(scene);
});

test("a context with NO_WRITERS tells no writer anything; an unknown one is refused", async () => {
  const { coordinator, done } = await makeScene();
  const writer = new NotingWriter();
  coordinator.subscribe(writer);
  const { backup } = await done(prepare(coordinator, { context: snapshotContext.FILE_SHARE_BACKUP }));
  await done(backup.doSnapshotSet());
  await done(backup.release());
  assert.deepEqual(writer.heard, []);
  const wrong = createVssBackupComponents(coordinator);
  wrong.initializeForBackup();
  for (const context of [snapshotContext.ALL, 0x20, 7])
    assert.throws(() => wrong.setContext(context), { name: "VSS_E_UNSUPPORTED_CONTEXT" });
});

test("a writer subscribes once; a provider is registered once", async () => {
  const { coordinator, outside } = await makeScene();
  const writer = new NotingWriter();
  const subscription = coordinator.subscribe(writer);
  assert.throws(() => coordinator.subscribe(writer), { name: "VSS_E_WRITER_ALREADY_SUBSCRIBED" });
  subscription.unsubscribe();
  assert.deepEqual(coordinator.queryWriters(), []);
  coordinator.subscribe(writer);
  const provider = createCopyProvider({ files: outside.files, folder: "/x" });
  await assert.rejects(openVssCoordinator({ outside, folder: "/vss", providers: [provider, provider] }), {
    name: "VSS_E_PROVIDER_ALREADY_REGISTERED",
  });
  assert.throws(() => createVssBackupComponents({} as VssCoordinator), {
    name: "INVALID_PARAMETER",
  });
});

test("an abort in the middle of a plain copy stops the copying", async () => {
  const { outside, done, world } = await makeScene();
  const { files } = outside;
  for (let index = 0; index < 300; index++)
    await done(files.open(`${volume}/many-${index}`, "create").then((handle) => handle.close()));
  const provider = createCopyProvider({ files, folder: "/copies" });
  const begin = async (set: string): Promise<void> => {
    await provider.beginPrepareSnapshot({ snapshotSetId: set, snapshotId: set, volume, context: 0 });
    await provider.endPrepareSnapshots(set);
  };
  await done(begin("whole"));
  const begun = world.now;
  await done(provider.commitSnapshots("whole"));
  const whole = world.now - begun;
  await done(begin("part"));
  const committing = provider.commitSnapshots("part");
  committing.catch(() => undefined);
  await done(outside.timers.sleep(10));
  const stopped = world.now;
  const aborting = provider.abortSnapshots("part");
  await assert.rejects(done(committing), { name: "VSS_E_UNEXPECTED_PROVIDER_ERROR", message: /ECANCELED/ });
  assert.ok(world.now - stopped < whole / 10, `${world.now - stopped} of ${whole} ms`);
  await done(aborting);
  assert.deepEqual(await done(files.list("/copies")), ["whole"]);
});
