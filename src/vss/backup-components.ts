/** IVssBackupComponents: the requester's interface, with the documented names in camelCase. */
import type { ErrorName } from "../base/errors.ts";
import type { FileSet, RestoreMethodSpec, WriterMetadata } from "./metadata.ts";
import type { WriterComponents } from "./component.ts";
import type {
  BackupType,
  ComponentType,
  FileRestoreStatus,
  ObjectType,
  RestoreType,
  SnapshotState,
  WriterState,
} from "./enumerations.ts";

/** VSS_SNAPSHOT_PROP. */
export interface SnapshotProperties {
  readonly snapshotId: string;
  readonly snapshotSetId: string;
  /** How many shadow copies the set had when it was made. */
  readonly snapshotsCount: number;
  /** The folder in which the original volume's content is, to be read only. */
  readonly snapshotDeviceObject: string;
  readonly originalVolumeName: string;
  readonly originatingMachine: string;
  readonly providerId: string;
  /** A mask of `snapshotAttributes`. */
  readonly snapshotAttributes: number;
  /** Wall time in milliseconds. */
  readonly creationTimestamp: number;
  readonly status: SnapshotState;
  /** Paths in the volume, relative, that the provider could not copy: sockets, devices, links. */
  readonly leftOut: readonly string[];
}

/** How a writer is. */
export interface WriterStatus {
  readonly instanceId: string;
  readonly writerId: string;
  readonly writerName: string;
  readonly state: WriterState;
  /** The last failure of this backup or restore. */
  readonly failure: WriterFailure | undefined;
}

/** Why a writer failed; VSS_E_WRITERERROR_PARTIAL_FAILURE: the failures are at the components. */
export interface WriterFailure {
  readonly name: ErrorName;
  readonly message: string;
  readonly applicationResult: number;
}

/** A writer metadata document with the questions of IVssExamineWriterMetadata. */
export interface VssExamineWriterMetadata {
  readonly metadata: WriterMetadata;
  getRestoreMethod(): RestoreMethodSpec | undefined;
  /** The writer metadata document. */
  saveAsXml(): string;
}

/** What `deleteSnapshots` did; with `nondeletedSnapshotId` it stopped there and `cause` says why. */
export interface DeletedSnapshots {
  readonly deletedSnapshots: readonly string[];
  readonly nondeletedSnapshotId: string | undefined;
  readonly cause: Error | undefined;
}

/**
 * One backup or one restore; made by `createVssBackupComponents`. A call out of the documented order rejects with
 * VSS_E_BAD_STATE and changes nothing. Writers' failures do not reject: ask `gatherWriterStatus` after `prepareForBackup`,
 * `doSnapshotSet`, `backupComplete`, `preRestore` and `postRestore`. `logicalPath` is undefined where there is none.
 */
export interface VssBackupComponents {
  /** Begins a backup. */
  initializeForBackup(): void;
  /** Begins a restore from a saved document. Throws VSS_E_CORRUPT_XML_DOCUMENT, VSS_E_INVALID_XML_DOCUMENT. */
  initializeForRestore(document: string): void;

  /** A mask of `snapshotContext`; BACKUP unless called. Before `gatherWriterMetadata`. Throws VSS_E_UNSUPPORTED_CONTEXT. */
  setContext(context: number): void;
  setBackupState(
    selectComponents: boolean,
    backupBootableSystemState: boolean,
    backupType: BackupType,
    partialFileSupport?: boolean,
  ): void;
  /** Only these take part; before `gatherWriterMetadata`. */
  enableWriterClasses(writerIds: readonly string[]): void;
  disableWriterClasses(writerIds: readonly string[]): void;
  disableWriterInstances(instanceIds: readonly string[]): void;

  /** Identify. For a backup and for a restore. */
  gatherWriterMetadata(): Promise<void>;
  getWriterMetadataCount(): number;
  getWriterMetadata(index: number): VssExamineWriterMetadata;
  freeWriterMetadata(): void;

  /** Includes a component, explicitly. Throws VSS_E_OBJECT_NOT_FOUND, VSS_E_OBJECT_ALREADY_EXISTS, INVALID_PARAMETER. */
  addComponent(
    instanceId: string,
    writerId: string,
    componentType: ComponentType,
    logicalPath: string | undefined,
    componentName: string,
  ): void;
  setBackupOptions(
    writerId: string,
    componentType: ComponentType,
    logicalPath: string | undefined,
    componentName: string,
    options: string,
  ): void;
  setPreviousBackupStamp(
    writerId: string,
    componentType: ComponentType,
    logicalPath: string | undefined,
    componentName: string,
    stamp: string,
  ): void;

  /** Whether the chosen provider, or any, supports the volume (a folder's absolute path). */
  isVolumeSupported(volume: string, providerId?: string): Promise<boolean>;
  /** Resolves with the id of the set. Throws VSS_E_SNAPSHOT_SET_IN_PROGRESS, across processes too. */
  startSnapshotSet(): Promise<string>;
  /** Resolves with the id of the shadow copy. Throws VSS_E_VOLUME_NOT_SUPPORTED… and VSS_E_MAXIMUM_NUMBER_OF_…_REACHED. */
  addToSnapshotSet(volume: string, providerId?: string): Promise<string>;
  /** PrepareForBackup to all writers that are not disabled. INVALID_PARAMETER when a component that must be included is not. */
  prepareForBackup(): Promise<void>;
  /** PrepareForSnapshot, Freeze, the commit, Thaw, PostSnapshot. Rejects when the set could not be made: nothing is left of it then. */
  doSnapshotSet(): Promise<void>;
  getSnapshotProperties(snapshotId: string): Promise<SnapshotProperties>;

  gatherWriterStatus(): Promise<void>;
  getWriterStatusCount(): number;
  getWriterStatus(index: number): WriterStatus;
  freeWriterStatus(): void;

  setBackupSucceeded(
    instanceId: string,
    writerId: string,
    componentType: ComponentType,
    logicalPath: string | undefined,
    componentName: string,
    succeeded: boolean,
  ): void;
  backupComplete(): Promise<void>;
  /** The backup components document, at any time after `initialize…`. */
  saveAsXml(): string;
  /** Ends a backup early: Abort to the writers, an unfinished set is taken away. */
  abortBackup(): Promise<void>;
  /** Ends everything: BackupShutdown to the writers, shadow copies that release themselves are deleted. Any number of times. */
  release(): Promise<void>;

  /** The writers in the backup components document. */
  getWriterComponentsCount(): number;
  getWriterComponents(index: number): WriterComponents;
  /** VSS_E_OBJECT_NOT_FOUND when the writer does not run or the component is not in the document; so do all below. */
  setSelectedForRestore(
    writerId: string,
    componentType: ComponentType,
    logicalPath: string | undefined,
    componentName: string,
    selected: boolean,
  ): void;
  addRestoreSubcomponent(
    writerId: string,
    componentType: ComponentType,
    logicalPath: string | undefined,
    componentName: string,
    subcomponentLogicalPath: string | undefined,
    subcomponentName: string,
  ): void;
  /**
   * IVssBackupComponentsEx2. VSS_E_BAD_STATE when this is no restore; INVALID_PARAMETER when the writer's schema lacks
   * AUTHORITATIVE_RESTORE.
   */
  setAuthoritativeRestore(
    writerId: string,
    componentType: ComponentType,
    logicalPath: string | undefined,
    componentName: string,
    authoritative: boolean,
  ): void;
  setRestoreOptions(
    writerId: string,
    componentType: ComponentType,
    logicalPath: string | undefined,
    componentName: string,
    options: string,
  ): void;
  setAdditionalRestores(
    writerId: string,
    componentType: ComponentType,
    logicalPath: string | undefined,
    componentName: string,
    additional: boolean,
  ): void;
  /** `files.alternatePath` is where they go; the writer's schema must have WRITER_SUPPORTS_NEW_TARGET. */
  addNewTarget(
    writerId: string,
    componentType: ComponentType,
    logicalPath: string | undefined,
    componentName: string,
    files: FileSet,
  ): void;
  setRestoreState(restoreType: RestoreType): void;
  /** PreRestore to the writers that have a component selected for restore. */
  preRestore(): Promise<void>;
  setFileRestoreStatus(
    writerId: string,
    componentType: ComponentType,
    logicalPath: string | undefined,
    componentName: string,
    status: FileRestoreStatus,
  ): void;
  postRestore(): Promise<void>;

  /** Shadow copies that are there, of every process. */
  query(): Promise<readonly SnapshotProperties[]>;
  /** `type` is objectType.SNAPSHOT or SNAPSHOT_SET. VSS_E_OBJECT_NOT_FOUND when it is not there. */
  deleteSnapshots(sourceObjectId: string, type: ObjectType, force: boolean): Promise<DeletedSnapshots>;
}
