/** Random failures everywhere, at random moments: no writer stays frozen, no shadow copy stays half made. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { faultyProvider, type ProviderStep, snapshotSteps } from "../../test/vss/faulty-provider.ts";
import { makeScene, NotingWriter, prepare, type Heard, type Scene } from "../../test/vss/scene.ts";
import { createCopyProvider, openVssCoordinator, snapshotContext, snapshotState } from "./index.ts";

const ways = ["throws", "hangs", "slow"] as const;
const events: readonly Heard[] = [
  "prepareBackup",
  "prepareSnapshot",
  "freeze",
  "thaw",
  "postSnapshot",
  "backupComplete",
  "abort",
];

interface Plan {
  readonly writers: readonly Partial<Record<Heard, { way: (typeof ways)[number]; ms: number }>>[];
  readonly provider: { step: ProviderStep; way: (typeof ways)[number]; ms: number } | undefined;
  /** When the requester aborts or is gone. */
  readonly end: { after: number; how: "abort" | "gone" } | undefined;
  readonly persistent: boolean;
  readonly seed: number;
}

const fault = fc.record({ way: fc.constantFrom(...ways), ms: fc.constantFrom(1, 900, 9000, 30_000, 61_000, 120_000) });
const plan: fc.Arbitrary<Plan> = fc.record({
  writers: fc.array(
    fc.dictionary(fc.constantFrom(...events), fault, { maxKeys: 2 }) as fc.Arbitrary<Plan["writers"][number]>,
    { minLength: 1, maxLength: 3 },
  ),
  provider: fc.option(
    fc.record({
      step: fc.constantFrom(...snapshotSteps),
      way: fc.constantFrom(...ways),
      ms: fc.constantFrom(100, 5000, 11_000),
    }),
    {
      nil: undefined,
    },
  ),
  end: fc.option(
    fc.record({
      after: fc.constantFrom(0, 1, 10, 1000, 9500, 61_500),
      how: fc.constantFrom("abort" as const, "gone" as const),
    }),
    {
      nil: undefined,
    },
  ),
  persistent: fc.boolean(),
  seed: fc.nat({ max: 1000 }),
});

/** A fault as it happens; what hangs ends when the world is let go. */
function happen(scene: Scene, letGo: Promise<void>, { way, ms }: { way: string; ms: number }): Promise<void> {
  if (way === "throws") return Promise.reject(new Error("planned"));
  return way === "hangs" ? letGo : scene.outside.timers.sleep(ms);
}

async function follow(one: Plan): Promise<void> {
  const bare = await makeScene(one.seed);
  const { outside, done } = bare;
  const { promise: letGo, resolve } = Promise.withResolvers<void>();
  const real = createCopyProvider({ files: outside.files, folder: "/vss/copies", leaveOut: ["/vss"] });
  const { provider } = faultyProvider(real, (step) =>
    step === one.provider?.step ? happen(bare, letGo, one.provider) : undefined,
  );
  const coordinator = await done(openVssCoordinator({ outside, folder: "/vss", providers: [provider] }));
  const writers = one.writers.map((faults, index) => {
    const writer = new NotingWriter(`00000000-0000-4000-8000-00000000000${index}`, `w${index}`);
    for (const [event, each] of Object.entries(faults)) writer.on[event as Heard] = () => happen(bare, letGo, each);
    coordinator.subscribe(writer);
    return writer;
  });
  const gone = new AbortController();
  const context = one.persistent ? snapshotContext.APP_ROLLBACK : snapshotContext.BACKUP;
  const { backup, snapshotId } = await done(prepare(coordinator, { context, signal: gone.signal }));
  const making = backup.doSnapshotSet().then(
    () => true,
    () => false,
  );
  if (one.end !== undefined) {
    await done(outside.timers.sleep(one.end.after));
    if (one.end.how === "gone") gone.abort();
    else await done(backup.abortBackup().catch(() => undefined));
  }
  const made = await done(making);
  for (const writer of writers) assert.equal(writer.frozen && stands(writer), false, "frozen after doSnapshotSet");
  const there = await done(coordinator.querySnapshots());
  if (made && one.end === undefined) {
    assert.deepEqual(
      there.map((each) => [each.snapshotId, each.status]),
      [[snapshotId, snapshotState.CREATED]],
    );
    await done(backup.backupComplete());
  }
  await done(backup.release());
  // Whatever hung comes to an end, too late.
  resolve();
  await done(outside.timers.sleep(300_000));
  for (const writer of writers) assert.equal(writer.frozen, false, `${writer.identity.writerName} stays frozen`);
  await done(coordinator.clearLeftovers());
  const left = await done(coordinator.querySnapshots());
  assert.deepEqual(
    await done(outside.files.list("/vss/catalogue")),
    left.map((each) => `${each.snapshotId}.json`),
  );
  const copies =
    (await done(outside.files.stat("/vss/copies"))) === undefined ? [] : await done(outside.files.list("/vss/copies"));
  assert.deepEqual(
    copies,
    left.map((each) => each.snapshotId),
  );
  assert.ok(one.persistent || left.length === 0);
}

/** A writer whose thaw or abort hangs is told to resume; more can't be done for it. */
function stands(writer: NotingWriter): boolean {
  return !writer.heard.includes("thaw") && !writer.heard.includes("abort");
}

test("no writer stays frozen and no shadow copy half made, whatever fails when", async () => {
  await fc.assert(fc.asyncProperty(plan, follow), { numRuns: 300 });
});
