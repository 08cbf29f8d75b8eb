/** A shadow copy set is cut short at every call that changes files: afterwards it is whole or gone, and nothing lies about. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Files, Outside } from "../../src/base/outside.ts";
import { crashPoints } from "../../src/sim/crash-points.ts";
import {
  createCopyProvider,
  objectType,
  openVssCoordinator,
  snapshotContext,
  type VssCoordinator,
} from "../../src/vss/index.ts";
import { fillVolume, prepare, readText, volume } from "../vss/scene.ts";

/** Nobody waits for a clock here; `alive` says whether the process that made the shadow copies still runs. */
function outsideOf(files: Files, alive: boolean): Outside {
  // The process that comes after a crash draws other numbers.
  let drawn = alive ? 0 : 100;
  const never = new Promise<never>(() => undefined);
  const outside: Pick<Outside, "files" | "clock" | "timers" | "random"> = {
    files,
    clock: { wall: () => 1_750_000_000_000, boot: () => 0 },
    timers: { sleep: (_ms, signal) => (signal?.aborted === true ? Promise.resolve() : never) },
    random: { bytes: (count) => new Uint8Array(count).fill(++drawn) },
  };
  const processes = { self: { pid: 7, started: "7" }, isAlive: async () => alive };
  return { ...outside, processes } as unknown as Outside;
}

function coordinatorOn(files: Files, alive: boolean): Promise<VssCoordinator> {
  const provider = createCopyProvider({ files, folder: "/vss/copies", leaveOut: ["/vss"] });
  return openVssCoordinator({ outside: outsideOf(files, alive), folder: "/vss", providers: [provider] });
}

async function contentsOf(files: Files, folder: string): Promise<readonly string[]> {
  return (await files.stat(folder)) === undefined ? [] : files.list(folder);
}

async function make(files: Files, context: number): Promise<void> {
  const coordinator = await coordinatorOn(files, true);
  const { backup } = await prepare(coordinator, { context });
  await backup.doSnapshotSet();
  await files.makeFolder("/answered");
  await files.syncFolder("/");
  await backup.release();
}

for (const [title, context, lasts] of [
  ["persistent", snapshotContext.APP_ROLLBACK, true],
  ["that releases itself", snapshotContext.BACKUP, false],
] as const) {
  test(`a shadow copy ${title}, at every crash: whole or gone`, async () => {
    let whole = 0;
    const crashes = await crashPoints(
      (files) => make(files, context),
      async (files) => {
        const coordinator = await coordinatorOn(files, false);
        const answered = (await files.stat("/answered")) !== undefined;
        await coordinator.clearLeftovers();
        const found = await coordinator.querySnapshots();
        assert.ok(found.length <= (lasts ? 1 : 0));
        if (lasts && answered) assert.equal(found.length, 1, "answered and gone");
        for (const each of found) {
          whole++;
          assert.equal(await readText({ files }, `${each.snapshotDeviceObject}/a`), "one");
          assert.equal(await readText({ files }, `${each.snapshotDeviceObject}/below/b`), "one below");
        }
        const ids = found.map((each) => each.snapshotId);
        assert.deepEqual(await contentsOf(files, "/vss/copies"), ids);
        assert.deepEqual(
          await contentsOf(files, "/vss/catalogue"),
          ids.map((id) => `${id}.json`),
        );
        assert.equal(await readText({ files }, `${volume}/a`), "one");
        const { backup } = await prepare(coordinator);
        await backup.doSnapshotSet();
        await backup.release();
      },
      { prepare: (files) => fillVolume({ files }), told: () => "nothing" },
    );
    assert.ok(crashes > 100 && whole > 0 === lasts, `${crashes} crashes, ${whole} whole`);
  });
}

test("a deletion, at every crash: the shadow copy is whole or gone", async () => {
  let whole = 0;
  const crashes = await crashPoints(
    async (files) => {
      const coordinator = await coordinatorOn(files, true);
      const [one] = await coordinator.querySnapshots();
      await coordinator.deleteSnapshots(one?.snapshotSetId ?? "", objectType.SNAPSHOT_SET, false);
    },
    async (files) => {
      const coordinator = await coordinatorOn(files, false);
      for (const each of await coordinator.querySnapshots()) {
        assert.equal(await readText({ files }, `${each.snapshotDeviceObject}/below/b`), "one below");
        assert.equal(await readText({ files }, `${each.snapshotDeviceObject}/a`), "one");
        whole++;
      }
      await coordinator.clearLeftovers();
      const ids = (await coordinator.querySnapshots()).map((each) => each.snapshotId);
      assert.deepEqual(await contentsOf(files, "/vss/copies"), ids);
      assert.deepEqual(
        await contentsOf(files, "/vss/catalogue"),
        ids.map((id) => `${id}.json`),
      );
    },
    {
      prepare: async (files) => {
        await fillVolume({ files });
        await make(files, snapshotContext.APP_ROLLBACK);
      },
      told: () => "nothing",
    },
  );
  assert.ok(crashes > 50 && whole > 0, `${crashes} crashes, ${whole} whole`);
});
