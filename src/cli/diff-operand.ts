/** What `clubar diff` compares: artefacts in files and folders, and keys of the live registry, all as trees. */
import { examineSet } from "../backup/examine.ts";
import { fileOfVersion, type NamedVersion, namedVersions } from "../backup/named-versions.ts";
import { sha256 } from "../base/digest.ts";
import { failureOf } from "../base/failure-of.ts";
import { fail, type Failure } from "../base/errors.ts";
import { tagValueName } from "../database/apply.ts";
import { databaseKeys, isClusterDatabase } from "../database/cluster-view.ts";
import { rootKey } from "../database/schema.ts";
import { readBaseBlock } from "../hive/base-block.ts";
import { type OpenHive, openHive } from "../hive/open.ts";
import { readHive } from "../hive/read.ts";
import { recoverHive } from "../hive/recover.ts";
import { isRegText } from "../hive/reg-encoding.ts";
import { readRegTree } from "../hive/reg-text.ts";
import { decodeContainer } from "../registry/container-codec.ts";
import { formatContainerName } from "../registry/container-name.ts";
import { applyEdits } from "../tree/edit.ts";
import { buildKey, emptyKey, findKey, type Key, valueOf, withoutChild } from "../tree/key.ts";
import { sameName, joinPath, splitPath } from "../tree/path.ts";
import { dword, sz, textOf } from "../tree/value.ts";
import { vssFile } from "../vss/cluster/layout.ts";
import { examineVssSet, isVssSet } from "../vss/cluster/read-set.ts";
import type { Cli } from "./cli.ts";
import { isFolder, readArtefact } from "./read-artefact.ts";
import { logsBeside, warnOf } from "./commands/hive/open-file.ts";
import { registryPath } from "./registry-path.ts";

/** One side of a comparison. */
export interface Operand {
  readonly kind:
    | "backup set"
    | "VSS set"
    | "cluster database"
    | "hive"
    | "key container"
    | "registry text"
    | "live key";
  /** How it is called: a path, or a key. */
  readonly name: string;
  readonly tree: Key;
  /** Of a hive that is no cluster database: it is compared without its tree being made. */
  readonly hive?: OpenHive;
  /** Of a cluster database: its tag. */
  readonly tag: string | undefined;
  /** Class names and security come with it. */
  readonly attributes: boolean;
}

interface Found extends Operand {
  /** Of a live key and of registry text: below HKEY_LOCAL_MACHINE. */
  readonly path?: string;
  /** Of a set: its database, and its checkpoints by where they belong. */
  readonly set?: { readonly database: Key; readonly checkpoints: readonly Stored[] };
}

interface Stored {
  readonly version: NamedVersion;
  readonly tree: Key;
}

/**
 * The two sides. A set beside something else stands for the part of it that goes with the other side: its database, or its checkpoint of
 * the live key. FILE_NOT_FOUND, INVALID_DATA, INVALID_PARAMETER.
 */
export async function readOperands(
  cli: Cli,
  a: string,
  b: string,
  recover = false,
): Promise<readonly [Operand, Operand]> {
  const [left, right] = await Promise.all([readOperand(cli, a, recover), readOperand(cli, b, recover)]);
  return [partFor(left, right), partFor(right, left)];
}

async function readOperand(cli: Cli, given: string, recover: boolean): Promise<Found> {
  if (/^HK[A-Z_]+(\\|$)/i.test(given)) return readLive(cli, registryPath(given));
  const path = cli.path(given);
  if (await isFolder(path, "Check the path; a live key begins with HKLM\\.")) {
    const { files } = cli.outside();
    return (await isVssSet(files, path)) ? readVss(cli, path) : readSet(cli, path);
  }
  const bytes = await readArtefact(path);
  if (!isHive(bytes)) return artefact(path, bytes);
  const logs = recover ? await logsBeside(path) : [];
  const read =
    logs.length === 0
      ? bytes
      : recoverHive(
          bytes,
          logs.map((log) => log.bytes),
        ).bytes;
  const found = artefact(path, read);
  warnOf(cli, path, readBaseBlock(read, new DataView(read.buffer, read.byteOffset, read.length)));
  return found;
}

async function readLive(cli: Cli, path: string): Promise<Found> {
  const { root } = readHive(await cli.client().bytes("GET", "/registry/hive", { path }));
  const name = path === "" ? "HKLM" : `HKLM\\${path}`;
  if (sameName(path, "Cluster")) return { ...database(name, root), path };
  return { kind: "live key", name, tree: root, tag: undefined, attributes: true, path };
}

/** Without what no set holds because it is no configuration: what runs where, and the tag, which is told beside. */
function database(name: string, root: Key): Found {
  const tag = textOf(valueOf(root, tagValueName));
  const tree = applyEdits(
    withoutChild(root, rootKey.runtime),
    [{ kind: "delete-value", path: "", name: tagValueName }],
    0n,
  );
  return { kind: "cluster database", name, tree, tag, attributes: true };
}

function artefact(name: string, bytes: Uint8Array): Found {
  if (isContainer(bytes)) {
    return { kind: "key container", name, tree: containerTree(bytes), tag: undefined, attributes: true };
  }
  if (isHive(bytes)) {
    const hive = openHive(bytes);
    const { root } = hive;
    const isDatabase = databaseKeys.every((key) => root.subkey(key) !== undefined);
    return isDatabase ? database(name, hive.read()) : hiveOperand(name, hive);
  }
  if (isRegText(bytes)) return registryText(name, bytes);
  throw fail("INVALID_DATA", {
    happened: `${name} is no hive, no key container and no registry text.`,
    unchanged: "Nothing was changed.",
    next: "Name a file of one of these kinds, a backup set's folder, or a live key that begins with HKLM\\.",
  });
}

function hiveOperand(name: string, hive: OpenHive): Found {
  let tree: Key | undefined;
  return {
    kind: "hive",
    name,
    get tree() {
      return (tree ??= hive.read());
    },
    hive,
    tag: undefined,
    attributes: true,
  };
}

function isContainer(bytes: Uint8Array): boolean {
  return String.fromCharCode(...bytes.subarray(0, 7)) === "CLUBCPR";
}

function isHive(bytes: Uint8Array): boolean {
  return String.fromCharCode(...bytes.subarray(0, 4)) === "regf";
}

/** The private key itself is shown by no comparison: only whether it is another one. */
function containerTree(bytes: Uint8Array): Key {
  const { name, exportable, pkcs8 } = decodeContainer(bytes);
  const values = [
    sz("Name", formatContainerName(name)),
    dword("Exportable", exportable ? 1 : 0),
    sz("PrivateKeySha256", sha256(pkcs8)),
  ];
  return buildKey({ name: "Container", lastWritten: 0n, values });
}

function registryText(name: string, bytes: Uint8Array): Found {
  const { root, path, deletes, attributes } = readRegTree(bytes);
  if (deletes) {
    throw fail("INVALID_DATA", {
      happened: `${name} asks for deletions: it is a list of changes, not the content of a key.`,
      unchanged: "Nothing was changed.",
      next: "Compare with an export (clubar reg export, clubar hive export), which holds none.",
    });
  }
  const below = /^HKEY_LOCAL_MACHINE\\(.+)$/is.exec(path)?.[1] ?? "";
  if (isClusterDatabase(root)) return { ...database(name, root), attributes, path: below };
  return { kind: "registry text", name, tree: root, tag: undefined, attributes, path: below };
}

async function readSet(cli: Cli, path: string): Promise<Found> {
  const { tree, versions } = await examineSet(cli.outside(), path);
  if (tree === undefined) {
    throw fail("DATABASE_BACKUP_CORRUPT", {
      happened: `${path} holds no backup set whose database can be read.`,
      unchanged: "Nothing was changed.",
      next: `clubar verify ${path} says what is wrong with it.`,
    });
  }
  const bytesOf = new Map(versions.map(({ name, bytes }) => [name, bytes]));
  const checkpoints = namedVersions(tree).flatMap((version): Stored[] => {
    const bytes = version.current ? bytesOf.get(fileOfVersion(version)) : undefined;
    return bytes === undefined ? [] : [{ version, tree: storedTree(fileOfVersion(version), bytes) }];
  });
  const found = database(path, tree);
  return {
    ...found,
    kind: "backup set",
    tree: setTree(found.tree, checkpoints),
    set: { database: found.tree, checkpoints },
  };
}

/** The cluster's part as in a backup set, and beside it the node's files, each a tree of its own. */
async function readVss(cli: Cli, path: string): Promise<Found> {
  const { files, clusterPath } = await examineVssSet(cli.outside(), path);
  const cluster = clusterPath === undefined ? undefined : await readSet(cli, clusterPath);
  const inNode = [...files].filter(([name]) => name.startsWith(`${vssFile.node}/`));
  const own = inNode.find(([name]) => name === `${vssFile.node}/ClusDb`);
  if (cluster === undefined && own === undefined) {
    throw fail("DATABASE_BACKUP_CORRUPT", {
      happened: `${path} holds no VSS set whose cluster database can be read.`,
      unchanged: "Nothing was changed.",
      next: `clubar verify ${path} says what is wrong with it.`,
    });
  }
  const edits = inNode.map(([name, bytes]) => ({
    kind: "put-tree" as const,
    path: joinPath(...name.split("/").map((part, at) => (at === 0 ? "Node" : part))),
    tree: nodeTree(name, bytes, own?.[1] === bytes),
  }));
  const found = cluster ?? databaseOf(path, own![1]);
  const set = cluster?.set ?? { database: found.tree, checkpoints: [] };
  return {
    ...found,
    kind: "VSS set",
    name: path,
    tree: applyEdits(cluster?.tree ?? emptyKey("Set", 0n), edits, 0n),
    set,
  };
}

function nodeTree(name: string, bytes: Uint8Array, isDatabase: boolean): Key {
  if (isDatabase) return databaseOf(name, bytes).tree;
  if (isHive(bytes) || isContainer(bytes)) return storedTree(name, bytes);
  return buildKey({ name, lastWritten: 0n, values: [sz("Sha256", sha256(bytes))] });
}

/** Of a node's copy, which is a cluster database even when keys that others have are missing. */
function databaseOf(name: string, bytes: Uint8Array): Found {
  return database(name, readHive(bytes).root);
}

/** A damaged file of a set must not hide what is different elsewhere in it. */
function storedTree(file: string, bytes: Uint8Array): Key {
  try {
    return artefact(file, bytes).tree;
  } catch (error) {
    const values = [sz("Damaged", failureOf(error).happened), sz("Sha256", sha256(bytes))];
    return buildKey({ name: file, lastWritten: 0n, values });
  }
}

/** A whole set as one tree: its database, and each checkpoint under the name of its resource. */
function setTree(of: Key, checkpoints: readonly Stored[]): Key {
  const edits = checkpoints.map(({ version, tree }) => ({
    kind: "put-tree" as const,
    path: joinPath("Checkpoints", version.resourceName, placeName(version)),
    tree,
  }));
  const cluster = { kind: "put-tree" as const, path: "Cluster", tree: of };
  return applyEdits(emptyKey("Set", 0n), [cluster, ...edits], 0n);
}

/** Containers and folders have names that are no registry paths. */
function placeName({ kind, path }: NamedVersion): string {
  return kind === "CPT" ? path : path.replaceAll("\\", "/");
}

function partFor(side: Found, other: Found): Operand {
  if (side.set === undefined || other.set !== undefined) return side;
  if (other.kind === "cluster database") return { ...side, kind: "cluster database", tree: side.set.database };
  const { path } = other;
  if (path === undefined) throw noPart(side, other, "Compare with one of the files in the set's folder instead.");
  for (const { version, tree } of side.set.checkpoints) {
    const below = version.kind === "CPT" ? pathBelow(version.path, path) : undefined;
    const part = below === undefined ? undefined : findKey(tree, below);
    if (part !== undefined) return { ...side, tree: part, name: `${side.name}, checkpoint of ${version.resourceName}` };
  }
  const names = side.set.checkpoints.map(({ version }) => version.path);
  throw noPart(side, other, `It has ${names.length === 0 ? "no checkpoints" : `checkpoints of ${names.join(", ")}`}.`);
}

function pathBelow(above: string, path: string): string | undefined {
  const names = splitPath(path);
  const first = splitPath(above);
  const below = first.every((name, at) => sameName(name, names[at] ?? ""));
  return below ? joinPath(...names.slice(first.length)) : undefined;
}

function noPart(side: Found, other: Found, next: string): Failure {
  return fail("INVALID_PARAMETER", {
    happened: `The backup set ${side.name} has no part that goes with ${other.name}.`,
    unchanged: "Nothing was changed.",
    next,
  });
}
