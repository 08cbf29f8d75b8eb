/** What every quorum checks about tags and names, and the failures that all of them share. */
import { fail } from "../base/errors.ts";
import type { Failure } from "../base/errors.ts";
import { isGuid } from "../base/guid.ts";
import type { ClusterIdentity, Loaded, LogRecord, Proof, SnapshotImage, VersionKind, VersionName } from "./quorum.ts";
import { formatTag } from "./tag.ts";
import type { Tag } from "./tag.ts";

const nothingWritten = "Nothing was written.";

/** The tag of the newest state in `loaded`. */
export function newestTag(loaded: Pick<Loaded, "snapshot" | "records">): Tag {
  return loaded.records.at(-1)?.tag ?? loaded.snapshot.tag;
}

/** The first image of a generation carries that generation and epoch 0: its first leader claims epoch 1. */
export function checkFirstImage(identity: ClusterIdentity, image: SnapshotImage): void {
  if (!isGuid(identity.instance) || !isGuid(identity.lineage)) {
    throw fail("INVALID_PARAMETER", {
      happened: `The instance ${identity.instance} or the lineage ${identity.lineage} is not a GUID.`,
      unchanged: nothingWritten,
    });
  }
  if (image.tag.generation === identity.generation && image.tag.epoch === 0) return;
  throw fail("INVALID_PARAMETER", {
    happened: `The first image of generation ${identity.generation} has the tag ${formatTag(image.tag)}.`,
    unchanged: nothingWritten,
    next: `Give it the tag ${identity.generation}:0:sequence.`,
  });
}

/** The image of a take over: same generation, the new epoch, a sequence that is not lower. */
export function checkRebuilt(loaded: Loaded, image: SnapshotImage, epoch: number): void {
  const before = newestTag(loaded);
  const { tag } = image;
  if (tag.generation === before.generation && tag.epoch === epoch && tag.sequence >= before.sequence) return;
  throw fail("INVALID_PARAMETER", {
    happened: `The image for epoch ${epoch} has the tag ${formatTag(tag)}; it follows ${formatTag(before)}.`,
    unchanged: nothingWritten,
  });
}

/** A record follows the one before it: same generation, the leader's epoch, the next sequence. */
export function checkNext(last: Tag, record: LogRecord): void {
  const { tag } = record;
  if (tag.generation === last.generation && tag.epoch === last.epoch && tag.sequence === last.sequence + 1) return;
  throw fail("INVALID_PARAMETER", {
    happened: `A record with the tag ${formatTag(tag)} can't follow ${formatTag(last)}.`,
    unchanged: nothingWritten,
  });
}

/** A snapshot stands for everything appended so far. */
export function checkSnapshot(last: Tag, image: SnapshotImage): void {
  if (formatTag(image.tag) === formatTag(last)) return;
  throw fail("INVALID_PARAMETER", {
    happened: `A snapshot with the tag ${formatTag(image.tag)} does not stand for ${formatTag(last)}, the newest update.`,
    unchanged: "The log and the snapshot before are unchanged.",
  });
}

/** CLUSTER_GUM_NOT_LOCKER: this holder does not lead any more; `why` completes "Epoch n is over: …". */
export function leadershipOver(epoch: number, why: string, cause?: unknown): Failure {
  return fail("CLUSTER_GUM_NOT_LOCKER", {
    happened: `Epoch ${epoch} is over: ${why}.`,
    unchanged: "Nothing was acknowledged.",
    next: "Ask the current leader.",
    cause,
  });
}

/** QUORUM_DISK_NOT_FOUND. */
export function noCluster(place: string): Failure {
  return fail("QUORUM_DISK_NOT_FOUND", {
    happened: `There is no cluster in the quorum ${place}, or its creation never finished.`,
    next: place.startsWith("etcd:")
      ? "Check endpoints and prefix; `clubar doctor` says what is there and which node has the newest copy."
      : "Check that its disk is mounted; `clubar doctor` says what is there and which node has the newest copy.",
  });
}

/** OBJECT_ALREADY_EXISTS. */
export function clusterExists(place: string): Failure {
  return fail("OBJECT_ALREADY_EXISTS", {
    happened: `There is a cluster in the quorum ${place} already.`,
    unchanged: "It was left as it is.",
    next: "Join it, or choose an empty place.",
  });
}

/** `1-<lineage>` */
export function generationName(identity: Pick<ClusterIdentity, "generation" | "lineage">): string {
  return `${identity.generation}-${identity.lineage}`;
}

/** INVALID_STATE unless the identity is newer than the generation in force, whose name is `before`. */
export function checkNewer(
  place: string,
  before: string | undefined,
  identity: Pick<ClusterIdentity, "generation" | "lineage">,
): void {
  if (before === undefined || Number.parseInt(before, 10) < identity.generation) return;
  throw fail("INVALID_STATE", {
    happened: `The quorum ${place} is at generation ${before}; generation ${generationName(identity)} is not newer.`,
    unchanged: "The quorum is as it was.",
    next: "Restore with a generation above every one that was ever seen.",
  });
}

/** FILE_NOT_FOUND. */
export function noVersion(place: string, version: VersionName): Failure {
  return fail("FILE_NOT_FOUND", {
    happened: `The checkpoint file ${versionFolder(version.resource)}/${versionFile(version)} is not in ${place}.`,
  });
}

/** Rejects a resource that is no GUID: it becomes a folder's name. */
export function checkResource(resource: string): void {
  if (isGuid(resource)) return;
  throw fail("INVALID_PARAMETER", {
    happened: `The resource "${resource}" is not a GUID in lower case without braces.`,
    unchanged: nothingWritten,
  });
}

/** Rejects names that could not be one part of a path. */
export function checkProof(proof: Proof): void {
  if (/^[0-9]+$/.test(proof.node) && /^[0-9A-Za-z-]+$/.test(proof.incarnation)) return;
  throw fail("INVALID_PARAMETER", {
    happened: `A proof of node "${proof.node}", incarnation "${proof.incarnation}" has no proper name.`,
    unchanged: nothingWritten,
  });
}

/** `{0f8c…}` */
export function versionFolder(resource: string): string {
  return `{${resource}}`;
}

/** `0000000a.CPT`: the number in hexadecimal. */
export function versionFile(version: Pick<VersionName, "number" | "kind">): string {
  return `${version.number.toString(16).padStart(8, "0")}.${version.kind}`;
}

/** Of one resource, no two have the same number. */
export const versionKinds: readonly VersionKind[] = ["CPT", "CPR", "CPD"];

/** undefined when a file's name is no version's. */
export function parseVersionFile(resource: string, name: string): VersionName | undefined {
  const match = /^([0-9a-f]{8})\.([A-Z]{3})$/.exec(name);
  const kind = versionKinds.find((one) => one === match?.[2]);
  return kind === undefined ? undefined : { resource, number: Number.parseInt(match?.[1] ?? "", 16), kind };
}

/** A checkpoint version that a new generation starts with; `name` as in a backup set: `{GUID}/0000000n.CPT`. */
export interface VersionBytes {
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** Fails with INVALID_PARAMETER: the name may come from a backup set that somebody made by hand. */
export function parseVersionPath(name: string): VersionName {
  const match = /^\{([0-9a-f-]{36})\}\/([^/]+)$/.exec(name);
  const resource = match?.[1] ?? "";
  const version = isGuid(resource) ? parseVersionFile(resource, match?.[2] ?? "") : undefined;
  if (version !== undefined) return version;
  throw fail("INVALID_PARAMETER", {
    happened: `"${name}" is not the name of a checkpoint file.`,
    unchanged: "The quorum is as it was.",
  });
}
