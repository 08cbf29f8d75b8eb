/** What the cluster database says about a resource's checkpoints. Pure. */
import { fail, type Failure } from "../base/errors.ts";
import { checkpointFailureAction } from "../database/checkpoint-state.ts";
import { rememberedOf } from "../database/remembered.ts";
import {
  foldId,
  resourceKey,
  resourceValue,
  rootKey,
  runtimeResourcePath,
  runtimeResourceValue,
} from "../database/schema.ts";
import { readState } from "../database/state.ts";
import { childCount, childOf, childrenOf, findKey, type Key, valueCount, valueOf, valuesOf } from "../tree/key.ts";
import { dwordOf, multiSzOf, qwordOf, textOf } from "../tree/value.ts";
import type { Checkpoint } from "./checkpoint.ts";
import { defaultMaxSize, type DirectoryFilter } from "./directory-filter.ts";
import { type CheckpointKind, checkpointKinds, kindOfFile, numberName, parseNumber, samePath } from "./names.ts";

/** Values of `Resources\<guid>\Checkpoints` and of its subkeys `0000000n` (docs/formats/checkpoint-files.md). */
export const checkpointsValue = { nextNumber: "NextNumber", deleted: "Deleted", lastOwner: "LastOwner" } as const;
/** Values of one version's subkey `Checkpoints\0000000n`; digests are lower-case hexadecimal, `Time` is wall milliseconds. */
export const versionValue = {
  kind: "Kind",
  path: "Path",
  fileDigest: "FileDigest",
  contentDigest: "ContentDigest",
  size: "Size",
  time: "Time",
  /** dword: number of the checkpoint's first version. */
  since: "Since",
  /** Of a directory: multi-sz, multi-sz, dword. */
  include: "Include",
  exclude: "Exclude",
  maxSize: "MaxSize",
  /** dword 1: its file was deleted on purpose and is not re-created yet; there are no digests. */
  withdrawn: "Withdrawn",
} as const;

/** All that the database says about one resource's checkpoints. */
export interface ResourceRecords {
  /** Folded: what version files are named by. */
  readonly id: string;
  readonly name: string;
  /** `Resources\<id>` as stored. */
  readonly path: string;
  readonly group: GroupRecord | undefined;
  /** The current version of each checkpoint, by number. */
  readonly current: readonly Checkpoint[];
  /** All versions that the database names, by number. */
  readonly kept: readonly Checkpoint[];
  /** The lowest number that a new version may take. */
  readonly nextNumber: number;
  /** Names of version files that are marked deleted. */
  readonly deleted: readonly string[];
  /** Id of the node whose live settings are the newest: it captured last, or put the versions in place last. */
  readonly lastOwner: string | undefined;
  /** See `checkpointFailureAction` of `database/checkpoint-state.ts`. */
  readonly failureAction: number;
  /** `Runtime\\Resources\\<id>`, and what was found of current version files there: how each is, by file name. */
  readonly runtimePath: string;
  readonly lost: ReadonlyMap<string, string>;
}

/** The group of a resource and who owns it. */
export interface GroupRecord {
  readonly id: string;
  readonly path: string;
  readonly runtimePath: string;
  /** Node id. */
  readonly owner: string | undefined;
  readonly ownershipGeneration: number;
}

/** undefined when there is no such resource. */
export function readRecords(tree: Key, resource: string): ResourceRecords | undefined {
  const id = foldId(resource);
  const key = findById(childOf(tree, rootKey.resources), id);
  if (key === undefined) return undefined;
  const checkpoints = childOf(key, resourceKey.checkpoints);
  const kept = checkpoints === undefined ? [] : readVersions(checkpoints);
  const current = checkpointKinds.flatMap((kind) => readCurrent(key, kind, kept)).sort(byNumber);
  const highest = Math.max(0, ...kept.map(({ number }) => number), ...current.map(({ number }) => number));
  const name = textOf(valueOf(key, resourceValue.name));
  return {
    id,
    name: name === undefined || name === "" ? id : name,
    path: `${rootKey.resources}\\${key.name}`,
    group: readGroup(tree, id),
    current,
    kept,
    nextNumber: Math.max(highest + 1, dwordOf(own(checkpoints, checkpointsValue.nextNumber)) ?? 1),
    deleted: multiSzOf(own(checkpoints, checkpointsValue.deleted)) ?? [],
    lastOwner: textOf(own(checkpoints, checkpointsValue.lastOwner)),
    failureAction: dwordOf(valueOf(key, "CheckpointFailureAction")) ?? checkpointFailureAction.lastOwnerOnly,
    runtimePath: runtimeResourcePath(id),
    lost: readLost(findKey(tree, runtimeResourcePath(id))),
  };
}

/** RESOURCE_NOT_FOUND for a resource id or name. */
export function noResource(resource: string): Failure {
  return fail("RESOURCE_NOT_FOUND", {
    happened: `There is no resource ${resource}.`,
    unchanged: "Nothing was changed.",
  });
}

/** Of every resource. */
export function allRecords(tree: Key): ResourceRecords[] {
  const resources = childOf(tree, rootKey.resources);
  if (resources === undefined) return [];
  return [...childrenOf(resources)].flatMap((key) => readRecords(tree, key.name) ?? []);
}

/** Of every resource that has, or has had, a checkpoint. */
export function checkpointedRecords(tree: Key): ResourceRecords[] {
  const resources = childOf(tree, rootKey.resources);
  return resources === undefined ? [] : checkpointed(resources).flatMap((name) => readRecords(tree, name) ?? []);
}

/** Names of keys below `Resources`. */
const checkpointed = rememberedOf((resources) =>
  [...childrenOf(resources)].filter(hasCheckpoints).map(({ name }) => name),
);
const hasCheckpoints = rememberedOf((resource) =>
  [resourceKey.checkpoints, ...checkpointKinds.map(syncKey)].some((name) => childOf(resource, name) !== undefined),
);

/** The current version of the checkpoint at `path`, without regard to case. */
export function findCurrent(records: ResourceRecords, kind: CheckpointKind, path: string): Checkpoint | undefined {
  return records.current.find((one) => one.kind === kind && samePath(kind, one.path, path));
}

/** All versions of one checkpoint that the database names, by number. */
export function versionsOf(records: ResourceRecords, kind: CheckpointKind, path: string): Checkpoint[] {
  const found = records.kept.filter((one) => one.kind === kind && samePath(kind, one.path, path));
  const current = findCurrent(records, kind, path);
  return current === undefined || found.some(({ number }) => number === current.number)
    ? found
    : [...found, current].sort(byNumber);
}

/** The subkey of a resource that names the current versions: RegSync and CryptoSync (facts §6), and our own DirSync. */
export function syncKey(kind: CheckpointKind): string {
  if (kind === "directory") return resourceKey.dirSync;
  return kind === "registry" ? resourceKey.regSync : resourceKey.cryptoSync;
}

function byNumber(a: Checkpoint, b: Checkpoint): number {
  return a.number - b.number;
}

function own(key: Key | undefined, name: string): ReturnType<typeof valueOf> {
  return key === undefined ? undefined : valueOf(key, name);
}

function findById(parent: Key | undefined, id: string): Key | undefined {
  if (parent === undefined) return undefined;
  const direct = childOf(parent, id);
  if (direct !== undefined) return direct;
  for (const child of childrenOf(parent)) if (foldId(child.name) === id) return child;
  return undefined;
}

function readLost(runtime: Key | undefined): ReadonlyMap<string, string> {
  const texts = multiSzOf(own(runtime, runtimeResourceValue.lostCheckpoints)) ?? [];
  return new Map(texts.map((text) => [text.slice(0, 12), text.slice(13)] as const));
}

function readGroup(tree: Key, resource: string): GroupRecord | undefined {
  const state = readState(tree);
  const group = state.groups.get(state.resources.get(resource)?.group ?? "");
  if (group === undefined) return undefined;
  const { id, path, runtimePath, owner, ownershipGeneration } = group;
  return { id, path, runtimePath, owner, ownershipGeneration };
}

function readVersions(checkpoints: Key): Checkpoint[] {
  return [...childrenOf(checkpoints)]
    .flatMap((key) => {
      const number = parseNumber(key.name);
      const text = (name: string): string => textOf(valueOf(key, name)) ?? "";
      if (number === undefined) return [];
      return {
        kind: kindOfFile(text(versionValue.kind)),
        path: text(versionValue.path),
        number,
        fileDigest: text(versionValue.fileDigest),
        contentDigest: text(versionValue.contentDigest),
        size: dwordOf(valueOf(key, versionValue.size)) ?? 0,
        time: Number(qwordOf(valueOf(key, versionValue.time)) ?? 0n),
        ...readSince(key),
        ...(dwordOf(valueOf(key, versionValue.withdrawn)) === 1 ? { withdrawn: true as const } : {}),
        ...readFilter(key),
      };
    })
    .sort(byNumber);
}

function readSince(key: Key): { readonly since?: number } {
  const since = dwordOf(valueOf(key, versionValue.since));
  return since === undefined ? {} : { since };
}

function readFilter(key: Key): { readonly filter?: DirectoryFilter } {
  if (textOf(valueOf(key, versionValue.kind)) !== "CPD") return {};
  const include = multiSzOf(valueOf(key, versionValue.include)) ?? [];
  const exclude = multiSzOf(valueOf(key, versionValue.exclude)) ?? [];
  return { filter: { include, exclude, maxSize: dwordOf(valueOf(key, versionValue.maxSize)) ?? defaultMaxSize } };
}

function readCurrent(resource: Key, kind: CheckpointKind, kept: readonly Checkpoint[]): Checkpoint[] {
  const key = childOf(resource, syncKey(kind));
  if (key === undefined) return [];
  return [...valuesOf(key)].flatMap((value) => {
    const number = parseNumber(value.name);
    const path = textOf(value);
    if (number === undefined || path === undefined) return [];
    const version = kept.find((one) => one.kind === kind && one.number === number);
    return { kind, path, number, fileDigest: "", contentDigest: "", size: 0, time: 0, ...version };
  });
}

/** `Resources\<id>\Checkpoints\0000000n` */
export function versionPath(records: ResourceRecords, number: number): string {
  return `${records.path}\\${resourceKey.checkpoints}\\${numberName(number)}`;
}

/** The resource and number that a path of the database names as a version; undefined for other paths. */
export function parseVersionPath(path: string): { readonly resource: string; readonly number: number } | undefined {
  const match = /^Resources\\([^\\]+)\\Checkpoints\\([0-9a-f]{8})$/i.exec(path);
  const number = parseNumber(match?.[2] ?? "");
  return match === null || number === undefined ? undefined : { resource: foldId(match[1] ?? ""), number };
}

/** Whether any backup holds a tag. */
export function hasHold(tree: Key): boolean {
  const holds = findKey(tree, "Runtime\\Holds");
  return holds !== undefined && (childCount(holds) > 0 || valueCount(holds) > 0);
}
