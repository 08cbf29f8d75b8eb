/**
 * Moves a cluster from one quorum to another, whatever kinds they are (docs/safety.md §5.7). Nothing that was acknowledged is taken back:
 * the old place is sealed before it is read for the last time. Between the seal and the switch the cluster is nowhere in force; until the
 * switch everything can be undone, and afterwards there is only finishing.
 */
import { fail, type Failure } from "../../base/errors.ts";
import { failureOf } from "../../base/failure-of.ts";
import type { Files } from "../../base/outside.ts";
import type { PlaceLock } from "../../quorum/disk/place-lock.ts";
import {
  type EndName,
  type MoveOrder,
  type MovePhase,
  movePhases,
  readMove,
  removeMove,
  writeMove,
} from "./move-record.ts";
import { movedQuorum } from "./moved-tree.ts";
import type { QuorumEnd } from "./quorum-end.ts";

/** What a move acts through. */
export interface MoveParts {
  readonly files: Files;
  /** This node's data folder. */
  readonly data: string;
  readonly open: (end: EndName) => QuorumEnd;
  /** Makes it the quorum of this node, durably. May be repeated. */
  readonly remember: (end: EndName) => Promise<void>;
  /** Throws when it is too late for the switch: then the move goes back. */
  readonly checkTime?: () => void;
}

/** How a move ended. */
export interface MoveEnd {
  /** "back": the cluster is where it was. */
  readonly outcome: "moved" | "back";
  readonly sentence: string;
  readonly place: EndName;
}

/**
 * Carries out what was planned. `prepare` is called when both places are locked; it resolves when the applications can do without the
 * quorum for a while, and when it rejects nothing was changed. After any rejection but the one that says "unfinished" the cluster is where
 * it was.
 */
export async function moveQuorum(parts: MoveParts, order: MoveOrder, prepare: () => Promise<void>): Promise<MoveEnd> {
  const { files, data } = parts;
  const before = await readMove(files, data);
  if (before !== undefined) {
    throw fail("INVALID_STATE", {
      happened: `An earlier move to ${before.order.departure.to} is unfinished.`,
      unchanged: "Nothing was changed.",
      next: "Start the cluster service of this node, which ends it, then plan again.",
    });
  }
  const from = parts.open(order.from);
  const to = parts.open({ kind: order.departure.kind, place: order.departure.to });
  return withLocks([() => from.lock("existing"), () => to.lock("make")], async (locks) => {
    try {
      await writeMove(files, data, order, "begun");
      for (const lock of locks) await lock.claim(order.departure.plan);
      await prepare();
    } catch (error) {
      await to.discard(order.departure.identity);
      await removeMove(files, data);
      throw failureOf(error);
    }
    return goOn(parts, order, "begun");
  });
}

/**
 * Ends a move of this node that was cut off: finishes it, or goes back when it can't be finished. undefined when there is none. Rejects
 * when it can't be told yet (a place can't be reached): then the next call tries again.
 */
export async function resumeMove(parts: MoveParts): Promise<MoveEnd | undefined> {
  const { files, data } = parts;
  const found = await readMove(files, data);
  if (found === undefined) return undefined;
  const { order, phase } = found;
  if (phase === "switched") return finish(parts, order);
  const from = parts.open(order.from);
  const to = parts.open({ kind: order.departure.kind, place: order.departure.to });
  const isThere = (await to.claimedBy().catch(() => undefined)) === order.departure.plan;
  const locks = [from, ...(isThere ? [to] : [])].map((end) => () => end.lock("existing"));
  return withLocks(locks, async () => {
    // Somebody else may have ended it.
    const where = await from.whereabouts();
    const isOurs = "departure" in where && where.departure.plan === order.departure.plan;
    if (isOurs && where.state === "left") return finish(parts, order);
    if (!isOurs && !(await isSwitched(parts, order)))
      return goBack(parts, order, "it was cut short before anything was moved, or another node went back");
    return goOn(parts, order, phase).catch(async (error: unknown) => {
      if ((await readMove(files, data)) !== undefined) throw error;
      return backEnd(order, failureOf(error).happened);
    });
  });
}

async function goOn(parts: MoveParts, order: MoveOrder, from: MovePhase): Promise<MoveEnd> {
  const { files, data } = parts;
  let phase = from;
  const enter = async (next: MovePhase): Promise<void> => {
    // A switch that was begun once may still come about, however it is begun anew.
    if (movePhases.indexOf(next) < movePhases.indexOf(phase)) return;
    phase = next;
    await writeMove(files, data, order, next);
  };
  try {
    if (phase !== "switched") {
      const to = await knownTarget(parts, order);
      if (!(await to.isInForce(order.departure.identity))) await build(parts, order, to, enter);
      await enter("switched");
    }
    return await finish(parts, order);
  } catch (error) {
    if (await mayBeSwitched(parts, order, phase)) throw unfinished(order, error);
    await goBack(parts, order, failureOf(error).happened);
    throw wentBack(order, error);
  }
}

/** Seals, reads, builds, reads back, switches. */
async function build(
  parts: MoveParts,
  order: MoveOrder,
  to: QuorumEnd,
  enter: (phase: MovePhase) => Promise<void>,
): Promise<void> {
  const source = parts.open(order.from);
  await enter("sealed");
  await source.seal(order.departure);
  const where = await source.whereabouts();
  if (where.state !== "sealed")
    throw fail("INVALID_STATE", { happened: `${source.place} could not be sealed: it is ${where.state}.` });
  if (Number.parseInt(where.generation, 10) >= order.departure.identity.generation)
    throw fail("REVISION_MISMATCH", { happened: `A restore put generation ${where.generation} in force meanwhile.` });
  const built = movedQuorum(await source.readSealed(where.generation), order, source.place);
  await to.build(built);
  await to.verify(built);
  parts.checkTime?.();
  await enter("switching");
  await to.putInForce(order.departure.identity);
}

async function finish(parts: MoveParts, order: MoveOrder): Promise<MoveEnd> {
  const { departure } = order;
  const place = { kind: departure.kind, place: departure.to };
  // It is sealed; a disk that is gone need not say where to.
  await parts
    .open(order.from)
    .leave(departure.plan)
    .catch(() => undefined);
  await parts.remember(place);
  await removeMove(parts.files, parts.data);
  const sentence = `The quorum is ${departure.to} now, at generation ${departure.identity.generation}.`;
  return { outcome: "moved", sentence, place };
}

/** The new place itself, and not what is seen where it should be. */
async function knownTarget(parts: MoveParts, { departure }: MoveOrder): Promise<QuorumEnd> {
  const to = parts.open({ kind: departure.kind, place: departure.to });
  if ((await to.claimedBy()) === departure.plan) return to;
  throw fail("QUORUM_DISK_NOT_FOUND", {
    happened: `${departure.to} is not the place to which the quorum was to be moved: its disk is not there, or something else began in it.`,
    next: "Mount the new disk, then start the service of this node again.",
  });
}

async function isSwitched(parts: MoveParts, order: MoveOrder): Promise<boolean> {
  const { kind, to, plan, identity } = order.departure;
  const end = parts.open({ kind, place: to });
  return (await end.claimedBy()) === plan && (await end.isInForce(identity));
}

/** Only this node switches, and notes before that it is about to. False: it never will be. */
async function mayBeSwitched(parts: MoveParts, order: MoveOrder, phase: MovePhase): Promise<boolean> {
  if (phase === "switched") return true;
  if (phase !== "switching") return false;
  try {
    const { kind, to, identity } = order.departure;
    const end = parts.open({ kind, place: to });
    return (await end.claimedBy()) !== order.departure.plan || !(await end.giveUp(identity));
  } catch {
    return true;
  }
}

async function goBack(parts: MoveParts, order: MoveOrder, why: string): Promise<MoveEnd> {
  const { plan, kind, to, identity } = order.departure;
  await parts.open(order.from).unseal(plan);
  await parts.open({ kind, place: to }).discard(identity);
  await removeMove(parts.files, parts.data);
  return backEnd(order, why);
}

function backEnd({ from }: MoveOrder, why: string): MoveEnd {
  return {
    outcome: "back",
    sentence: `The quorum was not moved and is ${from.place} as before: ${why.replace(/\.$/, "")}.`,
    place: from,
  };
}

function wentBack({ from }: MoveOrder, error: unknown): Failure {
  const { name, happened, next } = failureOf(error);
  return fail(name, {
    happened,
    unchanged: `The quorum was not moved: it is ${from.place} as before.`,
    next: next || "Mend the cause, then plan the move again.",
    cause: error,
  });
}

function unfinished({ departure }: MoveOrder, error: unknown): Failure {
  const { name, happened } = failureOf(error);
  return fail(name, {
    happened: `The move of the quorum to ${departure.to} is unfinished: ${happened}`,
    unchanged: "Nothing is lost.",
    next: "Mend the cause and start the cluster service of this node, which finishes it.",
    cause: error,
  });
}

async function withLocks<T>(
  take: readonly (() => Promise<PlaceLock>)[],
  work: (locks: readonly PlaceLock[]) => Promise<T>,
): Promise<T> {
  const locks: PlaceLock[] = [];
  try {
    for (const lock of take) locks.push(await lock());
    return await work(locks);
  } finally {
    for (const lock of locks) await lock.release();
  }
}
