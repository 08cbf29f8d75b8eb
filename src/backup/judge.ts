/** What is said of each part of a set that was read. Pure over bytes. */
import { sha256OfChunks } from "../base/digest.ts";
import { Failure } from "../base/errors.ts";
import { failureOf } from "../base/failure-of.ts";
import { scanJournal } from "../base/journal-format.ts";
import { tagValueName } from "../database/apply.ts";
import { readState } from "../database/state.ts";
import { HiveError, readHive } from "../hive/index.ts";
import { decodeHeader } from "../quorum/disk/log-codec.ts";
import type { VersionKind } from "../quorum/quorum.ts";
import { formatTag } from "../quorum/tag.ts";
import { contentDigest } from "../tree/content.ts";
import { childOf, type Key, valueOf } from "../tree/key.ts";
import { textOf } from "../tree/value.ts";
import { decodeManifest, type Manifest } from "./manifest.ts";
import { fileOfVersion, type NamedVersion, namedVersions } from "./named-versions.ts";
import { setFile, type SetName } from "./set.ts";

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

/** A file of a set, as it was read. */
export interface Read {
  readonly name: string;
  readonly parsed: SetName;
  readonly bytes: Uint8Array;
  readonly sha256: string;
}

/** Whether the backup was finished. */
export function markerLine(marker: Read | undefined): VerifyLine {
  const what = setFile.marker;
  const damaged = (detail: string): VerifyLine => ({ what, result: "DAMAGED", detail });
  if (marker === undefined) return damaged("the completion marker is missing: this backup was never finished");
  if (marker.bytes.length > 0)
    return damaged(`the completion marker has ${marker.bytes.length} bytes; it must be empty`);
  return { what, result: "OK", detail: "the backup was finished" };
}

/** undefined when there is none or it is damaged; VERSION_NOT_SUPPORTED for one of another format. */
export function readManifest(read: readonly Read[], lines: VerifyLine[]): Manifest | undefined {
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

/** Every file against the manifest, both ways. */
export function checkFiles(read: readonly Read[], manifest: Manifest | undefined, lines: VerifyLine[]): void {
  const expected = new Map(manifest?.files.map((file) => [file.name, file]));
  for (const { name: what, parsed, bytes, sha256: digest } of read) {
    if (parsed.kind === "manifest" || parsed.kind === "marker") continue;
    const file = expected.get(what);
    const damaged = (detail: string): number => lines.push({ what, result: "DAMAGED", detail });
    if (manifest === undefined)
      lines.push({ what, result: "NOT CHECKED", detail: `${bytes.length} bytes, no digest is known` });
    else if (file === undefined) damaged("it is not in the manifest: it does not belong to this set");
    else if (file.size !== bytes.length) damaged(`it has ${bytes.length} bytes instead of ${file.size}`);
    else if (file.sha256 !== digest) damaged("its bytes do not have the digest in the manifest");
    else lines.push({ what, result: "OK", detail: `${bytes.length} bytes, sha256 ${digest}` });
  }
  const there = new Set(read.map(({ name }) => name));
  for (const { name } of expected.values()) {
    if (!there.has(name)) lines.push({ what: name, result: "DAMAGED", detail: "it is missing" });
  }
}

function newestSnapshot(read: readonly Read[]): Read | undefined {
  const number = (each: Read): number => (each.parsed.kind === "snapshot" ? each.parsed.number : -1);
  return read
    .filter(({ parsed }) => parsed.kind === "snapshot")
    .sort((a, b) => number(a) - number(b))
    .at(-1);
}

/** The database; undefined when there is none to be read. */
export function readTree(read: readonly Read[], manifest: Manifest | undefined, lines: VerifyLine[]): Key | undefined {
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
  const counted = (size: number, noun: string): string => `${size} ${noun}${size === 1 ? "" : "s"}`;
  const counts = `${counted(nodes.size, "node")}, ${counted(groups.size, "group")}, ${counted(resources.size, "resource")}`;
  const damaged = (detail: string): Pick<VerifyLine, "result" | "detail"> => ({ result: "DAMAGED", detail });
  if (dirty) return damaged("the hive was not written to its end");
  if (childOf(root, "Nodes") === undefined || nodes.size === 0)
    return damaged("the hive is no cluster database: it names no node");
  if (manifest === undefined)
    return { result: "NOT CHECKED", detail: `the hive opens (${counts}), but no digest of it is known` };
  if (contentDigest(root, sha256OfChunks) !== manifest.contentDigest) {
    return damaged("the hive opens but does not have the content digest in the manifest");
  }
  const tag = textOf(valueOf(root, tagValueName));
  if (tag !== manifest.tag) return damaged(`the database has the tag ${tag ?? "none"}, the manifest ${manifest.tag}`);
  if (cluster.instance !== manifest.cluster.instance)
    return damaged("the database and the manifest are of different clusters");
  return { result: "OK", detail: `opens, content as in the manifest: ${counts}` };
}

/** The log belongs to the snapshot and holds nothing else. */
export function checkLog(read: readonly Read[], manifest: Manifest | undefined, lines: VerifyLine[]): void {
  const what = "quorum log";
  const log = read.find(({ parsed }) => parsed.kind === "log");
  if (log === undefined) {
    lines.push({ what, result: "DAMAGED", detail: "quolog.log is missing" });
    return;
  }
  try {
    const { first } = decodeHeader(log.name, scanJournal(log.bytes, log.name).header);
    const why = logFault(log, newestSnapshot(read), manifest);
    if (why === undefined) lines.push({ what, result: "OK", detail: `empty, begins at tag ${formatTag(first)}` });
    else lines.push({ what, result: "DAMAGED", detail: why });
  } catch (error) {
    const { happened } = failureOf(error);
    // A log that Windows wrote has another format; its snapshot is what gets restored.
    const isOurs =
      manifest !== undefined || log.bytes.length === 0 || String.fromCharCode(...log.bytes.subarray(0, 4)) === "CLBJ";
    if (isOurs) lines.push({ what, result: "DAMAGED", detail: happened });
    else
      lines.push({ what, result: "NOT CHECKED", detail: "its format is not clubar's; changes in it are not restored" });
  }
}

function logFault(log: Read, hive: Read | undefined, manifest: Manifest | undefined): string | undefined {
  const { header, records, end } = scanJournal(log.bytes, log.name);
  const { instance, first, snapshot, sha256: digest } = decodeHeader(log.name, header);
  if (records.length > 0 || end !== log.bytes.length)
    return "it should have no records: the snapshot of a set stands for everything";
  if (hive !== undefined && (snapshot !== hive.name || digest !== hive.sha256))
    return "it begins at another snapshot than the one in the set";
  const isOfSet =
    manifest === undefined || (formatTag(first) === manifest.tag && instance === manifest.cluster.instance);
  return isOfSet ? undefined : "it is not of this set";
}

/** Every version that the database names; returns those that are there. */
export function checkVersions(
  read: readonly Read[],
  tree: Key,
  manifest: Manifest | undefined,
  lines: VerifyLine[],
): SetVersion[] {
  const byFile = new Map<string, Read>();
  for (const each of read) {
    const { parsed } = each;
    if (parsed.kind === "version")
      byFile.set(fileOfVersion({ resource: parsed.resource, number: parsed.number, kind: parsed.type }), each);
  }
  const kept: SetVersion[] = [];
  for (const version of namedVersions(tree)) {
    const name = fileOfVersion(version);
    const what = `checkpoint ${version.path} of ${version.resourceName}, version ${version.number}`;
    const found = byFile.get(name);
    byFile.delete(name);
    lines.push({ what, ...judgeVersion(version, name, found) });
    if (found !== undefined) kept.push({ name, bytes: found.bytes });
  }
  for (const [name, { name: what }] of byFile) {
    const detail = `nothing in the database names ${name}; it is not restored`;
    const isListed = manifest?.files.some((file) => file.name === what) === true;
    if (manifest === undefined || isListed) lines.push({ what, result: isListed ? "DAMAGED" : "NOT CHECKED", detail });
  }
  return kept;
}

function judgeVersion(
  version: NamedVersion,
  name: string,
  found: Read | undefined,
): Pick<VerifyLine, "result" | "detail"> {
  if (found === undefined && version.current) return { result: "DAMAGED", detail: `its file ${name} is missing` };
  if (found === undefined) {
    return {
      result: "NOT CHECKED",
      detail: "this older version is not in the set; it leaves the history with a restore",
    };
  }
  if (version.fileDigest === "") return judgeUnknown(version.kind, found.bytes);
  if (version.fileDigest === found.sha256) return { result: "OK", detail: "its file has the digest in the database" };
  return { result: "DAMAGED", detail: `its file ${name} does not have the digest in the database` };
}

function judgeUnknown(kind: VersionKind, bytes: Uint8Array): Pick<VerifyLine, "result" | "detail"> {
  if (kind === "CPR") return { result: "NOT CHECKED", detail: "the database has no digest of it" };
  try {
    readHive(bytes);
    return { result: "NOT CHECKED", detail: "its hive opens, but the database has no digest of it" };
  } catch (error) {
    if (!(error instanceof HiveError)) throw error;
    return { result: "DAMAGED", detail: `it is no registry hive: ${error.message}` };
  }
}

/** What the taker itself could not check. */
export function remarks(manifest: Manifest): VerifyLine[] {
  const device: VerifyLine = manifest.quorumDevice.checked
    ? {
        what: "quorum disk layout",
        result: "OK",
        detail: `${manifest.quorumDevice.partitions.length} partitions are recorded`,
      }
    : { what: "quorum disk layout", result: "NOT CHECKED", detail: manifest.quorumDevice.why };
  return [
    device,
    ...manifest.notChecked.map(
      (detail): VerifyLine => ({ what: "at the time of the backup", result: "NOT CHECKED", detail }),
    ),
  ];
}
