/** What every call of a requester needs: the order, one call at a time, and an end in which no writer and no shadow copy is forgotten. */
import { fail, type Failure } from "../base/errors.ts";
import type { BackupComponent } from "./component.ts";
import { ComponentStore, type ComponentPatch } from "./component-store.ts";
import type { Coordinator } from "./coordinator.ts";
import type { ComponentType } from "./enumerations.ts";
import type { WriterMetadata } from "./metadata.ts";
import { phaseAfter, type OrderedCall, type Phase } from "./requester-order.ts";
import { releasesItself, removeAll } from "./shadow-copies.ts";
import { Session, type Participant } from "./session.ts";
import type { SnapshotSet } from "./snapshot-set.ts";

/** Names a component of a writer in the calls of a requester. */
export type Of = readonly [
  writerId: string,
  componentType: ComponentType,
  logicalPath: string | undefined,
  componentName: string,
];

/** The state of one backup or restore. */
export class RequesterCore {
  readonly coordinator: Coordinator;
  readonly session: Session;
  phase: Phase = "new";
  /** Aborted when the backup is to end early. */
  readonly stop: AbortController = new AbortController();
  #running: { readonly call: OrderedCall; readonly over: Promise<unknown> } | undefined;
  #silence: AbortController | undefined;
  #released: Promise<void> | undefined;

  constructor(coordinator: Coordinator) {
    this.coordinator = coordinator;
    this.session = new Session(coordinator);
  }

  /** A call that is done at once. */
  now<T>(call: OrderedCall, work: () => T): T {
    const next = this.#next(call);
    const result = work();
    this.phase = next;
    this.#hear();
    return result;
  }

  /** A call that takes its time; no other fits meanwhile but `abortBackup` and `release`. */
  async run<T>(call: OrderedCall, work: () => Promise<T>): Promise<T> {
    const next = this.#next(call);
    const before = this.phase;
    this.#silence?.abort();
    const over = work();
    this.#running = { call, over };
    try {
      const result = await over;
      if (this.phase !== before) throw ended(call);
      this.phase = next;
      return result;
    } finally {
      this.#running = undefined;
      this.#hear();
    }
  }

  /** Changes an included component of a running writer. Throws VSS_E_OBJECT_NOT_FOUND. */
  change(
    call: OrderedCall,
    [writerId, componentType, logicalPath, componentName]: Of,
    patch: (now: BackupComponent, metadata: WriterMetadata) => ComponentPatch,
  ): void {
    this.now(call, () => {
      const { store } = this.session;
      const participant = this.session.identified().find((each) => each.session.writer.identity.writerId === writerId);
      if (participant === undefined) throw noWriter(writerId);
      const key = { componentType, logicalPath, componentName };
      const { instanceId } = participant.session;
      store.change(instanceId, key, patch(store.find(instanceId, key), metadataOf(participant)));
    });
  }

  /** Throws VSS_E_OBJECT_NOT_FOUND. */
  byInstance(instanceId: string, writerId: string): Participant {
    const found = this.session
      .identified()
      .find((each) => each.session.instanceId === instanceId && each.session.writer.identity.writerId === writerId);
    if (found === undefined) throw noWriter(writerId);
    return found;
  }

  /** The set that was started. */
  set(): SnapshotSet {
    const { set } = this.session;
    if (set === undefined) throw badState("the call", "no snapshot set was started");
    return set;
  }

  /** A saved document names writers' instances of its time: those that run now take their places. */
  adoptInstances(): void {
    const free = [...this.session.identified()];
    const writers = this.session.store.all().map((saved) => {
      const at = free.findIndex((each) => each.session.writer.identity.writerId === saved.writerId);
      const [live] = at < 0 ? [] : free.splice(at, 1);
      return live === undefined ? saved : { ...saved, instanceId: live.session.instanceId };
    });
    this.session.store = new ComponentStore(writers);
  }

  async abortBackup(): Promise<void> {
    phaseAfter("abortBackup", this.phase);
    this.phase = "aborted";
    await this.#breakOff();
  }

  release(): Promise<void> {
    this.#released ??= this.#release();
    return this.#released;
  }

  /** A backup that was not completed is aborted; what releases itself goes. */
  async #release(): Promise<void> {
    const { phase } = this;
    this.phase = "released";
    const { coordinator, session } = this;
    const restores = phase.includes("restore");
    if (phase === "complete" || phase === "new" || restores) {
      await this.#running?.over.catch(() => undefined);
    } else await this.#breakOff();
    if (phase === "new" || restores) return;
    await session.shutdown();
    const left = (session.set?.records ?? []).filter((each) => each.state === "created" && releasesItself(each));
    const { cause } = await removeAll(coordinator.around, left);
    if (cause !== undefined) coordinator.around.log.error("vss shadow copy not released", { error: cause.message });
  }

  async #breakOff(): Promise<void> {
    this.#silence?.abort();
    this.stop.abort();
    await this.#running?.over.catch(() => undefined);
    await this.session.abort();
    await this.session.set?.abort();
  }

  #next(call: OrderedCall): Phase {
    const next = phaseAfter(call, this.phase);
    if (this.#running !== undefined) throw badState(call, `${this.#running.call} still runs`);
    return next;
  }

  /** While a set waits, the requester must go on calling: it keeps all others from making theirs. */
  #hear(): void {
    this.#silence?.abort();
    if (this.phase !== "set started" && this.phase !== "prepared with a set") return;
    const { outside, limits, log } = this.coordinator.around;
    const silence = new AbortController();
    this.#silence = silence;
    void outside.timers.sleep(limits.requesterSilence, silence.signal).then(async () => {
      if (silence.signal.aborted) return;
      log.warn("vss requester silent", { phase: this.phase });
      this.phase = "aborted";
      await this.#breakOff();
    });
  }
}

/** The metadata of an identified writer. */
export function metadataOf({ metadata }: Participant): WriterMetadata {
  if (metadata === undefined) throw fail("VSS_E_UNEXPECTED", { happened: "The writer has not described itself." });
  return metadata;
}

/** VSS_E_BAD_STATE for a reason that the table of the order does not hold. */
export function badState(call: string, why: string): Failure {
  return fail("VSS_E_BAD_STATE", { happened: `${call} does not fit here: ${why}.`, unchanged: "Nothing was done." });
}

function noWriter(writerId: string): Failure {
  return fail("VSS_E_OBJECT_NOT_FOUND", {
    happened: `Writer ${writerId} does not run, or is not in this backup.`,
    unchanged: "Nothing was changed.",
    next: "Start the service that hosts it.",
  });
}

function ended(call: string): Failure {
  return fail("CANCELLED", { happened: `The backup or restore was ended while ${call} ran.` });
}
