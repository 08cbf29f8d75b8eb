/** The content of one generation in memory, and the switch to the next one. */
import { checkFirstImage, leadershipOver, parseVersionPath, versionFile } from "../rules.ts";
import type { VersionBytes } from "../rules.ts";
import type { Claim, ClusterIdentity, LogRecord, SnapshotImage } from "../quorum.ts";
import type { MemoryStore } from "./store.ts";

/** A snapshot and the updates after it, opened by one epoch. */
export interface MemoryLog {
  readonly epoch: number;
  readonly snapshot: SnapshotImage;
  readonly records: LogRecord[];
}

/** What a generation folder holds, as values. */
export interface MemoryGeneration {
  readonly identity: ClusterIdentity;
  /** By epoch; the holders that gave their lock back are in `resigned`. */
  readonly claims: Map<number, Claim>;
  readonly resigned: Set<number>;
  readonly counters: Map<number, number>;
  /** The newest log of each epoch. */
  readonly logs: Map<number, MemoryLog>;
  /** `node.incarnation`. */
  readonly proofs: Set<string>;
  /** Resource → file name → content. */
  readonly versions: Map<string, Map<string, Uint8Array>>;
}

/** A generation that nobody has led; fails with INVALID_PARAMETER on a wrong tag. */
export function newGeneration(identity: ClusterIdentity, image: SnapshotImage): MemoryGeneration {
  checkFirstImage(identity, image);
  return {
    identity,
    claims: new Map(),
    resigned: new Set(),
    counters: new Map(),
    logs: new Map([[0, { epoch: 0, snapshot: image, records: [] }]]),
    proofs: new Set(),
    versions: new Map(),
  };
}

/** The highest epoch claimed; 0 before the first. */
export function currentEpoch(generation: MemoryGeneration): number {
  return Math.max(0, ...generation.claims.keys());
}

/** The newest log of an epoch below `epoch`; one always exists (epoch 0's). */
export function newestLogBelow(generation: MemoryGeneration, epoch: number): MemoryLog {
  const epochs = [...generation.logs.keys()].filter((each) => each < epoch);
  const log = generation.logs.get(Math.max(...epochs));
  if (log === undefined) throw leadershipOver(epoch, "there is no log of an older epoch");
  return log;
}

/** Replaces the store's content by a new generation, as a restore does (docs/safety.md §5.4). */
export function switchMemoryStore(
  store: MemoryStore,
  identity: ClusterIdentity,
  image: SnapshotImage,
  versions: Iterable<VersionBytes> = [],
): void {
  const next = newGeneration(identity, image);
  for (const { name, bytes } of versions) {
    const version = parseVersionPath(name);
    const files = next.versions.get(version.resource) ?? new Map<string, Uint8Array>();
    files.set(versionFile(version), bytes);
    next.versions.set(version.resource, files);
  }
  store.current = next;
}
