/** Reads a set once and says of each part whether it is as it should be. Writes nothing. */
import { sha256, sha256OfChunks } from "../base/digest.ts";
import { Failure } from "../base/errors.ts";
import { failureOf } from "../base/failure-of.ts";
import type { Files, Outside } from "../base/outside.ts";
import { scanJournal } from "../base/journal-format.ts";
import { tagValueName } from "../database/apply.ts";
import { readState } from "../database/state.ts";
import { HiveError, readHive } from "../hive/index.ts";
import { decodeHeader } from "../quorum/disk/log-codec.ts";
import { formatTag, parseTag, type Tag } from "../quorum/tag.ts";
import { contentDigest } from "../tree/content.ts";
import { childOf, type Key, valueOf } from "../tree/key.ts";
import { textOf } from "../tree/value.ts";
import { decodeManifest, type Manifest, type ManifestFile } from "./manifest.ts";
import { fileOfVersion, namedVersions } from "./named-versions.ts";
import { requireFolder } from "./place.ts";
import { listSet, parseSetName, setFile, type SetName, type SetListing, swapFile, hasCode } from "./set.ts";
import { readSwap, type Swap } from "./swap.ts";

/** NOT CHECKED is never OK: it says that nobody could look, and why. */
export interface VerifyLine {
  readonly what: string;
  readonly result: "OK" | "DAMAGED" | "NOT CHECKED";
  readonly detail: string;
}

/** A version file of a set, as it was read. */
export interface SetVersion {
  /** `{GUID}/0000000a.CPT` */
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** All that could be read of a set. */
export interface Examined {
  readonly path: string;
  readonly lines: readonly VerifyLine[];
  /** The completion marker is there. */
  readonly complete: boolean;
  readonly manifest: Manifest | undefined;
  readonly tree: Key | undefined;
  readonly tag: Tag | undefined;
  /** Versions that the database names, read and, where there is a digest, compared with it. */
  readonly versions: readonly SetVersion[];
  readonly files: readonly ManifestFile[];
  /** One digest over names and contents of all files: the same set has the same one. */
  readonly digest: string;
  /** Names of other files in the folder. */
  readonly foreign: readonly string[];
}

const attempts = 5;

/** Fails with DIRECTORY or PATH_NOT_FOUND when there is no folder. What is damaged is in the lines. */
export async function examineSet({ files }: Pick<Outside, "files">, path: string): Promise<Examined> {
  await requireFolder(files, path);
  for (let attempt = 1; ; attempt++) {
    const before = await fingerprint(files, path);
    const found = await examineOnce(files, path);
    // A set that was swapped while it was read looks damaged: then it is read again.
    if (attempt === attempts || before === (await fingerprint(files, path))) return found;
  }
}

async function fingerprint(files: Files, path: string): Promise<string> {
  const of = await Promise.all([swapFile, setFile.manifest, setFile.marker, setFile.snapshot].map((name) => files.stat(`${path}/${name}`)));
  return of.map((stat) => (stat === undefined ? "none" : `${stat.inode} ${stat.size} ${stat.modified}`)).join("\n");
}

interface Read {
  readonly name: string;
  readonly parsed: SetName;
  readonly bytes: Uint8Array;
  readonly sha256: string;
}

async function examineOnce(files: Files, path: string): Promise<Examined> {
  const lines: VerifyLine[] = [];
  const swap = await readSwap(files, path);
  const listing = await listSet(files, path);
  const read = await readAll(files, path, swap, listing, lines);
  const marker = read.find(({ parsed }) => parsed.kind === "marker");
  lines.push(markerLine(marker));
  const manifest = readManifest(read, lines);
  checkFiles(read, manifest, lines);
  const tree = readTree(read, manifest, lines);
  const tag = tree === undefined ? undefined : parseTag(textOf(valueOf(tree, tagValueName)) ?? "");
  checkLog(read, manifest, lines);
  const versions = tree === undefined ? [] : checkVersions(read, tree, manifest, lines);
  if (manifest !== undefined) lines.push(...remarks(manifest));
  const list = read.filter(({ parsed }) => parsed.kind !== "manifest").map(({ name, sha256: digest, bytes }) => ({ name, sha256: digest, size: bytes.length }));
  const digest = sha256(new TextEncoder().encode(read.map((each) => `${each.sha256} ${each.name}\n`).join("")));
  return { path, lines, complete: marker !== undefined, manifest, tree, tag, versions, files: list, digest, foreign: listing.foreign };
}

/** Every file of the set that counts: of the new one when a swap is under way, wherever its files are by now. */
async function readAll(files: Files, path: string, swap: Swap | undefined, listing: SetListing, lines: VerifyLine[]): Promise<Read[]> {
  const read: Read[] = [];
  const names = swap === undefined ? listing.names : swap.new;
  for (const name of names.toSorted()) {
    const parsed = parseSetName(name);
    if (parsed === undefined) continue;
    try {
      const bytes = await readOne(files, path, swap, name);
      read.push({ name, parsed, bytes, sha256: sha256(bytes) });
    } catch (error) {
      lines.push({ what: name, result: "DAMAGED", detail: `it can't be read: ${failureOf(error).happened}` });
    }
  }
  for (const name of listing.odd) {
    lines.push({ what: name, result: "DAMAGED", detail: "it is a link or a device, not a file; links are not followed" });
  }
  return read;
}

async function readOne(files: Files, path: string, swap: Swap | undefined, name: string): Promise<Uint8Array> {
  if (swap === undefined) return files.read(`${path}/${name}`);
  try {
    return await files.read(`${path}/.new-${swap.id}/${name}`);
  } catch (error) {
    if (!hasCode(error, "ENOENT")) throw error;
    return files.read(`${path}/${name}`);
  }
}

function markerLine(marker: Read | undefined): VerifyLine {
  const what = setFile.marker;
  if (marker === undefined) return { what, result: "DAMAGED", detail: "the completion marker is missing: this backup was never finished" };
  if (marker.bytes.length > 0) return { what, result: "DAMAGED", detail: `the completion marker has ${marker.bytes.length} bytes; it must be empty` };
  return { what, result: "OK", detail: "the backup was finished" };
}

function readManifest(read: readonly Read[], lines: VerifyLine[]): Manifest | undefined {
  const what = setFile.manifest;
  const found = read.find(({ parsed }) => parsed.kind === "manifest");
  if (found === undefined) {
    lines.push({ what, result: "NOT CHECKED", detail: "there is none, so no digest of the set's files is known" });
    return undefined;
  }
  try {
    const manifest = decodeManifest(found.bytes);
    lines.push({ what, result: "OK", detail: `tag ${manifest.tag}, taken by node ${manifest.node}` });
    return manifest;
  } catch (error) {
    if (!(error instanceof Failure) || error.name === "VERSION_NOT_SUPPORTED") throw error;
    lines.push({ what, result: "DAMAGED", detail: error.happened });
    return undefined;
  }
}

function checkFiles(read: readonly Read[], manifest: Manifest | undefined, lines: VerifyLine[]): void {
  const expected = new Map(manifest?.files.map((file) => [file.name, file]));
  for (const { name, parsed, bytes, sha256: digest } of read) {
    if (parsed.kind === "manifest" || parsed.kind === "marker") continue;
    const file = expected.get(name);
    if (manifest === undefined) lines.push({ what: name, result: "NOT CHECKED", detail: `${bytes.length} bytes, no digest is known` });
    else if (file === undefined) lines.push({ what: name, result: "DAMAGED", detail: "it is not in the manifest: it does not belong to this set" });
    else if (file.size !== bytes.length) lines.push({ what: name, result: "DAMAGED", detail: `it has ${bytes.length} bytes instead of ${file.size}` });
    else if (file.sha256 !== digest) lines.push({ what: name, result: "DAMAGED", detail: "its bytes do not have the digest in the manifest" });
    else lines.push({ what: name, result: "OK", detail: `${bytes.length} bytes, sha256 ${digest}` });
  }
  const there = new Set(read.map(({ name }) => name));
  for (const { name } of expected.values()) {
    if (!there.has(name)) lines.push({ what: name, result: "DAMAGED", detail: "it is missing" });
  }
}

function newestSnapshot(read: readonly Read[]): Read | undefined {
  const number = (each: Read): number => (each.parsed.kind === "snapshot" ? each.parsed.number : -1);
  return read.filter(({ parsed }) => parsed.kind === "snapshot").sort((a, b) => number(a) - number(b)).at(-1);
}

function readTree(read: readonly Read[], manifest: Manifest | undefined, lines: VerifyLine[]): Key | undefined {
  const what = "cluster database";
  const snapshot = newestSnapshot(read);
  if (snapshot === undefined) {
    lines.push({ what, result: "DAMAGED", detail: "there is no snapshot (chk????.tmp) in the set" });
    return undefined;
  }
  try {
    const { root, dirty } = readHive(snapshot.bytes);
    lines.push({ what, ...judgeTree(root, dirty, manifest) });
    return root;
  } catch (error) {
    if (!(error instanceof HiveError)) throw error;
    lines.push({ what, result: "DAMAGED", detail: `${snapshot.name} is no registry hive: ${error.message}` });
    return undefined;
  }
}

function judgeTree(root: Key, dirty: boolean, manifest: Manifest | undefined): Pick<VerifyLine, "result" | "detail"> {
  const { cluster, nodes, groups, resources } = readState(root);
  const counts = `${nodes.size} nodes, ${groups.size} groups, ${resources.size} resources`;
  if (dirty) return { result: "DAMAGED", detail: "the hive was not written to its end" };
  if (childOf(root, "Nodes") === undefined || nodes.size === 0) return { result: "DAMAGED", detail: "the hive is no cluster database: it names no node" };
  if (manifest === undefined) return { result: "NOT CHECKED", detail: `the hive opens (${counts}), but no digest of it is known` };
  if (contentDigest(root, sha256OfChunks) !== manifest.contentDigest) return { result: "DAMAGED", detail: "the hive opens but does not have the content digest in the manifest" };
  const tag = textOf(valueOf(root, tagValueName));
  if (tag !== manifest.tag) return { result: "DAMAGED", detail: `the database has the tag ${tag ?? "none"}, the manifest ${manifest.tag}` };
  if (cluster.instance !== manifest.cluster.instance) return { result: "DAMAGED", detail: "the database and the manifest are of different clusters" };
  return { result: "OK", detail: `opens, content as in the manifest: ${counts}` };
}

function checkLog(read: readonly Read[], manifest: Manifest | undefined, lines: VerifyLine[]): void {
  const what = "quorum log";
  const log = read.find(({ parsed }) => parsed.kind === "log");
  if (log === undefined) {
    lines.push({ what, result: "DAMAGED", detail: "quolog.log is missing" });
    return;
  }
  try {
    const { header, records, end } = scanJournal(log.bytes, log.name);
    const { instance, first, snapshot, sha256: digest } = decodeHeader(log.name, header);
    const why = logFault();
    lines.push(why === undefined ? { what, result: "OK", detail: `empty, begins at tag ${formatTag(first)}` } : { what, result: "DAMAGED", detail: why });

    function logFault(): string | undefined {
      const hive = newestSnapshot(read);
      if (records.length > 0 || end !== log?.bytes.length) return "it should have no records: the snapshot of a set stands for everything";
      if (hive !== undefined && (snapshot !== hive.name || digest !== hive.sha256)) return "it begins at another snapshot than the one in the set";
      if (manifest !== undefined && (formatTag(first) !== manifest.tag || instance !== manifest.cluster.instance)) return "it is not of this set";
      return undefined;
    }
  } catch (error) {
    const { happened } = failureOf(error);
    // A log that Windows wrote has another format; its snapshot is what gets restored.
    const damaged = manifest !== undefined || log.bytes.length === 0 || String.fromCharCode(...log.bytes.subarray(0, 4)) === "CLBJ";
    lines.push({ what, result: damaged ? "DAMAGED" : "NOT CHECKED", detail: damaged ? happened : "its format is not clubar's; changes in it are not restored" });
  }
}

function checkVersions(read: readonly Read[], tree: Key, manifest: Manifest | undefined, lines: VerifyLine[]): SetVersion[] {
  const byFile = new Map<string, Read>();
  for (const each of read) {
    const { parsed } = each;
    if (parsed.kind === "version") byFile.set(fileOfVersion({ resource: parsed.resource, number: parsed.number, kind: parsed.type }), each);
  }
  const kept: SetVersion[] = [];
  for (const version of namedVersions(tree)) {
    const name = fileOfVersion(version);
    const what = `checkpoint ${version.path} of ${version.resourceName}, version ${version.number}`;
    const found = byFile.get(name);
    byFile.delete(name);
    if (found === undefined) {
      if (version.current) lines.push({ what, result: "DAMAGED", detail: `its file ${name} is missing` });
      else lines.push({ what, result: "NOT CHECKED", detail: `this older version is not in the set; it will not be in the history after a restore` });
      continue;
    }
    kept.push({ name, bytes: found.bytes });
    if (version.fileDigest === "") lines.push({ what, ...judgeUnknown(version.kind, found.bytes) });
    else if (version.fileDigest === found.sha256) lines.push({ what, result: "OK", detail: "its file has the digest in the database" });
    else lines.push({ what, result: "DAMAGED", detail: `its file ${name} does not have the digest in the database` });
  }
  for (const [name, { name: spelled }] of byFile) {
    if (manifest === undefined) lines.push({ what: spelled, result: "NOT CHECKED", detail: `nothing in the database names ${name}; it is not restored` });
    else if (manifest.files.some((file) => file.name === spelled)) lines.push({ what: spelled, result: "DAMAGED", detail: "nothing in the database names it" });
  }
  return kept;
}

function judgeUnknown(kind: "CPT" | "CPR", bytes: Uint8Array): Pick<VerifyLine, "result" | "detail"> {
  if (kind === "CPR") return { result: "NOT CHECKED", detail: "the database has no digest of it" };
  try {
    readHive(bytes);
    return { result: "NOT CHECKED", detail: "its hive opens, but the database has no digest of it" };
  } catch (error) {
    if (!(error instanceof HiveError)) throw error;
    return { result: "DAMAGED", detail: `it is no registry hive: ${error.message}` };
  }
}

function remarks(manifest: Manifest): VerifyLine[] {
  const device: VerifyLine = manifest.quorumDevice.checked
    ? { what: "quorum disk layout", result: "OK", detail: `${manifest.quorumDevice.partitions.length} partitions are recorded` }
    : { what: "quorum disk layout", result: "NOT CHECKED", detail: manifest.quorumDevice.why };
  return [device, ...manifest.notChecked.map((detail): VerifyLine => ({ what: "at the time of the backup", result: "NOT CHECKED", detail }))];
}
