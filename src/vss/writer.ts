/** What an application implements so that its data in a shadow copy is consistent. */
import type { VssComponent, WriterErrorName } from "./component.ts";
import type { ApplicationLevel, BackupType, RestoreType } from "./enumerations.ts";
import type { CreateWriterMetadata, WriterIdentity } from "./metadata.ts";

/**
 * A writer: its events, in the documented order. An event succeeds when it resolves. It fails by `setWriterFailure` of its
 * call or by throwing; what is thrown is VSS_E_WRITERERROR_NONRETRYABLE unless it is a `Failure` of another writer error.
 *
 * A failed writer gets no further event of that backup but Abort and BackupShutdown.
 */
export interface VssWriter {
  readonly identity: WriterIdentity;
  /** The longest time from Freeze to Thaw that it stands, in milliseconds; at most, and unless given, 60 000. */
  readonly freezeTimeout?: number;
  /** When it freezes among the others: front ends first, the system last. FRONT_END unless given. */
  readonly level?: ApplicationLevel;
  /** Describes itself. Anybody can cause it at any time: it must change nothing. */
  onIdentify(metadata: CreateWriterMetadata): Promise<void> | void;
  /** PrepareForBackup: decide whether to take part, set private metadata and stamps, begin long work. */
  onPrepareBackup?(call: WriterCall): Promise<void> | void;
  /** The real work before a freeze: flush, finish transactions. */
  onPrepareSnapshot(call: WriterCall): Promise<void> | void;
  /** Hold all changes until Thaw or Abort. Short; the last moment for a veto. */
  onFreeze(call: WriterCall): Promise<void> | void;
  /** Resume. Comes after the commit. */
  onThaw(call: WriterCall): Promise<void> | void;
  /** Clean up; the last moment to change the backup components document. */
  onPostSnapshot?(call: WriterCall): Promise<void> | void;
  /** The requester has copied its files, or failed to: see `backupSucceeded` of the components. */
  onBackupComplete?(call: WriterCall): Promise<void> | void;
  /** The requester is gone. `snapshotSetId` is undefined when it made none. */
  onBackupShutdown?(snapshotSetId: string | undefined): Promise<void> | void;
  /** Resume at once and forget this backup. May come at any time of a backup, more than once, and while an event still runs. */
  onAbort(): Promise<void> | void;
  /** Before the files come back: close them, set targets. */
  onPreRestore?(call: WriterCall): Promise<void> | void;
  /** The files are back, or some are not: see `fileRestoreStatus` of the components. */
  onPostRestore?(call: WriterCall): Promise<void> | void;
}

/** What a writer may ask and say in an event. */
export interface WriterCall {
  readonly snapshotSetId: string | undefined;
  /** A mask of `snapshotAttributes`. */
  readonly context: number;
  readonly areComponentsSelected: boolean;
  readonly isBootableSystemStateBackedUp: boolean;
  readonly isPartialFileSupportEnabled: boolean;
  readonly backupType: BackupType;
  readonly restoreType: RestoreType;
  /** Of this writer, explicitly included; empty unless components are selected. */
  readonly components: readonly VssComponent[];
  /** Folders in the snapshot set. */
  readonly currentVolumes: readonly string[];
  /** IsPathAffected: whether a path lies in a volume of the snapshot set. */
  isPathAffected(path: string): boolean;
  /** GetSnapshotDeviceName, for any path: where it is in the shadow copy; undefined before the commit, or when not affected. */
  snapshotPathOf(path: string): string | undefined;
  /**
   * The event fails; VSS_E_WRITERERROR_PARTIAL_FAILURE: only components that `setFailure` names did. Throws
   * INVALID_PARAMETER for another name.
   */
  setWriterFailure(name: WriterErrorName, message?: string, applicationResult?: number): void;
}
