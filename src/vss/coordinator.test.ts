import assert from "node:assert/strict";
import { test } from "node:test";
import { nothingLeft, sceneWith, snapshotSteps } from "../../test/vss/faulty-provider.ts";
import { makeScene, NotingWriter, prepare, writerId } from "../../test/vss/scene.ts";
import {
  applicationLevel,
  backupType,
  createVssBackupComponents,
  openVssCoordinator,
  retryGuidance,
  writerState,
  type VssCoordinator,
  type WriterStatus,
} from "./index.ts";

const other = "afbab4a2-367d-4d15-a586-71dbb18f8485";

function stateOf(coordinator: VssCoordinator, writer: NotingWriter): WriterStatus | undefined {
  return coordinator.queryWriters().find((each) => each.writerId === writer.identity.writerId);
}

test("providers are called in the documented order, and thaw comes between postCommit and preFinalCommit", async () => {
  const scene = await sceneWith(() => undefined);
  const { coordinator, done, heard } = scene;
  const writer = new NotingWriter();
  const together: string[] = [];
  for (const event of ["prepareSnapshot", "freeze", "thaw", "postSnapshot"] as const)
    writer.on[event] = () => void together.push(...heard.splice(0), event);
  coordinator.subscribe(writer);
  const { backup } = await done(prepare(coordinator));
  await done(backup.doSnapshotSet());
  together.push(...heard);
  assert.deepEqual(together, [
    "isVolumeSupported",
    "beginPrepareSnapshot",
    "prepareSnapshot",
    "endPrepareSnapshots",
    "freeze",
    "preCommitSnapshots",
    "commitSnapshots",
    "postCommitSnapshots",
    "thaw",
    "preFinalCommitSnapshots",
    "getSnapshotProperties",
    "postSnapshot",
    "postFinalCommitSnapshots",
    "getSnapshotProperties",
  ]);
});

for (const step of snapshotSteps) {
  test(`a provider that fails in ${step} leaves no shadow copy and no frozen writer`, async () => {
    const scene = await sceneWith((at) => (at === step ? Promise.reject(new Error("broken")) : undefined));
    const { coordinator, done } = scene;
    const writer = new NotingWriter();
    coordinator.subscribe(writer);
    const { backup } = await done(prepare(coordinator));
    await assert.rejects(done(backup.doSnapshotSet()), { name: "VSS_E_UNEXPECTED_PROVIDER_ERROR", message: /broken/ });
    assert.equal(writer.frozen, false);
    assert.ok(writer.heard.includes("abort"));
    assert.equal(stateOf(coordinator, writer)?.state, writerState.STABLE);
    await nothingLeft(scene);
    const { backup: next } = await done(prepare(coordinator));
    await done(next.release());
    await done(backup.release());
  });
}

for (const [step, name] of [
  ["preCommitSnapshots", "VSS_E_FLUSH_WRITES_TIMEOUT"],
  ["commitSnapshots", "VSS_E_HOLD_WRITES_TIMEOUT"],
] as const) {
  test(`${step} for more than ten seconds is ${name}`, async () => {
    const scene = await sceneWith((at, now) => (at === step ? now().outside.timers.sleep(10_100) : undefined));
    const { coordinator, done, world } = scene;
    const writer = new NotingWriter();
    coordinator.subscribe(writer);
    const { backup } = await done(prepare(coordinator));
    const begun = world.now;
    await assert.rejects(done(backup.doSnapshotSet()), { name });
    assert.ok(world.now - begun < 30_000);
    assert.equal(writer.frozen, false);
    await done(scene.outside.timers.sleep(20_000));
    await nothingLeft(scene);
    assert.equal(retryGuidance[name]?.waitMs, 600_000);
    assert.equal(retryGuidance[name]?.attempts, 3);
  });
}

test("flush and hold share the ten seconds", async () => {
  const scene = await sceneWith((at, now) =>
    at === "preCommitSnapshots" || at === "commitSnapshots" ? now().outside.timers.sleep(6000) : undefined,
  );
  const { backup } = await scene.done(prepare(scene.coordinator));
  await assert.rejects(scene.done(backup.doSnapshotSet()), { name: "VSS_E_HOLD_WRITES_TIMEOUT" });
});

test("a writer that stands frozen longer than it asked for fails with TIMEOUT and is told to abort at once", async () => {
  const scene = await sceneWith((at, now) => (at === "commitSnapshots" ? now().outside.timers.sleep(5000) : undefined));
  const { coordinator, done, world, outside } = scene;
  const [hasty, patient] = [new NotingWriter(), new NotingWriter(other, "Patient")];
  hasty.freezeTimeout = 1000;
  let frozenAt = 0;
  let abortedAt = 0;
  hasty.on.freeze = () => void (frozenAt = outside.clock.boot());
  hasty.on.abort = () => void (abortedAt = outside.clock.boot());
  coordinator.subscribe(hasty);
  coordinator.subscribe(patient);
  const { backup } = await done(prepare(coordinator));
  await done(backup.doSnapshotSet());
  assert.ok(abortedAt - frozenAt >= 999 && abortedAt - frozenAt < 1100, String(abortedAt - frozenAt));
  await done(backup.gatherWriterStatus());
  const found = [0, 1].map((index) => backup.getWriterStatus(index));
  assert.deepEqual(
    found.map(({ state, failure }) => [state, failure?.name]),
    [
      [writerState.FAILED_AT_FREEZE, "VSS_E_WRITERERROR_TIMEOUT"],
      [writerState.WAITING_FOR_BACKUP_COMPLETE, undefined],
    ],
  );
  assert.ok(!hasty.heard.includes("thaw"));
  assert.ok(world.now > 0);
});

test("sixty seconds are the most, whatever a writer asks for; when all writers fail the set is given up", async () => {
  const scene = await sceneWith(() => undefined);
  const { coordinator, done, outside } = scene;
  const writer = new NotingWriter();
  writer.freezeTimeout = 1_000_000;
  writer.on.freeze = () => outside.timers.sleep(90_000);
  coordinator.subscribe(writer);
  const { backup } = await done(prepare(coordinator));
  const begun = outside.clock.boot();
  await assert.rejects(done(backup.doSnapshotSet()), { name: "VSS_E_UNEXPECTED_WRITER_ERROR", message: /60000 ms/ });
  assert.ok(outside.clock.boot() - begun < 70_000);
  // It freezes although it was aborted meanwhile: it is told again.
  await done(outside.timers.sleep(40_000));
  assert.equal(writer.frozen, false);
  await nothingLeft(scene);
});

test("a writer that hangs does not hold a backup up for ever, and is in no other until it answers", async () => {
  const scene = await makeScene();
  const { coordinator, done, outside } = scene;
  const writer = new NotingWriter();
  const answer = Promise.withResolvers<void>();
  writer.on.prepareBackup = () => answer.promise;
  coordinator.subscribe(writer);
  coordinator.subscribe(new NotingWriter(other, "Other"));
  const { backup } = await done(prepare(coordinator));
  assert.equal(stateOf(coordinator, writer)?.failure?.name, "VSS_E_WRITER_NOT_RESPONDING");
  await done(backup.doSnapshotSet());
  await done(backup.release());
  delete writer.on.prepareBackup;
  const { backup: second } = await done(prepare(coordinator));
  assert.equal(stateOf(coordinator, writer)?.failure?.name, "VSS_E_WRITER_NOT_RESPONDING");
  await done(second.release());
  answer.resolve();
  await done(outside.timers.sleep(10));
  const { backup: third } = await done(prepare(coordinator));
  assert.equal(stateOf(coordinator, writer)?.state, writerState.STABLE);
  await done(third.release());
});

test("front ends freeze before back ends, and those before the system", async () => {
  const { coordinator, done } = await makeScene();
  const order: string[] = [];
  const levels = [applicationLevel.SYSTEM, applicationLevel.FRONT_END, applicationLevel.BACK_END];
  for (const [index, level] of levels.entries()) {
    const writer = new NotingWriter(`00000000-0000-4000-8000-00000000000${index}`, `w${level}`);
    writer.level = level;
    writer.on.freeze = () => void order.push(writer.identity.writerName);
    coordinator.subscribe(writer);
  }
  const { backup } = await done(prepare(coordinator));
  await done(backup.doSnapshotSet());
  assert.deepEqual(order, ["w3", "w2", "w1"]);
});

test("one set at a time, across processes; a dead process holds nothing and leaves nothing", async () => {
  const scene = await makeScene();
  const { coordinator, done, world } = scene;
  const elsewhere = world.outside("m", "other process");
  const theirs = await done(openVssCoordinator({ outside: elsewhere, folder: "/vss" }));
  const { backup, snapshotId } = await done(prepare(theirs));
  await assert.rejects(done(prepare(coordinator)), { name: "VSS_E_SNAPSHOT_SET_IN_PROGRESS" });
  await assert.rejects(done(coordinator.clearLeftovers()), { name: "VSS_E_SNAPSHOT_SET_IN_PROGRESS" });
  await done(backup.doSnapshotSet());
  const { backup: mine } = await done(prepare(coordinator));
  await done(mine.abortBackup());
  assert.deepEqual(
    (await done(coordinator.querySnapshots())).map((each) => each.snapshotId),
    [snapshotId],
  );
  const { backup: half } = await done(prepare(theirs));
  assert.ok(half);
  for (const process of world.find("other process")) world.kill(process);
  assert.deepEqual(await done(coordinator.querySnapshots()), []);
  assert.equal((await done(coordinator.clearLeftovers())).length, 2);
  await nothingLeft(scene);
});

test("a silent requester loses its set after ten minutes; a gone one at once", async () => {
  const scene = await makeScene();
  const { coordinator, done, outside } = scene;
  const writer = new NotingWriter();
  coordinator.subscribe(writer);
  const { backup } = await done(prepare(coordinator));
  await done(outside.timers.sleep(599_000));
  assert.ok(!writer.heard.includes("abort"));
  await done(outside.timers.sleep(10_000));
  assert.ok(writer.heard.includes("abort"));
  await assert.rejects(backup.doSnapshotSet(), { name: "VSS_E_BAD_STATE" });
  await nothingLeft(scene);
  const gone = new AbortController();
  const { backup: next } = await done(prepare(coordinator, { signal: gone.signal }));
  gone.abort();
  await done(next.release());
  await nothingLeft(scene);
  assert.equal(writer.heard.at(-1), "backupShutdown");
});

test("an abort while the set is made thaws the writers before it waits for anything", async () => {
  const scene = await sceneWith((at, now) => (at === "commitSnapshots" ? now().outside.timers.sleep(9000) : undefined));
  const { coordinator, done, outside } = scene;
  const writer = new NotingWriter();
  coordinator.subscribe(writer);
  const { backup } = await done(prepare(coordinator));
  const making = backup.doSnapshotSet();
  making.catch(() => undefined);
  await done(outside.timers.sleep(3000));
  assert.equal(writer.frozen, true);
  const aborting = backup.abortBackup();
  await done(outside.timers.sleep(10));
  assert.equal(writer.frozen, false);
  await assert.rejects(done(making), { name: "CANCELLED" });
  await done(aborting);
  await nothingLeft(scene);
});

test("an abort of one backup does not thaw a writer that another one has frozen", async () => {
  const scene = await sceneWith((at, now) => (at === "commitSnapshots" ? now().outside.timers.sleep(5000) : undefined));
  const { coordinator, done, outside } = scene;
  const writer = new NotingWriter();
  const { instanceId } = coordinator.subscribe(writer);
  const idle = createVssBackupComponents(coordinator);
  idle.initializeForBackup();
  idle.setBackupState(true, false, backupType.COPY);
  await done(idle.gatherWriterMetadata());
  idle.addComponent(instanceId, writerId, 2, undefined, "Data");
  await done(idle.prepareForBackup());
  const { backup } = await done(prepare(coordinator));
  const making = backup.doSnapshotSet();
  await done(outside.timers.sleep(2000));
  assert.equal(writer.frozen, true);
  const aborting = idle.abortBackup();
  await done(outside.timers.sleep(500));
  assert.equal(writer.frozen, true);
  await done(making);
  await done(aborting);
  assert.ok(writer.heard.indexOf("abort") > writer.heard.indexOf("thaw"));
});
