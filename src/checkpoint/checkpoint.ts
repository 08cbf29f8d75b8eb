/**
 * Checkpoints: stored, numbered copies of the registry keys, key containers and folders that a resource's application needs, put in place
 * on whatever node the resource comes online (facts §3). The rules are docs/safety.md §3.
 */
import type { ErrorName } from "../base/errors.ts";
import type { Database } from "../database/database.ts";
import type { Log } from "../base/log.ts";
import type { Outside } from "../base/outside.ts";
import type { CheckpointVersions } from "../quorum/quorum.ts";
import type { Tag } from "../quorum/tag.ts";
import type { KeyContainers } from "../registry/key-containers.ts";
import type { Registry } from "../registry/registry.ts";
import type { DiffTree } from "../tree/diff-tree.ts";
import type { DirectoryFilter } from "./directory-filter.ts";
import type { CheckpointKind } from "./names.ts";

export type { DirectoryFilter } from "./directory-filter.ts";
export type { CheckpointKind } from "./names.ts";
export { createCheckpoints } from "./engine.ts";

/** One version of a checkpoint, as the database names it. */
export interface Checkpoint {
  readonly kind: CheckpointKind;
  /** Below HKEY_LOCAL_MACHINE, or `Type\Name\Key`, or that of a folder or file: absolute, or below `%NodeData%/apps`. */
  readonly path: string;
  /** A number of the resource, never used twice. */
  readonly number: number;
  /** SHA-256 of the file's bytes, lower-case hexadecimal; "" when the database has none (written by another program). */
  readonly fileDigest: string;
  /** Two versions with the same content digest are the same settings (docs/formats/content-digest.md); "" as above. */
  readonly contentDigest: string;
  /** Bytes of the file. */
  readonly size: number;
  /** Wall time in milliseconds of the commit. */
  readonly time: number;
  /** Number of the checkpoint's first version: one that was removed and added again is another. Undefined in older databases. */
  readonly since?: number;
  /** Of a directory: what of it is taken. */
  readonly filter?: DirectoryFilter;
  /** Its file was deleted on purpose (`withdraw`) and it is not re-created yet: it counts as lost, whatever lies under its number. */
  readonly withdrawn?: true;
}

/** Live content that a restored version overwrote and that no version had kept. */
export interface Loser {
  readonly kind: CheckpointKind;
  readonly path: string;
  /** Where what was overwritten is kept on this node; undefined when it could not be read (a key that may not be exported). */
  readonly file: string | undefined;
}

/** What putting the checkpoints of one resource in place did. */
export interface RestoreReport {
  /** What was different and was put in place. */
  readonly placed: readonly Checkpoint[];
  /** What was in place already; nothing was written. */
  readonly equal: readonly Checkpoint[];
  readonly losers: readonly Loser[];
  /** What could not be put in place although the resource comes online (CheckpointFailureAction). */
  readonly skipped: readonly Skipped[];
  /** `skipped` in a sentence, with the documented events; "" when there is none. */
  readonly notice: string;
}

/** A checkpoint that was left as it is live. */
export interface Skipped {
  readonly checkpoint: Checkpoint;
  /** 1024 for settings, 1121 for key containers. */
  readonly event: 1024 | 1121;
  readonly why: string;
}

/** What the last capture before a resource goes offline did, by path. */
export interface CaptureReport {
  /** Paths that were captured, or already were. */
  readonly captured: readonly string[];
  readonly failed: readonly { readonly path: string; readonly why: string }[];
}

/** In which state a version's file was found: "damaged" is torn or no version at all, "stale" whole but not what the database names. */
export type FileState = "whole" | "lost" | "damaged" | "stale" | "withdrawn" | "not read";

/** What re-creating one checkpoint did, or would do when it was only planned. */
export interface RecreateLine {
  readonly kind: CheckpointKind;
  readonly path: string;
  /** The current version before, and now. */
  readonly before: number;
  readonly number: number;
  /** "withdrawn": its files are deleted, and it is to be re-created. */
  readonly result: "re-created" | "same" | "withdrawn" | "failed";
  /** Of the version before. */
  readonly file: FileState;
  readonly sentence: string;
  /** Where the old file is kept on the owning node. */
  readonly aside?: string;
  /** Why it failed. */
  readonly error?: { readonly name: ErrorName; readonly win32: number; readonly exit: number; readonly next: string };
  /** Of a plan: what the live content has otherwise than the file, when both are trees. */
  readonly differences?: DiffTree;
}

/** What to re-create; all checkpoints of the resource unless `kind` and `path` say which. */
export interface RecreateOptions {
  readonly kind?: CheckpointKind;
  readonly path?: string;
  /** Only say what would be done. */
  readonly plan?: boolean;
  /** Only when this owner has the newest settings: REFUSED_FOR_SAFETY otherwise. */
  readonly newest?: boolean;
}

/** A change that is not committed yet. */
export interface Pending {
  readonly resource: string;
  readonly kind: CheckpointKind;
  readonly path: string;
  /** A sentence. */
  readonly why: string;
}

/**
 * "lost": no file (also deleted on purpose); "damaged": torn or no checkpoint at all; "stale": a checkpoint, but not the one that the
 * database names; "drift": whole, but the live content differs.
 */
export type AuditResult = "ok" | "lost" | "damaged" | "stale" | "drift" | "not checked";

/** Something kept on a node when it was replaced; all of it may be removed at any time. */
export interface SideCopy {
  /** Id of the resource. */
  readonly resource: string;
  readonly kind: CheckpointKind;
  readonly path: string;
  /** Of live settings: the version that replaced them; of a version's file: its own. */
  readonly number: number;
  /** Wall time in milliseconds. */
  readonly time: number;
  /** Absolute path on that node. */
  readonly file: string;
  readonly why: string;
}

/** What an audit says of one checkpoint. */
export interface AuditLine {
  readonly checkpoint: Checkpoint;
  readonly result: AuditResult;
  /** What was found and what follows from it, for people. */
  readonly sentence: string;
}

/** Which settings were just changed; only their checkpoints are waited for. */
export interface Changed {
  readonly kind: CheckpointKind;
  readonly path: string;
}

/** Of `add`. */
export interface AddOptions {
  /** Although another resource has it. */
  readonly force?: boolean;
  /** Of a directory; all of it, up to 64 MiB, unless given. */
  readonly filter?: Partial<DirectoryFilter>;
}

/** What `add` did. */
export interface Added {
  readonly tag: Tag;
  /** Sentences about what of a directory is not taken; empty for others. */
  readonly notes: readonly string[];
}

/**
 * The checkpoints of one node. `resource` is a resource's id. Calls that write reject with HOST_NODE_NOT_RESOURCE_OWNER on a node that
 * does not own the resource's group, RESOURCE_NOT_FOUND, and OUTCOME_UNKNOWN when no leader answered in time.
 */
export interface Checkpoints {
  /**
   * Captured at once. INVALID_PARAMETER for a path that can't be checkpointed, ALREADY_EXISTS (also when another resource has the same
   * path, or a resource of another group an overlapping one, unless `force`), FILE_NOT_FOUND without such a key, NTE_BAD_KEYSET without
   * such a container, NTE_BAD_KEY when it may not be exported. Of a directory: BAD_PATHNAME when it can't be replaced as a whole,
   * MORE_DATA above its size, ACCESS_DENIED, BUSY when it does not stand still.
   */
  add(resource: string, kind: CheckpointKind, path: string, options?: AddOptions): Promise<Added>;
  /** FILE_NOT_FOUND when it is not checkpointed. The key itself stays as it is. */
  remove(resource: string, kind: CheckpointKind, path: string): Promise<Tag>;
  /** What the database of this node says, on any node: the current version of each, by number. */
  list(resource: string): readonly Checkpoint[];
  /** All versions that are kept of one checkpoint, the newest last. */
  history(resource: string, kind: CheckpointKind, path: string): readonly Checkpoint[];
  /**
   * Before the resource comes online: the newest version of each checkpoint is verified, then all of them are put in place, or none.
   * Rejects with FILE_NOT_FOUND (a file is lost) or INVALID_DATA (damaged) and the resource must not come online, unless its
   * CheckpointFailureAction lets it: by default only on the node that has the newest settings, with those.
   */
  restoreBeforeOnline(resource: string): Promise<RestoreReport>;
  /** The resource is online under this ownership generation: every change becomes a new version. */
  begin(resource: string, ownershipGeneration: number): void;
  /** Captures what is not captured yet of a resource that is online, before it goes offline and before a backup. Nothing for others. */
  captureNow(resource: string): Promise<CaptureReport>;
  /** The resource is no longer online. What changed before this call is still captured. */
  end(resource: string): void;
  /**
   * Resolves when everything that was changed before this call is committed, but does not wait for contents above 1 MiB (`pending`).
   * Rejects when a version could not be committed: the change is made on this node, and its capture goes on or is reported by `pending`.
   * `running`: ids of resources that run here; one that nobody watches any more makes it reject too (docs/safety.md §3.6).
   */
  settled(changed?: Changed, running?: readonly string[]): Promise<void>;
  pending(): readonly Pending[];
  /** The content of an older version becomes a new version, and is put in place when the resource is online. FILE_NOT_FOUND. */
  revert(resource: string, path: string, number: number): Promise<Tag>;
  /**
   * Captures what is on this node, the owner, whether the resource is online or not, and makes it the new version, even of a checkpoint
   * whose file is lost: the Cluster Recovery Utility's "Restore cluster resource checkpoints" (facts §5.1).
   */
  recreate(resource: string, options?: RecreateOptions): Promise<readonly RecreateLine[]>;
  /**
   * Deletes the files of all versions of checkpoints whose live content could be captured, in one update: until each is re-created, the
   * resource comes online only on this node. Files are kept aside first. With `plan` nothing is changed.
   */
  withdraw(resource: string, options?: RecreateOptions): Promise<readonly RecreateLine[]>;
  /** Compares files with the database, and on the owner with what is live. Changes nothing. */
  audit(resource: string): Promise<readonly AuditLine[]>;
  /** One step of looking for settings on this node that the next online here replaces; to be called about every second. */
  lookForEdits(): Promise<void>;
  /** What was kept on this node, the newest first; of all resources unless one is given. */
  sideCopies(resource?: string): Promise<readonly SideCopy[]>;
  /** Ends all watching without a last capture: this life of the node is over. */
  close(): void;
}

/** What checkpoints use of a node's key containers. */
export type ContainerStore = Pick<KeyContainers, "exportContainer" | "importContainer" | "delete" | "watch">;

/** What the checkpoints of a node are made from. */
export interface CheckpointParts {
  readonly outside: Outside;
  readonly database: Database;
  readonly registry: Registry;
  readonly keys: ContainerStore;
  readonly versions: CheckpointVersions;
  readonly log: Log;
  /** The node's data folder; what is overwritten is kept in `losers/` in it. */
  readonly folder: string;
  /** Milliseconds between the beginnings of two captures of one checkpoint; 200 unless given. */
  readonly interval?: number;
}
