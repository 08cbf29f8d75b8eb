/** Committing a version: the file first, then the update that names it (docs/safety.md §3.2). */
import { fail, Failure } from "../base/errors.ts";
import { sha256Aside } from "../base/digest.ts";
import { newGuid } from "../base/guid.ts";
import type { Change } from "../database/change.ts";
import type { Evidence } from "../database/update.ts";
import type { VersionName } from "../quorum/quorum.ts";
import type { Tag } from "../quorum/tag.ts";
import type { Key } from "../tree/key.ts";
import { isOwnership, type Ownership } from "../database/ownership.ts";
import { commitChange, lastOwnerChange, removeChange, withdrawChange } from "./changes.ts";
import type { Checkpoint, CheckpointParts } from "./checkpoint.ts";
import type { Content } from "./content.ts";
import type { DirectoryFilter } from "./directory-filter.ts";
import { type CheckpointKind, fileKind, filterOf, titleOf } from "./names.ts";
import { findCurrent, noResource, readRecords, type ResourceRecords } from "./records.ts";

/** What a node holds of a resource while it writes. */
export interface Held {
  readonly resource: string;
  readonly ownershipGeneration: number;
  /** The life of this service in which it was given. */
  readonly incarnation: string;
}

/** A version that the database names since the update `tag`. */
export interface Committed {
  readonly tag: Tag;
  readonly checkpoint: Checkpoint;
}

/** A refusal that is no loss of ownership means that this node's copy was behind: it is tried again as it catches up. */
const attempts = 12;
const longestPause = 250;
/** What the leader's look at the evidence ends with (`verifyEvidence`). */
const unproven: readonly string[] = ["FILE_NOT_FOUND", "INVALID_DATA"];

type Parts = Pick<CheckpointParts, "outside" | "database" | "versions" | "log">;

/** What the database of this node says while this node holds the resource; HOST_NODE_NOT_RESOURCE_OWNER, RESOURCE_NOT_FOUND. */
export function requireOwned(parts: Parts, held: Held): { readonly tree: Key; readonly records: ResourceRecords } {
  const tree = parts.database.tree();
  const records = readRecords(tree, held.resource);
  if (records === undefined) throw noResource(held.resource);
  const { group } = records;
  const { node, incarnation } = parts.database.self;
  const isHeld = group?.owner === node && group.ownershipGeneration === held.ownershipGeneration;
  if (isHeld && held.incarnation === incarnation) return { tree, records };
  throw notOwner(records, parts.database.self.node);
}

/** What this node holds now. */
export function holdNow(parts: Parts, resource: string): Held {
  const records = readRecords(parts.database.tree(), resource);
  if (records === undefined) throw noResource(resource);
  if (records.group?.owner !== parts.database.self.node) throw notOwner(records, parts.database.self.node);
  const { incarnation } = parts.database.self;
  return { resource: records.id, ownershipGeneration: records.group.ownershipGeneration, incarnation };
}

function notOwner(records: ResourceRecords, self: string): Failure {
  const owner = records.group?.owner;
  return fail("HOST_NODE_NOT_RESOURCE_OWNER", {
    happened: `Resource "${records.name}" ${owner === self ? "was placed anew on" : "is not owned by"} this node (${self}).`,
    unchanged: "No checkpoint was changed.",
    next: owner === undefined ? "Wait until its group has an owner." : `Ask node ${owner}, which owns its group.`,
  });
}

/** `content` becomes the newest version; of a new checkpoint when `isNew`, whose conflicts `check` looks for. */
export interface CommitRequest {
  readonly kind: CheckpointKind;
  readonly path: string;
  readonly content: Content;
  readonly isNew: boolean;
  /** Of a new directory checkpoint; others keep theirs. */
  readonly filter?: DirectoryFilter;
  /** Numbers of older versions that nobody has any more: they are forgotten. */
  readonly forget?: readonly number[];
  readonly check?: (tree: Key, records: ResourceRecords) => void;
}

/**
 * Writes the version file, then names it in the database. Tried again while this node's copy is behind; rejects with
 * HOST_NODE_NOT_RESOURCE_OWNER, FILE_NOT_FOUND for a checkpoint that is gone and not new, OUTCOME_UNKNOWN without an answer in time.
 */
export async function commitVersion(parts: Parts, held: Held, request: CommitRequest): Promise<Committed> {
  const { kind, path, content } = request;
  let version: VersionName | undefined;
  let checkpoint: Checkpoint | undefined;
  const fileDigest = await sha256Aside(content.bytes);
  const tag = await submitUntilTrue(parts, held, async (tree, records, owner) => {
    const current = findCurrent(records, kind, path);
    if (!request.isNew && current === undefined) throw notCheckpointed(records, kind, path);
    request.check?.(tree, records);
    if (version === undefined || version.number < records.nextNumber) {
      version = await parts.versions.put(records.id, fileKind(kind), records.nextNumber, content.bytes);
    }
    checkpoint = {
      kind,
      path: current?.path ?? path,
      number: version.number,
      fileDigest,
      contentDigest: content.contentDigest,
      size: content.bytes.length,
      time: parts.outside.clock.wall(),
      ...sinceOf(current, version.number),
      ...(kind === "directory" ? { filter: request.filter ?? filterOf(current) } : {}),
    };
    const lostFile = (): void => {
      version = undefined;
    };
    const { forget = [] } = request;
    return {
      change: commitChange(tree, records, owner, checkpoint, { forget }),
      evidence: [{ version, digest: fileDigest }],
      lostFile,
    };
  });
  if (checkpoint === undefined) throw new RangeError("no version was made");
  const { number, size } = checkpoint;
  parts.log.info("checkpoint version committed", { resource: held.resource, kind, path, number, size });
  return { tag, checkpoint };
}

function sinceOf(current: Checkpoint | undefined, number: number): { readonly since?: number } {
  if (current === undefined) return { since: number };
  return current.since === undefined ? {} : { since: current.since };
}

/** Takes a checkpoint and its versions out of the database; the leader's janitor removes the files. Rejects as `commitVersion`. */
export function commitRemoval(parts: Parts, held: Held, kind: CheckpointKind, path: string): Promise<Tag> {
  return submitUntilTrue(parts, held, async (tree, records, owner) => {
    const current = findCurrent(records, kind, path);
    if (current === undefined) throw notCheckpointed(records, kind, path);
    return { change: removeChange(tree, records, owner, current), evidence: [] };
  });
}

/** Takes the versions of these checkpoints out of the database at once (`withdrawChange`). Rejects as `commitVersion`. */
export function commitWithdrawal(parts: Parts, held: Held, wanted: readonly Checkpoint[]): Promise<Tag> {
  return submitUntilTrue(parts, held, async (tree, records, owner) => {
    const current = wanted.flatMap(({ kind, path }) => findCurrent(records, kind, path) ?? []);
    return { change: withdrawChange(tree, records, owner, current, parts.outside.clock.wall()), evidence: [] };
  });
}

/** This owner has the newest settings now, having put them in place; a loss that is not known yet only delays. Never rejects. */
export async function noteLastOwner(parts: Parts, held: Held): Promise<void> {
  try {
    const { tree, records } = requireOwned(parts, held);
    if (records.current.length === 0 || records.lastOwner === parts.database.self.node) return;
    const change = lastOwnerChange(tree, records, ownership(parts, held));
    await parts.database.submit({ ...change, requestId: newGuid(parts.outside.random) }, 2000);
  } catch (error) {
    parts.log.warn("could not note who has the newest settings", { resource: held.resource, error });
  }
}

/** FILE_NOT_FOUND for a path that is no checkpoint of the resource. */
export function notCheckpointed(records: ResourceRecords, kind: CheckpointKind, path: string): Failure {
  return fail("FILE_NOT_FOUND", {
    happened: `${titleOf(kind, path)} is no checkpoint of resource "${records.name}".`,
    unchanged: "Nothing was changed.",
    next: `List them: clubar checkpoint list "${records.name}".`,
  });
}

interface Built {
  readonly change: Change;
  readonly evidence: readonly Evidence[];
  /** The leader did not find the file as it should be. */
  readonly lostFile?: () => void;
}

type Build = (tree: Key, records: ResourceRecords, owner: Ownership) => Promise<Built>;

function ownership({ database }: Pick<Parts, "database">, held: Held): Ownership {
  return { node: database.self.node, incarnation: held.incarnation, generation: held.ownershipGeneration };
}

async function submitUntilTrue(parts: Parts, held: Held, build: Build): Promise<Tag> {
  const { database, outside } = parts;
  for (let attempt = 0; attempt < attempts; attempt++) {
    const { tree, records } = requireOwned(parts, held);
    const { change, evidence, lostFile } = await build(tree, records, ownership(parts, held));
    const update = { ...change, requestId: newGuid(outside.random), ...(evidence.length > 0 ? { evidence } : {}) };
    const result = await database.submit(update).catch((error: unknown) => {
      // A file that was put before this epoch began may just have been cleared away.
      if (
        lostFile === undefined ||
        !(error instanceof Failure) ||
        !unproven.includes(error.name) ||
        attempt === attempts - 1
      )
        throw error;
      lostFile();
      return undefined;
    });
    if (result === undefined) continue;
    if (result.outcome === "applied") return result.tag;
    if (result.outcome === "unknown") throw outcomeUnknown(records);
    if (isOwnership(result.condition)) {
      parts.log.warn("a checkpoint of a former owner was refused", { ...held, condition: result.condition });
      throw notOwner(records, database.self.node);
    }
    await outside.timers.sleep(Math.min(longestPause, 5 * 2 ** attempt));
  }
  throw fail("CLUSTER_DATABASE_UPDATE_CONDITION_FAILED", {
    happened: `The checkpoints of resource ${held.resource} changed ${attempts} times while this node tried to write a version.`,
    unchanged: "The newest committed version is still the current one.",
    next: "Try again.",
  });
}

function outcomeUnknown(records: ResourceRecords): Failure {
  return fail("OUTCOME_UNKNOWN", {
    happened: `No leader answered in time whether the checkpoint of resource "${records.name}" was written.`,
    unchanged: "Either the version before or the new one is current, whole; no third thing.",
    next: "Look again when the cluster has a leader: clubar checkpoint list.",
  });
}
