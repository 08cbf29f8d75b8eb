/** A component in the backup components document, and what a writer may do with it. */
import type { ErrorName } from "../base/errors.ts";
import type { BackupType, ComponentType, FileRestoreStatus, RestoreTarget, RestoreType } from "./enumerations.ts";
import type { ComponentName, FileSet } from "./metadata.ts";

/** The errors with which a writer may fail: what `setWriterFailure` and `setFailure` take. */
export type WriterErrorName = Extract<ErrorName, `VSS_E_WRITERERROR_${string}`>;

/** A failure of one component. */
export interface ComponentFailure {
  readonly name: WriterErrorName;
  /** The application's own code; 0 for none. */
  readonly applicationResult: number;
  readonly message: string;
}

/** Which event a writer said `message` in. */
export type FailureMessagePlace = "prepareForBackup" | "postSnapshot" | "preRestore" | "postRestore";

/** An explicitly included component, as the backup components document keeps it. */
export interface BackupComponent extends ComponentName {
  readonly componentType: ComponentType;
  readonly backupOptions?: string;
  readonly restoreOptions?: string;
  /** Private to the writer. */
  readonly backupMetadata?: string;
  readonly restoreMetadata?: string;
  readonly backupStamp?: string;
  readonly previousBackupStamp?: string;
  /** undefined until the requester says so. */
  readonly backupSucceeded?: boolean;
  readonly selectedForRestore: boolean;
  readonly additionalRestores: boolean;
  readonly authoritativeRestore: boolean;
  readonly restoreTarget: RestoreTarget;
  readonly fileRestoreStatus: FileRestoreStatus;
  readonly restoreName?: string;
  /** Where the requester restores the files of a file set to: `alternatePath`. */
  readonly newTargets: readonly FileSet[];
  readonly restoreSubcomponents: readonly ComponentName[];
  readonly failureMessages: Readonly<Partial<Record<FailureMessagePlace, string>>>;
  readonly failure?: ComponentFailure;
}

/** The components of one writer in the backup components document. */
export interface WriterComponents {
  readonly writerId: string;
  readonly instanceId: string;
  readonly writerName: string;
  readonly components: readonly BackupComponent[];
}

/** How the backup was meant; VSS says that a requester must store it beside the documents. */
export interface BackupState {
  /** Components are chosen one by one; otherwise whole volumes with all their writers. */
  readonly selectComponents: boolean;
  readonly bootableSystemState: boolean;
  readonly backupType: BackupType;
  readonly partialFileSupport: boolean;
}

/** One volume of the snapshot set, as the document keeps it. */
export interface DocumentSnapshot {
  readonly snapshotId: string;
  readonly providerId: string;
  readonly originalVolume: string;
}

/** The whole backup components document. */
export interface BackupComponentsDocument {
  readonly backupState: BackupState;
  readonly restoreType: RestoreType;
  readonly snapshotSetId: string | undefined;
  readonly snapshots: readonly DocumentSnapshot[];
  readonly writers: readonly WriterComponents[];
}

/**
 * IVssComponent as a writer gets it. Reading is always allowed. Changing throws VSS_E_BAD_STATE outside the events named;
 * after BackupComplete the document is read-only.
 */
export interface VssComponent {
  readonly content: BackupComponent;
  /** PrepareBackup … PostSnapshot. */
  setBackupMetadata(metadata: string): void;
  /** PrepareBackup … PostSnapshot, PreRestore. */
  setRestoreMetadata(metadata: string): void;
  /** PrepareBackup … PostSnapshot. */
  setBackupStamp(stamp: string): void;
  /** PreRestore. */
  setRestoreTarget(target: RestoreTarget): void;
  /** PreRestore. */
  setRestoreName(name: string): void;
  /** PrepareBackup. */
  setPrepareForBackupFailureMsg(message: string): void;
  /** PrepareSnapshot … PostSnapshot. */
  setPostSnapshotFailureMsg(message: string): void;
  /** PreRestore. */
  setPreRestoreFailureMsg(message: string): void;
  /** PostRestore. */
  setPostRestoreFailureMsg(message: string): void;
  /** IVssComponentEx2::SetFailure: this component failed, the writer as a whole did not. Every event. */
  setFailure(name: WriterErrorName, applicationResult: number, message: string): void;
}
