/** DoSnapshotSet: writers stand still, providers commit, writers go on. */
import { fail, type ErrorName, type Failure } from "../base/errors.ts";
import type { SetSurroundings } from "./snapshot-set.ts";
import { within } from "./deadline.ts";
import type { Participant, Session } from "./session.ts";
import { takesPart } from "./session-writer.ts";
import type { SnapshotSet } from "./snapshot-set.ts";

/**
 * Makes the set. Whatever happens, no writer stands frozen when it settles; when it rejects, nothing is left of the set.
 * Writers that fail on the way are left out of what follows and do not stop it, unless all of them fail.
 */
export async function doSnapshotSet(
  around: SetSurroundings,
  session: Session,
  set: SnapshotSet,
  signal: AbortSignal,
): Promise<void> {
  const involved = session.involved().filter((each) => takesPart(each.session));
  try {
    await makeSet(around, session, set, involved, signal);
  } catch (cause) {
    await session.abort();
    await set.abort();
    throw cause;
  }
}

async function makeSet(
  around: SetSurroundings,
  session: Session,
  set: SnapshotSet,
  involved: readonly Participant[],
  signal: AbortSignal,
): Promise<void> {
  const { limits, outside } = around;
  const long = { ms: limits.step, late: "VSS_E_UNEXPECTED_PROVIDER_ERROR" } as const;
  const step = (what: Parameters<SnapshotSet["step"]>[0], limit: { ms: number; late: ErrorName }): Promise<void> =>
    inTime(around, signal, what, limit, () => set.step(what));
  await event(around, signal, () => session.tell("prepareSnapshot", involved));
  needWriters(involved);
  await step("endPrepareSnapshots", long);
  await event(around, signal, () => session.freeze(involved));
  needWriters(involved);
  const heldFrom = outside.clock.boot();
  const left = (): number => Math.max(0, limits.flushAndHold - (outside.clock.boot() - heldFrom));
  await step("preCommitSnapshots", { ms: left(), late: "VSS_E_FLUSH_WRITES_TIMEOUT" });
  await step("commitSnapshots", { ms: left(), late: "VSS_E_HOLD_WRITES_TIMEOUT" });
  await step("postCommitSnapshots", long);
  needWriters(involved);
  await event(around, signal, () => session.tell("thaw", involved));
  await step("preFinalCommitSnapshots", long);
  await set.findDeviceObjects();
  await event(around, signal, () => session.tell("postSnapshot", involved));
  await step("postFinalCommitSnapshots", long);
  await inTime(around, signal, "finish", long, () => set.finish());
}

/** Writers limit themselves; only an abort of the requester ends the waiting for them. */
async function event(around: SetSurroundings, signal: AbortSignal, work: () => Promise<void>): Promise<void> {
  // Freeze levels come one after the other, so that the sum of their limits is the longest.
  const { limits } = around;
  await inTime(around, signal, "an event", { ms: 5 * limits.step, late: "VSS_E_WRITER_NOT_RESPONDING" }, work);
}

async function inTime(
  around: SetSurroundings,
  signal: AbortSignal,
  what: string,
  limit: { readonly ms: number; readonly late: ErrorName },
  work: () => Promise<void>,
): Promise<void> {
  const { kind } = await within(around.outside.timers, limit.ms, signal, work);
  if (kind === "aborted") throw aborted();
  if (kind === "done") return;
  throw fail(limit.late, {
    happened: `${what} was not done within ${Math.round(limit.ms)} ms.`,
    unchanged: "No shadow copy of the set is left; the writers go on.",
    next: "Wait ten minutes, then try again, up to three times.",
  });
}

/** A set in which no writer's data is consistent is of no use. */
function needWriters(involved: readonly Participant[]): void {
  if (involved.length === 0 || involved.some((each) => takesPart(each.session))) return;
  const reasons = involved.map(({ session }) => {
    const { writerName, failure } = session.status();
    return `${writerName}: ${failure?.name ?? "aborted"} ${failure?.message ?? ""}`.trim();
  });
  throw fail("VSS_E_UNEXPECTED_WRITER_ERROR", {
    happened: `All writers failed (${reasons.join("; ")}).`,
    unchanged: "No shadow copy of the set is left; the writers go on.",
    next: "Mend the writers, then try again.",
  });
}

function aborted(): Failure {
  return fail("CANCELLED", {
    happened: "The backup was aborted while its shadow copies were made.",
    unchanged: "No shadow copy of the set is left; the writers go on.",
  });
}
