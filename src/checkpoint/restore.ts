/** Putting the newest versions in place before a resource comes online: all of them verified first, then all of them or none. */
import { fail, Failure } from "../base/errors.ts";
import { failureOf } from "../base/failure-of.ts";
import { type Key, findKey } from "../tree/key.ts";
import { splitPath } from "../tree/path.ts";
import { checkpointFailureAction } from "../database/checkpoint-state.ts";
import type { Checkpoint, CheckpointParts, Loser, RestoreReport, Skipped } from "./checkpoint.ts";
import { type Contents, type Live, treeDigest } from "./content.ts";
import type { DirectoryPlacement } from "./directory-place.ts";
import { type Losers, syncedName } from "./losers.ts";
import { fileName, noteLost } from "./lost.ts";
import { isAtOrBelow, parseContainer, titleOf } from "./names.ts";
import { planRegistry, type RegistryPlan } from "./plan.ts";
import { type ResourceRecords, versionsOf } from "./records.ts";
import { compareDirectories, type DirectoryItem, finishAll, placementOf } from "./restore-directories.ts";
import { noticeOf, skippedFor, skipUnread, type Unread } from "./skip.ts";
import { inspectStored } from "./stored.ts";

/** What putting versions in place needs. */
export interface RestoreParts {
  readonly parts: CheckpointParts;
  readonly contents: Contents;
  readonly losers: Losers;
}

interface CryptoItem {
  readonly checkpoint: Checkpoint;
  readonly bytes: Uint8Array;
  /** "hidden": there is one that may not be exported or is damaged. */
  readonly live: Live | "hidden" | undefined;
}

/**
 * Puts the current versions of a resource in place: all, or none. Content already equal is left alone. Rejects with FILE_NOT_FOUND
 * (a version is lost), INVALID_DATA (damaged) or what the registry and the key containers say; then everything is as it was.
 * What the resource's CheckpointFailureAction leaves out is in `skipped`.
 */
export async function restoreCheckpoints(restore: RestoreParts, records: ResourceRecords): Promise<RestoreReport> {
  const { parts, contents, losers } = restore;
  if (records.current.length === 0) return { placed: [], equal: [], losers: [], skipped: [], notice: "" };
  const { stored, skipped } = await readAll(restore, records);
  const trees = stored.flatMap(({ checkpoint, content }) =>
    content.kind === "registry" ? [{ checkpoint, tree: content.key }] : [],
  );
  const root = parts.registry.root();
  for (const { checkpoint } of trees) requireHive(root, records, checkpoint);
  const isSkipped = (one: Checkpoint): boolean => skipped.some(({ checkpoint }) => checkpoint === one);
  const isEqual = (live: Key, wanted: Key): boolean =>
    contents.digestOf({ kind: "registry", key: live }) === treeDigest(wanted);
  const plan = planRegistry(root, trees, isEqual);
  const crypto = await compareContainers(contents, stored);
  const directories = await compareDirectories(contents, stored);
  const placed = [
    ...plan.placed,
    ...directories.filter((item) => !item.isSame).map(({ checkpoint }) => checkpoint),
    ...crypto.filter((item) => !isSame(contents, item)).map(({ checkpoint }) => checkpoint),
  ];
  const equal = records.current.filter((one) => !placed.includes(one) && !isSkipped(one));
  const kept = await keepLosers(restore, records, placed, (one) => liveOf(parts, one, directories, crypto));
  const items: Items = {
    plan,
    directories: directories.filter((item) => !item.isSame),
    crypto: crypto.filter(({ checkpoint }) => placed.includes(checkpoint)),
  };
  try {
    await putInPlace(restore, records, items);
  } catch (error) {
    if (records.failureAction !== checkpointFailureAction.onlineAnyway) throw error;
    skipped.push(...(await putWhatGoes(restore, records, items)));
  }
  const done = (all: readonly Checkpoint[]): Checkpoint[] => all.filter((one) => !isSkipped(one));
  await losers.noteSynced(records.id, done(records.current));
  parts.log.info("checkpoints put in place", {
    resource: records.id,
    placed: placed.map(({ path, number }) => `${path} ${number}`),
    equal: equal.length,
    losers: kept.map(({ file }) => file),
  });
  const notice = noticeOf(skipped);
  if (notice !== "") parts.log.error("a resource comes online without checkpoints", { resource: records.id, notice });
  return { placed: done(placed), equal, losers: kept, skipped, notice };
}

interface Read {
  readonly checkpoint: Checkpoint;
  readonly content: Live;
}

/** All versions, but those that may be left out; what is lost is written down for the leader. */
async function readAll(
  { parts, contents }: RestoreParts,
  records: ResourceRecords,
): Promise<{ readonly stored: readonly Read[]; readonly skipped: Skipped[] }> {
  const stored: Read[] = [];
  const unread: Unread[] = [];
  await Promise.all(
    records.current.map(async (checkpoint) => {
      const { state, stored: found, why } = await inspectStored(parts.versions, records, checkpoint);
      if (found !== undefined) stored.push({ checkpoint, content: found.content });
      else unread.push({ checkpoint, state, failure: why ?? failureOf(new Error("unreadable")) });
    }),
  );
  const order = (a: { checkpoint: Checkpoint }, b: { checkpoint: Checkpoint }): number =>
    a.checkpoint.number - b.checkpoint.number;
  stored.sort(order);
  unread.sort(order);
  const [first, ...others] = unread;
  if (first === undefined) return { stored, skipped: [] };
  await noteLost(parts, records.id, new Map(unread.map(({ checkpoint, state }) => [fileName(checkpoint), state])));
  const skipped = await skipUnread(contents, records, parts.database.self.node, unread);
  if (skipped !== undefined) return { stored, skipped: [...skipped] };
  throw fail(first.failure.name, {
    happened: [first, ...others].map(({ failure }) => failure.happened).join(" "),
    unchanged: `Nothing was put in place, and resource "${records.name}" was not brought online.`,
    next: first.failure.next,
    cause: first.failure,
  });
}

function requireHive(root: Key, records: ResourceRecords, { path }: Checkpoint): void {
  const hive = splitPath(path)[0] ?? "";
  if (findKey(root, hive) !== undefined) return;
  throw fail("FILE_NOT_FOUND", {
    happened: `HKLM\\${path} is a checkpoint of resource "${records.name}", and this node has no registry hive HKLM\\${hive}.`,
    unchanged: `Nothing was put in place, and resource "${records.name}" was not brought online.`,
    next: `Load a hive of that name on this node, or remove the checkpoint.`,
  });
}

async function compareContainers(
  contents: Contents,
  stored: readonly { readonly checkpoint: Checkpoint; readonly content: Live }[],
): Promise<CryptoItem[]> {
  const items: CryptoItem[] = [];
  for (const { checkpoint, content } of stored) {
    if (content.kind !== "crypto") continue;
    items.push({ checkpoint, bytes: content.bytes, live: await liveContainer(contents, checkpoint) });
  }
  return items;
}

async function liveContainer(contents: Contents, { path }: Checkpoint): Promise<CryptoItem["live"]> {
  try {
    return await contents.liveOrNone({ kind: "crypto", path });
  } catch (error) {
    if (error instanceof Failure && (error.name === "NTE_BAD_KEY" || error.name === "NTE_BAD_DATA")) return "hidden";
    throw error;
  }
}

function isSame(contents: Contents, { checkpoint, live }: CryptoItem): boolean {
  return live !== undefined && live !== "hidden" && contents.digestOf(live) === checkpoint.contentDigest;
}

/** What differs from the versions. */
interface Items {
  readonly plan: RegistryPlan;
  readonly directories: readonly DirectoryItem[];
  readonly crypto: readonly CryptoItem[];
}

/** What is in the place of a checkpoint now. */
function liveOf(
  parts: CheckpointParts,
  checkpoint: Checkpoint,
  directories: readonly DirectoryItem[],
  crypto: readonly CryptoItem[],
): Live | "hidden" | undefined {
  if (checkpoint.kind === "registry") {
    const key = findKey(parts.registry.root(), checkpoint.path);
    return key === undefined ? undefined : { kind: "registry", key };
  }
  if (checkpoint.kind === "crypto") return crypto.find((item) => item.checkpoint === checkpoint)?.live;
  const scan = directories.find((item) => item.checkpoint === checkpoint)?.live;
  return scan === undefined ? undefined : { kind: "directory", ...scan };
}

async function keepLosers(
  { parts, contents, losers }: RestoreParts,
  records: ResourceRecords,
  placed: readonly Checkpoint[],
  liveOfOne: (checkpoint: Checkpoint) => Live | "hidden" | undefined,
): Promise<Loser[]> {
  const synced = placed.length === 0 ? new Map<string, string>() : await losers.synced(records.id);
  const kept: Loser[] = [];
  for (const checkpoint of placed) {
    const { kind, path } = checkpoint;
    const live = liveOfOne(checkpoint);
    if (live === undefined) continue;
    if (live === "hidden") {
      parts.log.warn("a key container that can't be read is replaced", { resource: records.id, path });
      kept.push({ kind, path, file: undefined });
      continue;
    }
    const digest = contents.digestOf(live);
    const wasVersion = versionsOf(records, kind, path).some(({ contentDigest }) => contentDigest === digest);
    if (wasVersion || synced.get(syncedName(checkpoint)) === digest) continue;
    kept.push({ kind, path, file: await losers.keep(records.id, checkpoint, await contents.contentAside(live)) });
  }
  return kept;
}

async function putInPlace(
  { parts, contents }: RestoreParts,
  records: ResourceRecords,
  { plan, directories, crypto }: Items,
): Promise<void> {
  const undo: (() => Promise<void>)[] = [];
  const placements: DirectoryPlacement[] = [];
  try {
    for (const { failure } of directories) if (failure !== undefined) throw failure;
    for (const hive of plan.hives) {
      await parts.registry.transact(hive.map(({ put }) => put));
      undo.unshift(() => parts.registry.transact(hive.map((one) => one.undo)));
    }
    for (const item of directories) {
      const placement = placementOf(contents, records.id, item);
      await placement.put();
      placements.push(placement);
      undo.unshift(() => placement.undo());
    }
    // What can't be taken back goes last.
    for (const item of crypto.toSorted((a, b) => Number(a.live === "hidden") - Number(b.live === "hidden"))) {
      const name = parseContainer(item.checkpoint.path);
      undo.unshift(async () => undoContainer(parts, item));
      await parts.keys.importContainer(name, item.bytes);
    }
  } catch (error) {
    throw await takeBack(parts, records, undo, failureOf(error));
  }
  await finishAll(parts.log, placements);
}

/** One after the other, each by itself; what fails is left as it is. */
async function putWhatGoes(
  { parts, contents }: RestoreParts,
  records: ResourceRecords,
  { plan, directories, crypto }: Items,
): Promise<Skipped[]> {
  const skipped: Skipped[] = [];
  for (const { path, put } of plan.hives.flat()) {
    await parts.registry.transact([put]).catch((error: unknown) => {
      const at = plan.placed.filter((one) => isAtOrBelow(one.path, path));
      skipped.push(...at.map((one) => skippedFor(one, failureOf(error))));
    });
  }
  for (const item of directories) {
    try {
      if (item.failure !== undefined) throw item.failure;
      const placement = placementOf(contents, records.id, item);
      await placement.put();
      await finishAll(parts.log, [placement]);
    } catch (error) {
      skipped.push(skippedFor(item.checkpoint, failureOf(error)));
    }
  }
  for (const { checkpoint, bytes } of crypto) {
    await parts.keys.importContainer(parseContainer(checkpoint.path), bytes).catch((error: unknown) => {
      skipped.push(skippedFor(checkpoint, failureOf(error)));
    });
  }
  return skipped;
}

async function undoContainer(parts: CheckpointParts, { checkpoint, live }: CryptoItem): Promise<void> {
  const name = parseContainer(checkpoint.path);
  if (live === undefined) {
    try {
      await parts.keys.delete(name);
    } catch (error) {
      if (failureOf(error).name !== "NTE_BAD_KEYSET") throw error;
    }
  } else if (live !== "hidden" && live.kind === "crypto") await parts.keys.importContainer(name, live.bytes);
}

async function takeBack(
  parts: CheckpointParts,
  records: ResourceRecords,
  undo: readonly (() => Promise<void>)[],
  cause: Failure,
): Promise<Failure> {
  let left = "";
  for (const one of undo) {
    try {
      await one();
    } catch (error) {
      left = ` What was put in place before could not be taken back: ${failureOf(error).happened}`;
      parts.log.error("checkpoints could not be taken back", { resource: records.id, error });
    }
  }
  const paths = records.current.map(({ kind, path }) => titleOf(kind, path)).join(", ");
  return fail(cause.name, {
    happened: `The checkpoints of resource "${records.name}" (${paths}) could not be put in place: ${cause.happened}${left}`,
    unchanged:
      left === ""
        ? "This node's settings are as they were, and the resource was not brought online."
        : "The resource was not brought online.",
    next:
      cause.next === ""
        ? "Look at what failed on this node, then bring it online again, or move its group."
        : cause.next,
    cause,
  });
}
