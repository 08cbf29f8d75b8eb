import assert from "node:assert/strict";
import { test } from "node:test";
import { makeScene, NotingWriter, prepare, readText, volume } from "../../test/vss/scene.ts";
import { writerState } from "./index.ts";

test("a whole backup: events in the documented order, the shadow copy as it was at the commit, gone with the requester", async () => {
  const { coordinator, done, outside } = await makeScene();
  const writer = new NotingWriter();
  coordinator.subscribe(writer);
  const { backup, snapshotId, setId } = await done(prepare(coordinator));
  await done(backup.doSnapshotSet());
  await done(outside.files.unlink(`${volume}/a`));
  const found = await done(backup.getSnapshotProperties(snapshotId));
  assert.equal(found.snapshotSetId, setId);
  assert.equal(found.snapshotsCount, 1);
  assert.equal(await done(readText(outside, `${found.snapshotDeviceObject}/a`)), "one");
  assert.equal(await done(readText(outside, `${found.snapshotDeviceObject}/below/b`)), "one below");
  assert.equal((await done(outside.files.stat(`${found.snapshotDeviceObject}/a`)))?.mode, 0o640);
  await done(backup.gatherWriterStatus());
  assert.equal(backup.getWriterStatus(0).state, writerState.WAITING_FOR_BACKUP_COMPLETE);
  await done(backup.backupComplete());
  assert.equal((await done(backup.query())).length, 1);
  await done(backup.release());
  assert.deepEqual(writer.heard, [
    "identify",
    "prepareBackup",
    "prepareSnapshot",
    "freeze",
    "thaw",
    "postSnapshot",
    "backupComplete",
    "backupShutdown",
  ]);
  assert.equal(await done(outside.files.stat(found.snapshotDeviceObject)), undefined);
  assert.deepEqual(await done(coordinator.querySnapshots()), []);
});
