/**
 * The two ends of a move of the quorum: where the cluster lives now, and where it is to live. What `move-quorum.ts` needs of either,
 * whatever kind of quorum it is; `disk-end.ts` is a directory's, `etcd-end.ts` an etcd's.
 */
import type { Departure, Whereabouts } from "../../quorum/disk/moving.ts";
import type { PlaceLock } from "../../quorum/disk/place-lock.ts";
import type { VersionBytes } from "../../quorum/rules.ts";
import type { ClusterIdentity, Loaded, Proof, SnapshotImage } from "../../quorum/quorum.ts";

export type { Departure, Whereabouts };

/** One place that a quorum is moved from or to. Every call may be repeated after a crash. */
export interface QuorumEnd {
  /** "directory", "etcd". */
  readonly kind: string;
  readonly place: string;
  /** Keeps restores and other moves away. BUSY. "make": an empty place gets what it needs; "existing": one that is not there rejects. */
  lock(how: "make" | "existing"): Promise<PlaceLock>;
  /** The plan that was claimed here last: only the very place has it, not what is seen in its stead. */
  claimedBy(): Promise<string | undefined>;

  /** Where the cluster of this place is. */
  whereabouts(): Promise<Whereabouts>;
  /** From here on nobody is confirmed and nothing is acknowledged in this place. */
  seal(departure: Departure): Promise<void>;
  /** What this plan sealed is in force again. */
  unseal(plan: string): Promise<void>;
  /** What this plan sealed is out of force for good. */
  leave(plan: string): Promise<void>;
  /** All that the sealed generation holds: what was acknowledged is in it. */
  readSealed(generation: string): Promise<SealedQuorum>;

  /** Builds a generation that is not in force. */
  build(built: BuiltQuorum): Promise<void>;
  /** Reads it back. IO_DEVICE when it is not what was built. */
  verify(built: BuiltQuorum): Promise<void>;
  isInForce(identity: ClusterIdentity): Promise<boolean>;
  /** From here on it is never put in force, whatever a mover that died had sent; false when it is in force. */
  giveUp(identity: ClusterIdentity): Promise<boolean>;
  /** Puts it in force at once and as a whole. */
  putInForce(identity: ClusterIdentity): Promise<void>;
  /** Takes away what was built and is not in force. Never rejects: what is left harms nobody. */
  discard(identity: ClusterIdentity): Promise<void>;

  /** Why it can't be the new place, as a sentence; undefined when no cluster is or was there and it can hold one. */
  obstacle(): Promise<string | undefined>;
  /** Bytes that the generation in force takes; an estimate. */
  size(): Promise<number>;
  /** Bytes that are free; undefined when that is not known. */
  room(): Promise<number | undefined>;
  /** Puts something there that only who sees the very place can read. */
  leaveMark(mark: string): Promise<LeftMark>;
  /** Whether this process sees it and may write beside it; rejects with why not. */
  checkMark(at: string, mark: string): Promise<void>;
}

/** To be taken away when everybody has looked. */
export interface LeftMark {
  /** Where it is, for `checkMark`. */
  readonly at: string;
  remove(): Promise<void>;
}

/** What a sealed quorum holds. */
export interface SealedQuorum extends Loaded {
  readonly proofs: readonly Proof[];
  /** Every version file that is there. */
  readonly versions: readonly VersionBytes[];
}

/** What is built at the other end. */
export interface BuiltQuorum {
  readonly identity: ClusterIdentity;
  readonly image: SnapshotImage;
  readonly versions: readonly VersionBytes[];
}
