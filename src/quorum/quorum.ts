/**
 * The seam to the place where the truth lives and where one leader is elected. Implementations: `memory/` (tests,
 * simulation), `disk/` (a directory that all nodes share), later `etcd/`; all pass `test/conformance/quorum.ts`.
 *
 * The rules that these calls carry are docs/safety.md §1 and §3. Every call may reject with an `OutsideError`
 * (the store failed; nothing may be concluded) or a `Failure` of the error table.
 */
import type { Tag } from "./tag.ts";

/** One process' handle of a quorum. */
export interface Quorum {
  /** "directory", "memory", "etcd". */
  readonly kind: string;
  /** Where it is, for people: an absolute path, a list of endpoints. */
  readonly place: string;

  /** The cluster that lives here; undefined when none was ever created (or its creation never finished). */
  identity(): Promise<ClusterIdentity | undefined>;
  /** Makes a new cluster whose database is `image`. All of it or nothing; fails with 5010 OBJECT_ALREADY_EXISTS when one is there. */
  create(identity: ClusterIdentity, image: SnapshotImage): Promise<void>;

  /** The highest claim; undefined before the first. Also the claim's process answers at `endpoint`. */
  leader(): Promise<Claim | undefined>;
  /** True when the claim's holder has certainly died (its lock is free). False says nothing. */
  holderDied(epoch: number): Promise<boolean>;
  /** The value that the epoch's leader last wrote with `confirm`; 0 before the first. */
  counter(epoch: number): Promise<number>;
  /**
   * All that whoever watches a claim wants to know, in one question: `leader`, and of this claim's epoch `counter` and `holderDied`. What
   * is told of the epoch counts only while `leader` is that claim. `glance`: as long as the counter moves between two glances, which
   * it does not for long under a newer claim or without its holder, everything else may be what the last look showed.
   */
  look(claim: Claim, glance?: boolean): Promise<Look>;
  /**
   * Takes epoch `after + 1` exclusively; undefined when somebody else took it first.
   * `after` is the epoch of `leader()`, 0 when there is none.
   */
  claim(after: number, who: ClaimWho): Promise<Leadership | undefined>;
  /**
   * Writes the counter of `epoch`, then reads the current epoch: true when `epoch` is still the highest. The permits'
   * confirmation; called by the leader's host process, not by its service.
   */
  confirm(epoch: number): Promise<boolean>;

  /** The newest snapshot and the updates after it. Read-only; may be behind a leader that is writing. */
  load(): Promise<Loaded>;
  /** Lets go of what stays open from one call to the next; the handle may be used on. Absent: nothing does. */
  letGo?(): Promise<void>;

  /** What hosts wrote about themselves. */
  readonly proofs: Proofs;
  /** Checkpoint versions of resources. */
  readonly versions: CheckpointVersions;
  /** On which key the nodes agreed; absent where nothing is sealed. */
  readonly sealing?: Sealing | undefined;
}

/** What a look at a claim showed. */
export interface Look {
  readonly leader: Claim | undefined;
  readonly counter: number;
  readonly holderDied: boolean;
}

/** The key that seals what the quorum must not hold in the clear. */
export interface SealingKey {
  /** Its id. */
  readonly key: string;
  /** How many nodes had been evicted when it was made; -1 for the one that a generation was built with. */
  readonly evictions: number;
}

/** From an agreement on, no version is written under another key, by whomever. */
export interface Sealing {
  /** undefined: none in the generation in force. */
  agreed(): Promise<SealingKey | undefined>;
  /** False when it is not `before` any more. */
  agree(next: SealingKey, before: SealingKey | undefined): Promise<boolean>;
}

/** Which cluster and which of its histories lives in a quorum. */
export interface ClusterIdentity {
  readonly name: string;
  /** ClusterInstanceID: a GUID, lower case, no braces. */
  readonly instance: string;
  /** Grows with every authoritative restore. */
  readonly generation: number;
  /** A GUID made with each generation: equal counter and other lineage means two histories. */
  readonly lineage: string;
}

/** Who claims an epoch and where to reach it. */
export interface ClaimWho {
  /** Node id (decimal). */
  readonly node: string;
  /** The service incarnation that claims. */
  readonly incarnation: string;
  /** Where the leader's service answers other nodes. */
  readonly endpoint: string;
  /** Where the leader's host answers permit renewals. */
  readonly hostEndpoint: string;
}

/** An epoch that was taken. */
export interface Claim extends ClaimWho {
  readonly epoch: number;
}

/** An image of the database as a registry hive with the tag it stands for. */
export interface SnapshotImage {
  readonly tag: Tag;
  readonly hive: Uint8Array;
}

/** One update as the log keeps it; `body` is opaque here (`database/update.ts` knows it). */
export interface LogRecord {
  readonly tag: Tag;
  /** Wall time in milliseconds. */
  readonly time: number;
  readonly body: Uint8Array;
}

/** The state that a quorum holds: an image and the updates after it. */
export interface Loaded {
  readonly identity: ClusterIdentity;
  readonly snapshot: SnapshotImage;
  /** In order, without gaps, all newer than the snapshot. */
  readonly records: readonly LogRecord[];
}

/** What the holder of an epoch may do. After any rejection, "outcome unknown" or `false` it is over: nothing is tried again. */
export interface Leadership {
  readonly epoch: number;
  /**
   * Reads the state and opens this epoch's own snapshot and log; to be called once, first. `rebuild` turns what was
   * loaded into the image of the new snapshot (same content, tag `generation:epoch:sequence` with the new epoch).
   */
  takeOver(rebuild: (loaded: Loaded) => SnapshotImage): Promise<Loaded>;
  /**
   * Appends, fsyncs, then reads the current epoch. "acknowledged": durable and still leader. "unknown": durable or not,
   * another epoch exists; step down. Concurrent calls are written as one group, in call order.
   */
  append(record: LogRecord): Promise<"acknowledged" | "unknown">;
  /** Bytes in the log since the newest snapshot. */
  logSize(): number;
  /** Writes a new snapshot and an empty log in its place. The image must stand for everything appended so far. */
  snapshot(image: SnapshotImage): Promise<void>;
  /** Removes the file of a version that the database marked deleted, and files that nothing names. Only the leader. */
  deleteVersion(version: VersionName): Promise<void>;
  /** Removes proofs that the leader has used. */
  deleteProof(proof: Proof): Promise<void>;
  /** Gives the lock back, so that others see at once that this holder is gone. */
  resign(): Promise<void>;
}

/** A host's word that it stopped everything and starts nothing more (docs/safety.md §2.3). */
export interface Proof {
  readonly node: string;
  /** Host incarnation. */
  readonly incarnation: string;
}

/** The proofs that hosts wrote. */
export interface Proofs {
  /** Durable when it resolves. */
  write(proof: Proof): Promise<void>;
  list(): Promise<readonly Proof[]>;
}

/** Endings of version files: of a registry key, a key container, a directory. */
export type VersionKind = "CPT" | "CPR" | "CPD";

/** Names one stored checkpoint version. */
export interface VersionName {
  /** Resource GUID, lower case, no braces. */
  readonly resource: string;
  /** 1 … 0xFFFFFFFF; a number of the resource, never used twice. */
  readonly number: number;
  readonly kind: VersionKind;
}

/** The stored checkpoint versions; immutable files. */
export interface CheckpointVersions {
  /** Commits bytes under the next free number ≥ `atLeast`; durable when it resolves, named by nothing yet. */
  put(resource: string, kind: VersionKind, atLeast: number, bytes: Uint8Array): Promise<VersionName>;
  /** Rejects with 2 FILE_NOT_FOUND when there is no such file. */
  read(version: VersionName): Promise<Uint8Array>;
  list(resource: string): Promise<readonly VersionName[]>;
  /** Resources that have files here. */
  resources(): Promise<readonly string[]>;
}
