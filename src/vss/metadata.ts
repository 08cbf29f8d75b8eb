/** What a writer says of itself in Identify: the content of a writer metadata document. */
import type { ComponentType, RestoreMethod, SourceType, UsageType, WriterRestore } from "./enumerations.ts";

/** A writer's class and how people call it. `writerId` is a GUID in lower case without braces. */
export interface WriterIdentity {
  readonly writerId: string;
  readonly writerName: string;
  /** Tells several instances of one writer class apart. */
  readonly instanceName?: string;
  readonly usage: UsageType;
  readonly source: SourceType;
}

/** Files of a component: those in folder `path` whose name fits `fileSpec` (`*` and `?`), below it too when `recursive`. */
export interface FileSet {
  readonly path: string;
  readonly fileSpec: string;
  readonly recursive: boolean;
  /** Where a backup finds them instead of in `path`. */
  readonly alternatePath?: string;
}

/** Where the files of an existing file set may be restored instead. */
export interface AlternateLocation extends FileSet {
  readonly alternatePath: string;
}

/** How the writer's files come back. */
export interface RestoreMethodSpec {
  readonly method: RestoreMethod;
  /** The service that STOP_RESTORE_START and RESTORE_STOP_START stop and start. */
  readonly service?: string;
  /** A page or sentence for the person who restores. */
  readonly userProcedure?: string;
  readonly writerRestore: WriterRestore;
  readonly rebootRequired: boolean;
}

/** Names a component; with its type it is unique in a writer. */
export interface ComponentName {
  /** `\`-separated; undefined for none. A component is below the one whose full path is its logical path. */
  readonly logicalPath: string | undefined;
  readonly componentName: string;
}

/** One component of the writer metadata document. */
export interface ComponentMetadata extends ComponentName {
  readonly componentType: ComponentType;
  readonly caption?: string;
  /** The writer keeps private restore metadata. */
  readonly restoreMetadata: boolean;
  readonly notifyOnBackupComplete: boolean;
  /** May be chosen for a backup; otherwise it comes with its selectable ancestor, or always. */
  readonly selectable: boolean;
  readonly selectableForRestore: boolean;
  /** VSS_COMPONENT_FLAGS. */
  readonly componentFlags: number;
  /** Of a file group. */
  readonly fileGroupFiles: readonly FileSet[];
  /** Of a database. */
  readonly databaseFiles: readonly FileSet[];
  readonly databaseLogFiles: readonly FileSet[];
  readonly dependencies: readonly ComponentDependency[];
}

/** A component of another writer that must be backed up and restored together. */
export interface ComponentDependency {
  readonly writerId: string;
  readonly logicalPath: string | undefined;
  readonly componentName: string;
}

/** A whole writer metadata document. */
export interface WriterMetadata extends WriterIdentity {
  readonly instanceId: string;
  readonly restoreMethod: RestoreMethodSpec | undefined;
  /** A mask of `backupSchema`. */
  readonly backupSchema: number;
  /** They beat the files of components. */
  readonly excludeFiles: readonly FileSet[];
  readonly alternateLocations: readonly AlternateLocation[];
  readonly components: readonly ComponentMetadata[];
}

/** What `addComponent` of a writer takes; what is left out is: no caption, no flags, not notified, selectable in both. */
export interface NewComponent extends ComponentName {
  readonly componentType: ComponentType;
  readonly caption?: string;
  readonly restoreMetadata?: boolean;
  readonly notifyOnBackupComplete?: boolean;
  readonly selectable?: boolean;
  readonly selectableForRestore?: boolean;
  readonly componentFlags?: number;
}

/**
 * IVssCreateWriterMetadata: what `onIdentify` fills. Each call throws VSS_E_OBJECT_NOT_FOUND for a component that was not
 * added, VSS_E_OBJECT_ALREADY_EXISTS for a second one of the same type and name, INVALID_PARAMETER for what makes no sense,
 * and VSS_E_BAD_STATE after Identify.
 */
export interface CreateWriterMetadata {
  addComponent(component: NewComponent): void;
  /** Files of a FILEGROUP. */
  addFilesToFileGroup(group: ComponentName, files: FileSet): void;
  /** Files of a DATABASE. */
  addDatabaseFiles(database: ComponentName, files: FileSet): void;
  addDatabaseLogFiles(database: ComponentName, files: FileSet): void;
  addComponentDependency(of: ComponentName, on: ComponentDependency): void;
  addExcludeFiles(files: FileSet): void;
  /** `files` must equal a file set of a component. */
  addAlternateLocationMapping(files: AlternateLocation): void;
  setRestoreMethod(method: RestoreMethodSpec): void;
  setBackupSchema(mask: number): void;
}
