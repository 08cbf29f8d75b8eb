/** Reads a set for a restore, for people, and in lists. */
import { fail } from "../base/errors.ts";
import { failureOf } from "../base/failure-of.ts";
import type { Files, Outside } from "../base/outside.ts";
import { readState } from "../database/state.ts";
import type { VersionKind } from "../quorum/quorum.ts";
import { formatTag, type Tag } from "../quorum/tag.ts";
import type { Key } from "../tree/key.ts";
import type { DeviceLayout } from "./device-layout.ts";
import { examineSet, type Examined } from "./examine.ts";
import type { SetVersion, VerifyLine } from "./judge.ts";
import { decodeManifest, type Manifest } from "./manifest.ts";
import { fileOfVersion, namedVersions } from "./named-versions.ts";
import { requireFolder, setPath } from "./place.ts";
import { hasCode, listSet, parseSetName, parseWorkName, setFile, swapFile } from "./set.ts";
import { readSwap } from "./swap.ts";
import { requireFinished } from "./verify.ts";

/** A set whose every part was read and found right, in memory: what is restored is exactly what was checked. */
export interface Backup {
  readonly path: string;
  readonly cluster: { readonly name: string; readonly instance: string };
  /** 0 and undefined for sets that were not written by clubar. */
  readonly generation: number;
  readonly lineage: string | undefined;
  readonly tag: Tag | undefined;
  /** Wall time in milliseconds; undefined when it is not known. */
  readonly time: number | undefined;
  readonly node: string | undefined;
  readonly tree: Key;
  readonly versions: readonly SetVersion[];
  readonly quorumDevice: DeviceLayout;
  /** One digest over all files. */
  readonly digest: string;
  readonly notChecked: readonly string[];
}

/** DATABASE_BACKUP_CORRUPT, naming what, when any part is damaged. */
export async function readBackup(outside: Pick<Outside, "files">, path: string): Promise<Backup> {
  const found = await examineSet(outside, setPath(path));
  requireFinished(found);
  const damage = damageOf(found.lines);
  if (damage.length === 0 && found.tree !== undefined) return backupOf(found, found.tree);
  throw fail("DATABASE_BACKUP_CORRUPT", {
    happened: `The backup set ${found.path} is damaged: ${damage.join("; ")}.`,
    unchanged: "Nothing was changed.",
    next: "Use another copy of the set, or another set.",
  });
}

function damageOf(lines: readonly VerifyLine[]): string[] {
  return lines.filter(({ result }) => result === "DAMAGED").map(({ what, detail }) => `${what}: ${detail}`);
}

function backupOf(found: Examined, tree: Key): Backup {
  const { manifest, tag, versions, path, digest } = found;
  const { cluster } = readState(tree);
  return {
    path,
    cluster: { name: cluster.name, instance: cluster.instance },
    generation: manifest?.generation ?? tag?.generation ?? 0,
    lineage: manifest?.lineage,
    tag,
    time: manifest?.time,
    node: manifest?.node,
    tree,
    versions,
    quorumDevice: manifest?.quorumDevice ?? { checked: false, why: "the set does not say" },
    digest,
    notChecked: found.lines
      .filter(({ result }) => result === "NOT CHECKED")
      .map(({ what, detail }) => `${what}: ${detail}`),
  };
}

/** A set in short, for a person who looks for the right one. */
export interface BackupSummary {
  readonly path: string;
  readonly complete: boolean;
  readonly cluster: { readonly name: string; readonly instance: string };
  readonly tag: string | undefined;
  readonly lineage: string | undefined;
  readonly time: number | undefined;
  /** Milliseconds since then. */
  readonly age: number | undefined;
  readonly node: string | undefined;
  readonly nodes: readonly { readonly id: string; readonly name: string }[];
  readonly groups: readonly string[];
  readonly resources: readonly { readonly name: string; readonly type: string }[];
  readonly checkpoints: readonly {
    readonly resource: string;
    readonly path: string;
    readonly kind: VersionKind;
    readonly number: number;
    readonly current: boolean;
    readonly size: number;
  }[];
  readonly bytes: number;
  readonly damage: readonly string[];
  readonly notChecked: readonly string[];
  readonly foreign: readonly string[];
}

/** As much as can be read, also of an unfinished or damaged set; DIRECTORY or PATH_NOT_FOUND when there is no folder. */
export async function inspectBackup(outside: Pick<Outside, "files" | "clock">, path: string): Promise<BackupSummary> {
  const found = await examineSet(outside, setPath(path));
  const { manifest, tree } = found;
  const state = tree === undefined ? undefined : readState(tree);
  const sizes = new Map(found.versions.map(({ name, bytes }) => [name, bytes.length]));
  return {
    path: found.path,
    complete: found.complete,
    cluster: {
      name: state?.cluster.name ?? manifest?.cluster.name ?? "",
      instance: state?.cluster.instance ?? manifest?.cluster.instance ?? "",
    },
    tag: manifest?.tag ?? (found.tag === undefined ? undefined : formatTag(found.tag)),
    lineage: manifest?.lineage,
    time: manifest?.time,
    age: manifest === undefined ? undefined : Math.max(0, outside.clock.wall() - manifest.time),
    node: manifest?.node,
    nodes: [...(state?.nodes.values() ?? [])].map(({ id, name }) => ({ id, name })),
    groups: [...(state?.groups.values() ?? [])].map(({ name }) => name),
    resources: [...(state?.resources.values() ?? [])].map(({ name, type }) => ({ name, type })),
    checkpoints: (tree === undefined ? [] : namedVersions(tree)).map((version) => ({
      resource: version.resourceName,
      path: version.path,
      kind: version.kind,
      number: version.number,
      current: version.current,
      size: sizes.get(fileOfVersion(version)) ?? 0,
    })),
    bytes: found.files.reduce((sum, { size }) => sum + size, 0),
    damage: damageOf(found.lines),
    notChecked: found.lines
      .filter(({ result }) => result === "NOT CHECKED")
      .map(({ what, detail }) => `${what}: ${detail}`),
    foreign: found.foreign,
  };
}

/** A line of a list of sets. Nothing but the manifest was read: the set is not verified. */
export interface ListedBackup {
  readonly path: string;
  readonly complete: boolean;
  /** Wall time in milliseconds: of the manifest, else of the newest file. */
  readonly time: number;
  readonly cluster: string | undefined;
  readonly instance: string | undefined;
  readonly tag: string | undefined;
  readonly node: string | undefined;
  readonly bytes: number;
  /** Why the manifest says nothing. */
  readonly remark: string | undefined;
}

const deepest = 4;

/** A generation of a quorum folder has files of a set, too, and this one, which no set has (docs/formats/quorum-folder.md). */
const generationFile = "quorum.json";

/** Sets in a folder and below it, newest first. PATH_NOT_FOUND, DIRECTORY. Folders that may not be read are told to `unread`. */
export async function listBackups(
  { files }: Pick<Outside, "files">,
  folder: string,
  unread: (path: string, why: string) => void = () => undefined,
): Promise<readonly ListedBackup[]> {
  const top = setPath(folder);
  await requireFolder(files, top);
  const found: ListedBackup[] = [];
  await collect(files, top, { depth: 0, unread }, found);
  return found.sort((a, b) => b.time - a.time || (a.path < b.path ? -1 : 1));
}

interface Search {
  readonly depth: number;
  readonly unread: (path: string, why: string) => void;
}

async function collect(files: Files, path: string, search: Search, found: ListedBackup[]): Promise<void> {
  const { depth, unread } = search;
  let names: readonly string[];
  try {
    names = await files.list(path);
  } catch (error) {
    if (depth === 0) throw error;
    if (hasCode(error, "EACCES", "EPERM")) unread(path, failureOf(error).happened);
    else if (!hasCode(error, "ENOENT", "ENOTDIR")) throw error;
    return;
  }
  if (names.includes(generationFile)) return;
  const isSet = names.some(
    (name) => name === swapFile || ["snapshot", "marker", "manifest"].includes(parseSetName(name)?.kind ?? ""),
  );
  if (isSet) found.push(await listOne(files, path));
  if (depth === deepest) return;
  for (const name of names) {
    if (parseWorkName(name) !== undefined || name.startsWith("{")) continue;
    if ((await files.stat(`${path}/${name}`))?.kind === "folder")
      await collect(files, `${path}/${name}`, { depth: depth + 1, unread }, found);
  }
}

async function listOne(files: Files, path: string): Promise<ListedBackup> {
  const swap = await readSwap(files, path).catch(() => undefined);
  const folder = swap === undefined ? path : `${path}/.new-${swap.id}`;
  const { names } = await listSet(files, path);
  let bytes = 0;
  let newest = 0;
  for (const name of names) {
    const stat = await files.stat(`${path}/${name}`);
    bytes += stat?.size ?? 0;
    newest = Math.max(newest, stat?.modified ?? 0);
  }
  const complete = swap !== undefined || names.some((name) => parseSetName(name)?.kind === "marker");
  const manifest = await manifestIn(files, [folder, path]);
  const told = typeof manifest === "string" ? undefined : manifest;
  return {
    path,
    complete,
    time: told?.time ?? newest,
    cluster: told?.cluster.name,
    instance: told?.cluster.instance,
    tag: told?.tag,
    node: told?.node,
    bytes: told === undefined ? bytes : told.files.reduce((sum, { size }) => sum + size, 0),
    remark: typeof manifest === "string" ? manifest : undefined,
  };
}

async function manifestIn(files: Files, folders: readonly string[]): Promise<Manifest | string> {
  for (const folder of folders) {
    const path = `${folder}/${setFile.manifest}`;
    if ((await files.stat(path))?.kind !== "file") continue;
    try {
      return decodeManifest(await files.read(path));
    } catch (error) {
      return failureOf(error).happened;
    }
  }
  return "it has no manifest";
}
