import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { NotingWriter } from "../../test/vss/scene.ts";
import { silentLog } from "../base/log.ts";
import { createWorld } from "../sim/world.ts";
import { nameOf, writerState, type WriterState } from "./enumerations.ts";
import { documentedLimits } from "./limits.ts";
import { SessionWriter, WriterTurns } from "./session-writer.ts";
import { isFailed, moveOf, writerMoves, type WriterEvent } from "./writer-state.ts";

const states = Object.values(writerState);
const events = writerMoves.map(({ event }) => event);

test("the documented way through a backup and its failures", () => {
  const way: readonly (readonly [WriterEvent, WriterState, WriterState])[] = [
    ["prepareBackup", writerState.STABLE, writerState.FAILED_AT_PREPARE_BACKUP],
    ["prepareSnapshot", writerState.WAITING_FOR_FREEZE, writerState.FAILED_AT_PREPARE_SNAPSHOT],
    ["freeze", writerState.WAITING_FOR_THAW, writerState.FAILED_AT_FREEZE],
    ["thaw", writerState.WAITING_FOR_POST_SNAPSHOT, writerState.FAILED_AT_THAW],
    ["postSnapshot", writerState.WAITING_FOR_BACKUP_COMPLETE, writerState.FAILED_AT_POST_SNAPSHOT],
    ["backupComplete", writerState.STABLE, writerState.FAILED_AT_BACKUP_COMPLETE],
    ["backupShutdown", writerState.STABLE, writerState.FAILED_AT_BACKUPSHUTDOWN],
    ["preRestore", writerState.STABLE, writerState.FAILED_AT_PRE_RESTORE],
    ["postRestore", writerState.STABLE, writerState.FAILED_AT_POST_RESTORE],
  ];
  let state: WriterState = writerState.STABLE;
  for (const [event, to, failed] of way) {
    const move = moveOf(event, state);
    assert.deepEqual([move?.to, move?.failed], [to, failed], event);
    state = to;
  }
});

test("every failure is of one event, and a failed writer moves no more", () => {
  const failures = states.filter(isFailed);
  assert.equal(failures.length, 10);
  for (const failure of failures) {
    assert.ok(
      writerMoves.some(({ failed }) => failed === failure),
      nameOf(writerState, failure),
    );
    for (const event of events) {
      const move = moveOf(event, failure);
      if (event === "abort" || event === "backupShutdown") assert.equal(move?.to, failure);
      else assert.equal(move, undefined);
    }
  }
  for (const event of events) assert.equal(moveOf(event, writerState.UNKNOWN), undefined);
});

type Delivered = Exclude<WriterEvent, "freezeTimeout">;
const delivered = events.filter((event): event is Delivered => event !== "freezeTimeout");

test("whatever a writer is told and however it fails, it only makes moves of the table", async () => {
  const step = fc.record({
    event: fc.constantFrom(...delivered),
    how: fc.constantFrom("well", "throws", "reports", "partly", "hangs", "slow"),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 30 }), fc.nat(), async (steps, seed) => {
      const world = createWorld({ seed, machines: ["m"] });
      const outside = world.outside("m", "p");
      const changes: WriterState[] = [writerState.STABLE];
      const writer = new NotingWriter();
      const session: SessionWriter = new SessionWriter(writer, "i", {
        outside,
        limits: { ...documentedLimits, step: 600_000 },
        log: silentLog,
        turns: new WriterTurns(),
        onStatus: ({ state }) => changes.push(state),
      });
      const work = (how: string) => async (): Promise<void> => {
        if (how === "throws") throw new Error("no");
        if (how === "reports") session.report("VSS_E_WRITERERROR_RETRYABLE");
        if (how === "partly") session.report("VSS_E_WRITERERROR_PARTIAL_FAILURE");
        if (how === "hangs") await new Promise(() => undefined);
        if (how === "slow") await outside.timers.sleep(70_000);
      };
      for (const { event, how } of steps) {
        const told = event === "abort" ? session.abort() : session.deliver(event, work(how));
        await world.complete(told, 10_000_000);
        if (how === "slow") await world.complete(outside.timers.sleep(70_000), 100_000);
      }
      const pairs = changes.slice(1).map((to, at) => [changes[at] ?? 0, to] as const);
      for (const [from, to] of pairs) {
        const known = events.some((event) => {
          const move = moveOf(event, from);
          return move !== undefined && (move.to === to || move.failed === to);
        });
        assert.ok(known, `${nameOf(writerState, from)} → ${nameOf(writerState, to)}`);
      }
    }),
    { numRuns: 60 },
  );
});
