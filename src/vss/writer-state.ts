/** The states of a writer in one backup or restore, as data. */
import { writerState, type WriterState } from "./enumerations.ts";

/** What can happen to a writer; `freezeTimeout` is the one that no call causes. */
export type WriterEvent =
  | "identify"
  | "prepareBackup"
  | "prepareSnapshot"
  | "freeze"
  | "freezeTimeout"
  | "thaw"
  | "postSnapshot"
  | "backupComplete"
  | "backupShutdown"
  | "abort"
  | "preRestore"
  | "postRestore";

/** One kind of move: from any of `from` to `to` when the event succeeds, to `failed` when it does not. */
export interface WriterMove {
  readonly event: WriterEvent;
  readonly from: readonly WriterState[];
  readonly to: WriterState;
  readonly failed: WriterState;
}

const ws = writerState;
const waiting = [
  ws.WAITING_FOR_FREEZE,
  ws.WAITING_FOR_THAW,
  ws.WAITING_FOR_POST_SNAPSHOT,
  ws.WAITING_FOR_BACKUP_COMPLETE,
];

/**
 * Every move there is. BackupComplete also fits STABLE, since a backup that needs no snapshot may skip it. A failed writer
 * moves no more: Abort and BackupShutdown reach it and leave its state, which says why.
 */
export const writerMoves: readonly WriterMove[] = [
  { event: "identify", from: [ws.STABLE], to: ws.STABLE, failed: ws.FAILED_AT_IDENTIFY },
  { event: "prepareBackup", from: [ws.STABLE], to: ws.STABLE, failed: ws.FAILED_AT_PREPARE_BACKUP },
  { event: "prepareSnapshot", from: [ws.STABLE], to: ws.WAITING_FOR_FREEZE, failed: ws.FAILED_AT_PREPARE_SNAPSHOT },
  { event: "freeze", from: [ws.WAITING_FOR_FREEZE], to: ws.WAITING_FOR_THAW, failed: ws.FAILED_AT_FREEZE },
  { event: "freezeTimeout", from: [ws.WAITING_FOR_THAW], to: ws.FAILED_AT_FREEZE, failed: ws.FAILED_AT_FREEZE },
  { event: "thaw", from: [ws.WAITING_FOR_THAW], to: ws.WAITING_FOR_POST_SNAPSHOT, failed: ws.FAILED_AT_THAW },
  {
    event: "postSnapshot",
    from: [ws.WAITING_FOR_POST_SNAPSHOT],
    to: ws.WAITING_FOR_BACKUP_COMPLETE,
    failed: ws.FAILED_AT_POST_SNAPSHOT,
  },
  {
    event: "backupComplete",
    from: [ws.STABLE, ws.WAITING_FOR_BACKUP_COMPLETE],
    to: ws.STABLE,
    failed: ws.FAILED_AT_BACKUP_COMPLETE,
  },
  { event: "backupShutdown", from: [ws.STABLE, ...waiting], to: ws.STABLE, failed: ws.FAILED_AT_BACKUPSHUTDOWN },
  { event: "abort", from: [ws.STABLE, ...waiting], to: ws.STABLE, failed: ws.STABLE },
  { event: "preRestore", from: [ws.STABLE], to: ws.STABLE, failed: ws.FAILED_AT_PRE_RESTORE },
  { event: "postRestore", from: [ws.STABLE], to: ws.STABLE, failed: ws.FAILED_AT_POST_RESTORE },
];

/** The events that a failed writer still gets. */
export const reachesFailed: ReadonlySet<WriterEvent> = new Set(["abort", "backupShutdown"]);

/** Whether a state is one of FAILED_AT_…. */
export function isFailed(state: WriterState): boolean {
  return state >= ws.FAILED_AT_IDENTIFY;
}

/** The move that an event makes from a state; undefined when the event does not fit there. */
export function moveOf(event: WriterEvent, from: WriterState): WriterMove | undefined {
  const move = writerMoves.find((each) => each.event === event);
  if (move === undefined || (isFailed(from) && !reachesFailed.has(event))) return undefined;
  if (isFailed(from)) return { ...move, from: [from], to: from, failed: from };
  return move.from.includes(from) ? move : undefined;
}
