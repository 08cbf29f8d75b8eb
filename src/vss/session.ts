/** The writers of one backup or restore, and the events that they get. */
import type { WriterStatus } from "./backup-components.ts";
import type { BackupState } from "./component.ts";
import { ComponentStore } from "./component-store.ts";
import type { Coordinator } from "./coordinator.ts";
import { applicationLevel, restoreType, type RestoreType } from "./enumerations.ts";
import { buildWriterMetadata } from "./metadata-builder.ts";
import type { WriterMetadata } from "./metadata.ts";
import { SessionWriter } from "./session-writer.ts";
import type { SnapshotSet } from "./snapshot-set.ts";
import { writerComponent } from "./writer-component.ts";
import type { WriterEvent } from "./writer-state.ts";
import type { VssWriter, WriterCall } from "./writer.ts";

/** A writer in the session. */
export interface Participant {
  readonly session: SessionWriter;
  /** undefined before Identify and when that failed. */
  metadata: WriterMetadata | undefined;
}

/** Which writers a requester wants. */
export interface WriterChoice {
  /** Only these classes, unless undefined. */
  readonly enabled: readonly string[] | undefined;
  readonly disabled: readonly string[];
  readonly disabledInstances: readonly string[];
}

/** Events that carry a call. */
export type CallEvent = Exclude<WriterEvent, "identify" | "freezeTimeout" | "backupShutdown" | "abort">;

const handlers: Record<CallEvent, (writer: VssWriter, call: WriterCall) => unknown> = {
  prepareBackup: (writer, call) => writer.onPrepareBackup?.(call),
  prepareSnapshot: (writer, call) => writer.onPrepareSnapshot(call),
  freeze: (writer, call) => writer.onFreeze(call),
  thaw: (writer, call) => writer.onThaw(call),
  postSnapshot: (writer, call) => writer.onPostSnapshot?.(call),
  backupComplete: (writer, call) => writer.onBackupComplete?.(call),
  preRestore: (writer, call) => writer.onPreRestore?.(call),
  postRestore: (writer, call) => writer.onPostRestore?.(call),
};

/** Front ends stand before back ends, and those before the system. */
const freezeOrder: readonly (readonly number[])[] = [
  [applicationLevel.FRONT_END, applicationLevel.AUTO, applicationLevel.UNKNOWN],
  [applicationLevel.BACK_END],
  [applicationLevel.SYSTEM],
  [applicationLevel.SYSTEM_RM],
];

/** One backup or restore, as the writers see it. */
export class Session {
  state: BackupState | undefined;
  restoreType: RestoreType = restoreType.UNDEFINED;
  context = 0;
  store: ComponentStore = new ComponentStore();
  set: SnapshotSet | undefined;
  participants: readonly Participant[] = [];
  readonly #coordinator: Coordinator;

  constructor(coordinator: Coordinator) {
    this.#coordinator = coordinator;
  }

  /** Identify, to every writer that is wanted. */
  async identify(choice: WriterChoice): Promise<void> {
    const { around, writers } = this.#coordinator;
    this.participants = writers
      .filter(({ writer, instanceId }) => isWanted(writer, instanceId, choice))
      .map((subscribed) => ({
        metadata: undefined,
        session: new SessionWriter(subscribed.writer, subscribed.instanceId, {
          outside: around.outside,
          limits: around.limits,
          log: around.log,
          turns: subscribed.turns,
          onStatus: (status: WriterStatus) => {
            subscribed.status = status;
          },
        }),
      }));
    await Promise.all(
      this.participants.map(async (participant) => {
        const { session } = participant;
        const builder = buildWriterMetadata(session.writer.identity, session.instanceId);
        let metadata: WriterMetadata | undefined;
        await session.deliver("identify", async () => {
          await session.writer.onIdentify(builder.metadata);
          metadata = builder.finish();
        });
        participant.metadata = metadata;
      }),
    );
  }

  /** Those that are told of a backup at all: PrepareForBackup and BackupShutdown. */
  identified(): readonly Participant[] {
    return this.participants.filter(({ metadata }) => metadata !== undefined);
  }

  /** Those with an included component; all of them when components are not selected. */
  involved(): readonly Participant[] {
    return this.identified().filter(
      ({ session }) => this.state?.selectComponents === false || this.store.of(session.instanceId).length > 0,
    );
  }

  /** Those with a component that is selected for restore. */
  restoring(): readonly Participant[] {
    return this.identified().filter(({ session }) =>
      this.store.of(session.instanceId).some((each) => each.selectedForRestore || each.restoreSubcomponents.length > 0),
    );
  }

  /** One event to these writers, at once. Never rejects: failures are in their status. */
  async tell(event: CallEvent, participants: readonly Participant[]): Promise<void> {
    await Promise.all(
      participants.map(({ session }) => {
        let current = true;
        const call = this.#call(session, event, () => current);
        return session
          .deliver(event, () => handlers[event](session.writer, call))
          .finally(() => {
            current = false;
          });
      }),
    );
  }

  /** Freeze, level by level. */
  async freeze(participants: readonly Participant[]): Promise<void> {
    for (const levels of freezeOrder) {
      const group = participants.filter(({ session }) =>
        levels.includes(session.writer.level ?? applicationLevel.FRONT_END),
      );
      await this.tell("freeze", group);
    }
  }

  async abort(): Promise<void> {
    await Promise.all(this.identified().map(({ session }) => session.abort()));
  }

  async shutdown(): Promise<void> {
    await Promise.all(
      this.identified().map(({ session }) =>
        session.deliver("backupShutdown", () => session.writer.onBackupShutdown?.(this.set?.id)),
      ),
    );
  }

  #call(session: SessionWriter, event: CallEvent, isCurrent: () => boolean): WriterCall {
    const { store, set, state } = this;
    const volumes = set?.volumes ?? [];
    const volumeOf = (path: string): string | undefined =>
      volumes.filter((each) => isWithin(path, each)).toSorted((a, b) => b.length - a.length)[0];
    return {
      snapshotSetId: set?.id,
      context: this.context,
      areComponentsSelected: state?.selectComponents ?? true,
      isBootableSystemStateBackedUp: state?.bootableSystemState ?? false,
      isPartialFileSupportEnabled: state?.partialFileSupport ?? false,
      backupType: state?.backupType ?? 0,
      restoreType: this.restoreType,
      components: store
        .of(session.instanceId)
        .map((each) => writerComponent(store, session.instanceId, each, event, isCurrent)),
      currentVolumes: volumes,
      isPathAffected: (path) => volumeOf(path) !== undefined,
      snapshotPathOf: (path) => {
        const volume = volumeOf(path);
        const device = volume === undefined ? undefined : set?.deviceObjects.get(volume);
        return device === undefined || volume === undefined ? undefined : `${device}${path.slice(volume.length)}`;
      },
      setWriterFailure: (name, message, applicationResult) => {
        if (isCurrent()) session.report(name, message, applicationResult);
      },
    };
  }
}

/** Whether a path is a folder or lies below it. */
export function isWithin(path: string, folder: string): boolean {
  return folder === "/" || path === folder || path.startsWith(`${folder}/`);
}

function isWanted(writer: VssWriter, instanceId: string, choice: WriterChoice): boolean {
  const { writerId } = writer.identity;
  if (choice.disabled.includes(writerId) || choice.disabledInstances.includes(instanceId)) return false;
  return choice.enabled === undefined || choice.enabled.includes(writerId);
}
