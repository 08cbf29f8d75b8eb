/** The enumerations of vss.h, vswriter.h and vsbackup.h: documented names without their prefix, documented values. */

/** VSS_RESTOREMETHOD_ENUM: how a writer wants its files to come back. */
export const restoreMethod = {
  UNDEFINED: 0,
  RESTORE_IF_NOT_THERE: 1,
  RESTORE_IF_CAN_REPLACE: 2,
  /** PreRestore, stop the service, restore, start it, PostRestore. */
  STOP_RESTORE_START: 3,
  RESTORE_TO_ALTERNATE_LOCATION: 4,
  RESTORE_AT_REBOOT: 5,
  RESTORE_AT_REBOOT_IF_CANNOT_REPLACE: 6,
  CUSTOM: 7,
  /** PreRestore, restore, PostRestore, stop the service, start it. */
  RESTORE_STOP_START: 8,
} as const;

/** VSS_WRITERRESTORE_ENUM: whether the writer gets PreRestore and PostRestore. */
export const writerRestore = { UNDEFINED: 0, NEVER: 1, IF_REPLACE_FAILS: 2, ALWAYS: 3 } as const;

/** VSS_WRITER_STATE. */
export const writerState = {
  UNKNOWN: 0,
  STABLE: 1,
  WAITING_FOR_FREEZE: 2,
  WAITING_FOR_THAW: 3,
  WAITING_FOR_POST_SNAPSHOT: 4,
  WAITING_FOR_BACKUP_COMPLETE: 5,
  FAILED_AT_IDENTIFY: 6,
  FAILED_AT_PREPARE_BACKUP: 7,
  FAILED_AT_PREPARE_SNAPSHOT: 8,
  FAILED_AT_FREEZE: 9,
  FAILED_AT_THAW: 10,
  FAILED_AT_POST_SNAPSHOT: 11,
  FAILED_AT_BACKUP_COMPLETE: 12,
  FAILED_AT_PRE_RESTORE: 13,
  FAILED_AT_POST_RESTORE: 14,
  FAILED_AT_BACKUPSHUTDOWN: 15,
} as const;

/** VSS_SNAPSHOT_STATE. */
export const snapshotState = {
  UNKNOWN: 0,
  PREPARING: 1,
  PROCESSING_PREPARE: 2,
  PREPARED: 3,
  PROCESSING_PRECOMMIT: 4,
  PRECOMMITTED: 5,
  PROCESSING_COMMIT: 6,
  COMMITTED: 7,
  PROCESSING_POSTCOMMIT: 8,
  PROCESSING_PREFINALCOMMIT: 9,
  PREFINALCOMMITTED: 10,
  PROCESSING_POSTFINALCOMMIT: 11,
  CREATED: 12,
  ABORTED: 13,
  DELETED: 14,
  POSTCOMMITTED: 15,
} as const;

/** VSS_BACKUP_TYPE. */
export const backupType = {
  UNDEFINED: 0,
  FULL: 1,
  INCREMENTAL: 2,
  DIFFERENTIAL: 3,
  LOG: 4,
  COPY: 5,
  OTHER: 6,
} as const;

/** VSS_RESTORE_TYPE; writers treat UNDEFINED as BY_COPY. */
export const restoreType = { UNDEFINED: 0, BY_COPY: 1, IMPORT: 2, OTHER: 3 } as const;

/** VSS_COMPONENT_TYPE. */
export const componentType = { UNDEFINED: 0, DATABASE: 1, FILEGROUP: 2 } as const;

/** VSS_USAGE_TYPE: what a writer's data is for. */
export const usageType = { UNDEFINED: 0, BOOTABLESYSTEMSTATE: 1, SYSTEMSERVICE: 2, USERDATA: 3, OTHER: 4 } as const;

/** VSS_SOURCE_TYPE: what keeps a writer's data. */
export const sourceType = { UNDEFINED: 0, TRANSACTEDDB: 1, NONTRANSACTEDDB: 2, OTHER: 3 } as const;

/** VSS_RESTORE_TARGET: where files are to be restored. */
export const restoreTarget = { UNDEFINED: 0, ORIGINAL: 1, ALTERNATE: 2, DIRECTED: 3, ORIGINAL_LOCATION: 4 } as const;

/** VSS_FILE_RESTORE_STATUS. */
export const fileRestoreStatus = { UNDEFINED: 0, NONE: 1, ALL: 2, FAILED: 3 } as const;

/** VSS_OBJECT_TYPE. */
export const objectType = { UNKNOWN: 0, NONE: 1, SNAPSHOT_SET: 2, SNAPSHOT: 3, PROVIDER: 4 } as const;

/** VSS_PROVIDER_TYPE. */
export const providerType = { UNKNOWN: 0, SYSTEM: 1, SOFTWARE: 2, HARDWARE: 3, FILESHARE: 4 } as const;

/** VSS_APPLICATION_LEVEL: front ends freeze first, the system last. */
export const applicationLevel = { UNKNOWN: 0, SYSTEM: 1, BACK_END: 2, FRONT_END: 3, SYSTEM_RM: 4, AUTO: -1 } as const;

/** VSS_BACKUP_SCHEMA: a mask of what a writer can do. */
export const backupSchema = {
  UNDEFINED: 0,
  DIFFERENTIAL: 0x1,
  INCREMENTAL: 0x2,
  EXCLUSIVE_INCREMENTAL_DIFFERENTIAL: 0x4,
  LOG: 0x8,
  COPY: 0x10,
  TIMESTAMPED: 0x20,
  LAST_MODIFY: 0x40,
  LSN: 0x80,
  WRITER_SUPPORTS_NEW_TARGET: 0x100,
  WRITER_SUPPORTS_RESTORE_WITH_MOVE: 0x200,
  INDEPENDENT_SYSTEM_STATE: 0x400,
  ROLLFORWARD_RESTORE: 0x1000,
  RESTORE_RENAME: 0x2000,
  AUTHORITATIVE_RESTORE: 0x4000,
  WRITER_SUPPORTS_PARALLEL_RESTORES: 0x8000,
} as const;

/** VSS_VOLUME_SNAPSHOT_ATTRIBUTES: a mask. */
export const snapshotAttributes = {
  PERSISTENT: 0x1,
  NO_AUTORECOVERY: 0x2,
  CLIENT_ACCESSIBLE: 0x4,
  NO_AUTO_RELEASE: 0x8,
  NO_WRITERS: 0x10,
  TRANSPORTABLE: 0x20,
  NOT_SURFACED: 0x40,
  NOT_TRANSACTED: 0x80,
  HARDWARE_ASSISTED: 0x10000,
  DIFFERENTIAL: 0x20000,
  PLEX: 0x40000,
  IMPORTED: 0x80000,
  EXPOSED_LOCALLY: 0x100000,
  EXPOSED_REMOTELY: 0x200000,
  AUTORECOVER: 0x400000,
  ROLLBACK_RECOVERY: 0x800000,
  DELAYED_POSTSNAPSHOT: 0x1000000,
  TXF_RECOVERY: 0x2000000,
  FILE_SHARE: 0x4000000,
} as const;

/** VSS_SNAPSHOT_CONTEXT: the masks of attributes that `setContext` takes. */
export const snapshotContext = {
  BACKUP: 0,
  FILE_SHARE_BACKUP: 0x10,
  NAS_ROLLBACK: 0x19,
  APP_ROLLBACK: 0x9,
  CLIENT_ACCESSIBLE: 0x1d,
  CLIENT_ACCESSIBLE_WRITERS: 0xd,
  /** For queries and deletions only. */
  ALL: 0xffffffff,
} as const;

type ValueOf<T> = T[keyof T];

/** A value of `restoreMethod`. */
export type RestoreMethod = ValueOf<typeof restoreMethod>;
/** A value of `writerRestore`. */
export type WriterRestore = ValueOf<typeof writerRestore>;
/** A value of `writerState`. */
export type WriterState = ValueOf<typeof writerState>;
/** A value of `snapshotState`. */
export type SnapshotState = ValueOf<typeof snapshotState>;
/** A value of `backupType`. */
export type BackupType = ValueOf<typeof backupType>;
/** A value of `restoreType`. */
export type RestoreType = ValueOf<typeof restoreType>;
/** A value of `componentType`. */
export type ComponentType = ValueOf<typeof componentType>;
/** A value of `usageType`. */
export type UsageType = ValueOf<typeof usageType>;
/** A value of `sourceType`. */
export type SourceType = ValueOf<typeof sourceType>;
/** A value of `restoreTarget`. */
export type RestoreTarget = ValueOf<typeof restoreTarget>;
/** A value of `fileRestoreStatus`. */
export type FileRestoreStatus = ValueOf<typeof fileRestoreStatus>;
/** A value of `objectType`. */
export type ObjectType = ValueOf<typeof objectType>;
/** A value of `providerType`. */
export type ProviderType = ValueOf<typeof providerType>;
/** A value of `applicationLevel`. */
export type ApplicationLevel = ValueOf<typeof applicationLevel>;

/** The documented name of a value: `nameOf(writerState, 3)` is WAITING_FOR_THAW; the number itself for an unknown one. */
export function nameOf(enumeration: Readonly<Record<string, number>>, value: number): string {
  return Object.entries(enumeration).find(([, each]) => each === value)?.[0] ?? String(value);
}
