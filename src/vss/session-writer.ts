/** One writer in one backup or restore: its state, and the delivery of its events within their limits. */
import { Failure, isErrorName } from "../base/errors.ts";
import { failureOf } from "../base/failure-of.ts";
import type { Log } from "../base/log.ts";
import type { Outside } from "../base/outside.ts";
import type { WriterFailure, WriterStatus } from "./backup-components.ts";
import type { WriterErrorName } from "./component.ts";
import { writerState, type WriterState } from "./enumerations.ts";
import type { VssLimits } from "./limits.ts";
import { isFailed, moveOf, type WriterEvent } from "./writer-state.ts";
import { fail } from "../base/errors.ts";
import type { VssWriter } from "./writer.ts";

/** The errors that `setWriterFailure` takes. */
export const writerErrorNames: readonly WriterErrorName[] = [
  "VSS_E_WRITERERROR_INCONSISTENTSNAPSHOT",
  "VSS_E_WRITERERROR_OUTOFRESOURCES",
  "VSS_E_WRITERERROR_TIMEOUT",
  "VSS_E_WRITERERROR_RETRYABLE",
  "VSS_E_WRITERERROR_NONRETRYABLE",
  "VSS_E_WRITERERROR_RECOVERY_FAILED",
  "VSS_E_WRITERERROR_PARTIAL_FAILURE",
];

/** What the sessions of one writer share. */
export class WriterTurns {
  /** Events that did not answer in time and still run. Until they end, the writer is in no new backup. */
  late = 0;
  #frozen: { readonly by: object; readonly over: Promise<void>; readonly end: () => void } | undefined;

  freezes(by: object): void {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#frozen = { by, over: promise, end: resolve };
  }

  resumes(by: object): void {
    if (this.#frozen?.by !== by) return;
    this.#frozen.end();
    this.#frozen = undefined;
  }

  /** Resolves when no other session has the writer frozen: an Abort of this one would thaw it. */
  async others(by: object): Promise<void> {
    while (this.#frozen !== undefined && this.#frozen.by !== by) await this.#frozen.over;
  }
}

/** What a session writer needs around it. */
export interface WriterSurroundings {
  readonly outside: Pick<Outside, "timers">;
  readonly limits: VssLimits;
  readonly log: Log;
  readonly turns: WriterTurns;
  /** Called after every change of state. */
  readonly onStatus: (status: WriterStatus) => void;
}

/** After a failure in one of these the writer is told at once to forget the backup. */
const abortsAfter: ReadonlySet<WriterEvent> = new Set([
  "prepareBackup",
  "prepareSnapshot",
  "freeze",
  "freezeTimeout",
  "thaw",
  "postSnapshot",
]);

/** A writer in one session. Nothing here rejects: what fails is its status. */
export class SessionWriter {
  readonly writer: VssWriter;
  readonly instanceId: string;
  #state: WriterState = writerState.STABLE;
  #failure: WriterFailure | undefined;
  /** A failure that the event now running has reported. */
  #reported: WriterFailure | undefined;
  /** How often it was aborted: what an event does after that is of the past. */
  #aborts = 0;
  /** Whether it was told of the backup at all. */
  #engaged = false;
  readonly #around: WriterSurroundings;
  /** Ends the watch over freeze to thaw. */
  #freezeWatch: AbortController | undefined;

  constructor(writer: VssWriter, instanceId: string, around: WriterSurroundings) {
    this.writer = writer;
    this.instanceId = instanceId;
    this.#around = around;
  }

  get state(): WriterState {
    return this.#state;
  }

  status(): WriterStatus {
    const { writerId, writerName } = this.writer.identity;
    return { instanceId: this.instanceId, writerId, writerName, state: this.#state, failure: this.#failure };
  }

  /** What `setWriterFailure` of a call does. Throws INVALID_PARAMETER. */
  report(name: WriterErrorName, message = "", applicationResult = 0): void {
    if (!writerErrorNames.includes(name)) {
      throw fail("INVALID_PARAMETER", { happened: `${name} is no error that a writer may report.` });
    }
    this.#reported = { name, message, applicationResult };
  }

  /** Delivers an event when the writer is where it fits; a writer elsewhere (failed, aborted) is left alone. */
  async deliver(event: Exclude<WriterEvent, "freezeTimeout" | "abort">, work: () => unknown): Promise<void> {
    if (moveOf(event, this.#state) === undefined) return;
    const { limits } = this.#around;
    if (event === "thaw") this.#endFreezeWatch();
    const watch = event === "freeze" ? this.#watchFreeze() : undefined;
    const limit = event === "thaw" ? Math.min(limits.freezeToThaw, limits.step) : limits.step;
    this.#reported = undefined;
    const [from, aborts] = [this.#state, this.#aborts];
    if (event !== "identify") this.#engaged = true;
    if (event === "freeze") this.#around.turns.freezes(this);
    const failure = await this.#run(event, work, limit, watch);
    if (this.#state !== from || this.#aborts !== aborts) {
      // Meanwhile the freeze has taken too long or the backup was aborted: what the event did since then is undone.
      if (abortsAfter.has(event)) await this.#callAbort();
      return;
    }
    await this.#settle(event, failure);
    if (event === "thaw") this.#around.turns.resumes(this);
  }

  /** Abort: at any time; the writer forgets the backup and resumes. */
  async abort(): Promise<void> {
    this.#aborts++;
    this.#endFreezeWatch();
    if (!this.#engaged) return;
    const move = moveOf("abort", this.#state);
    if (move !== undefined) this.#become(move.to, this.#failure);
    await this.#callAbort();
  }

  async #settle(event: WriterEvent, failure: WriterFailure | undefined): Promise<void> {
    const move = moveOf(event, this.#state);
    if (move === undefined) return;
    if (failure === undefined || failure.name === "VSS_E_WRITERERROR_PARTIAL_FAILURE") {
      this.#become(move.to, failure ?? this.#failure);
      return;
    }
    this.#endFreezeWatch();
    this.#become(move.failed, failure);
    this.#around.log.warn("vss writer failed", { writer: this.writer.identity.writerName, event, error: failure.name });
    if (abortsAfter.has(event)) await this.#callAbort();
  }

  /** Runs an event of the writer; undefined when it succeeded. */
  async #run(
    event: WriterEvent,
    work: () => unknown,
    limit: number,
    watch: Promise<void> | undefined,
  ): Promise<WriterFailure | undefined> {
    if (this.#around.turns.late > 0) return notResponding("It still has not answered an earlier event.");
    const running = Promise.resolve()
      .then(work)
      .then(
        () => this.#reported,
        (thrown: unknown) => this.#reported ?? writerFailureOf(thrown),
      );
    const timer = new AbortController();
    const late = this.#around.outside.timers.sleep(limit, timer.signal).then(() => "late" as const);
    const expired = watch?.then(() => "late" as const) ?? new Promise<never>(() => undefined);
    const outcome = await Promise.race([running, late, expired]);
    timer.abort();
    if (outcome !== "late") return outcome;
    // Whatever it still does, it must not stand frozen afterwards.
    this.#around.turns.late++;
    void running
      .then(() => (abortsAfter.has(event) ? this.#callAbort() : undefined))
      .finally(() => this.#around.turns.late--);
    return notResponding(`It did not answer ${event} within ${limit} ms.`);
  }

  /** Begins to count freeze to thaw; the promise resolves when the time is over and the writer was not thawed. */
  #watchFreeze(): Promise<void> {
    const { limits, outside } = this.#around;
    const limit = Math.min(limits.freezeToThaw, this.writer.freezeTimeout ?? limits.freezeToThaw);
    const watch = new AbortController();
    this.#freezeWatch = watch;
    return new Promise((resolve) => {
      void outside.timers.sleep(limit, watch.signal).then(async () => {
        if (watch.signal.aborted) return;
        const over = this.#freezeIsOver(limit);
        resolve();
        await over;
      });
    });
  }

  async #freezeIsOver(limit: number): Promise<void> {
    const failure: WriterFailure = {
      name: "VSS_E_WRITERERROR_TIMEOUT",
      message: `It was to stand frozen for at most ${limit} ms, which was not enough.`,
      applicationResult: 0,
    };
    const event = this.#state === writerState.WAITING_FOR_FREEZE ? "freeze" : "freezeTimeout";
    await this.#settle(event, failure);
  }

  #endFreezeWatch(): void {
    this.#freezeWatch?.abort();
    this.#freezeWatch = undefined;
  }

  async #callAbort(): Promise<void> {
    const { outside, limits, log, turns } = this.#around;
    await turns.others(this);
    const { writerName } = this.writer.identity;
    const running = Promise.resolve()
      .then(() => this.writer.onAbort())
      .catch((thrown: unknown) => {
        log.error("vss writer failed at abort", { writer: writerName, error: failureOf(thrown).happened });
      });
    const timer = new AbortController();
    const late = outside.timers.sleep(limits.freezeToThaw, timer.signal);
    await Promise.race([running, late]);
    timer.abort();
    turns.resumes(this);
  }

  #become(state: WriterState, failure: WriterFailure | undefined): void {
    this.#state = state;
    this.#failure = failure;
    this.#around.onStatus(this.status());
  }
}

/** Whether a writer still takes part: nothing has failed. */
export function takesPart(writer: SessionWriter): boolean {
  return !isFailed(writer.state);
}

function notResponding(message: string): WriterFailure {
  return { name: "VSS_E_WRITER_NOT_RESPONDING", message, applicationResult: 0 };
}

function writerFailureOf(thrown: unknown): WriterFailure {
  const failure = failureOf(thrown);
  const known =
    thrown instanceof Failure && isErrorName(thrown.name) && writerErrorNames.some((each) => each === thrown.name);
  return {
    name: known ? failure.name : "VSS_E_WRITERERROR_NONRETRYABLE",
    message: failure.message,
    applicationResult: known ? 0 : failure.win32,
  };
}
