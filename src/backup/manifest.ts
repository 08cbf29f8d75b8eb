/** `manifest.json`: what a set holds, with digests (docs/formats/backup-set.md). The only file that BackupClusterDatabase does not know. */
import { equalBytes } from "../base/bytes.ts";
import { sha256 } from "../base/digest.ts";
import { type Failure, fail } from "../base/errors.ts";
import type { VersionKind } from "../quorum/quorum.ts";
import { versionKinds } from "../quorum/rules.ts";
import { parseTag } from "../quorum/tag.ts";
import type { DeviceLayout } from "./device-layout.ts";
import { parseSetName } from "./set.ts";

/** A file of the set; every one but the manifest itself. */
export interface ManifestFile {
  /** Relative to the set's folder, with `/`. */
  readonly name: string;
  readonly sha256: string;
  readonly size: number;
}

/** A checkpoint version in the set. */
export interface ManifestCheckpoint {
  /** Resource GUID, lower case, no braces. */
  readonly resource: string;
  readonly resourceName: string;
  /** Below HKLM, Type\Name\Key, or that of a directory. */
  readonly path: string;
  readonly kind: VersionKind;
  readonly number: number;
  /** Whether it is what a resource gets before it comes online; otherwise it is kept as history. */
  readonly current: boolean;
  /** The name of its file in the set. */
  readonly file: string;
}

/** What `manifest.json` says. */
export interface Manifest {
  readonly cluster: { readonly name: string; readonly instance: string };
  readonly generation: number;
  readonly lineage: string;
  /** `generation:epoch:sequence` */
  readonly tag: string;
  /** Wall time in milliseconds. */
  readonly time: number;
  /** The node that wrote the set. */
  readonly node: string;
  /** Content digest of the database in the set (docs/formats/content-digest.md). */
  readonly contentDigest: string;
  readonly files: readonly ManifestFile[];
  readonly checkpoints: readonly ManifestCheckpoint[];
  /** Partitions of the device that the quorum was on. */
  readonly quorumDevice: DeviceLayout;
  /** What could not be captured or checked, one sentence each. */
  readonly notChecked: readonly string[];
}

const format = 1;

/** The bytes of the file; the same manifest gives the same bytes. */
export function encodeManifest(manifest: Manifest): Uint8Array {
  const { cluster, generation, lineage, tag, time, node, contentDigest, files, checkpoints, quorumDevice, notChecked } =
    manifest;
  const body = {
    format,
    cluster: { name: cluster.name, instance: cluster.instance },
    generation,
    lineage,
    tag,
    time,
    node,
    contentDigest,
    files: files.map(({ name, sha256: digest, size }) => ({ name, sha256: digest, size })),
    checkpoints: checkpoints.map(({ resource, resourceName, path, kind, number, current, file }) => ({
      resource,
      resourceName,
      path,
      kind,
      number,
      current,
      file,
    })),
    quorumDevice: quorumDevice.checked
      ? { checked: true, device: quorumDevice.device, partitions: quorumDevice.partitions }
      : { checked: false, why: quorumDevice.why },
    notChecked,
  };
  const digest = sha256(new TextEncoder().encode(JSON.stringify(body)));
  return new TextEncoder().encode(`${JSON.stringify({ ...body, digest }, null, 2)}\n`);
}

/** DATABASE_BACKUP_CORRUPT for anything that `encodeManifest` would not write, to the byte; VERSION_NOT_SUPPORTED for another format. */
export function decodeManifest(bytes: Uint8Array): Manifest {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes));
  } catch (error) {
    throw damaged("it is not JSON", error);
  }
  if (!isRecord(value)) throw damaged("it is not a JSON object");
  if (value["format"] !== format) {
    if (typeof value["format"] !== "number") throw damaged("it has no format number");
    throw fail("VERSION_NOT_SUPPORTED", {
      happened: `The backup set's manifest has format ${value["format"]}; this program reads format ${format}.`,
      unchanged: "Nothing was changed.",
      next: "Use the version of clubar that wrote it.",
    });
  }
  if (!isManifest(value)) throw damaged("a field is missing or of another type");
  if (!equalBytes(encodeManifest(value), bytes)) throw damaged("its own digest does not fit");
  return value;
}

function damaged(why: string, cause?: unknown): Failure {
  return fail("DATABASE_BACKUP_CORRUPT", {
    happened: `The backup set's manifest.json is damaged: ${why}.`,
    unchanged: "Nothing was changed.",
    next: "Use another copy of the set.",
    cause,
  });
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isManifest(value: Record<string, unknown>): value is Record<string, unknown> & Manifest {
  const { cluster, generation, lineage, tag, time, node, contentDigest, files, checkpoints, quorumDevice, notChecked } =
    value;
  return (
    isRecord(cluster) &&
    areTexts(cluster["name"], cluster["instance"], lineage, tag, node, contentDigest) &&
    parseTag(String(tag)) !== undefined &&
    areCounts(generation, time) &&
    isListOf(files, isFile) &&
    isListOf(checkpoints, isCheckpoint) &&
    isLayout(quorumDevice) &&
    isListOf(notChecked, (each) => typeof each === "string")
  );
}

function isListOf(value: unknown, isGood: (each: unknown) => boolean): boolean {
  return Array.isArray(value) && value.every(isGood);
}

function areTexts(...values: readonly unknown[]): boolean {
  return values.every((value) => typeof value === "string");
}

function areCounts(...values: readonly unknown[]): boolean {
  return values.every((value) => typeof value === "number" && Number.isFinite(value) && value >= 0);
}

function isFile(value: unknown): boolean {
  if (!isRecord(value) || typeof value["name"] !== "string" || parseSetName(value["name"]) === undefined) return false;
  return areTexts(value["sha256"]) && areCounts(value["size"]);
}

function isCheckpoint(value: unknown): boolean {
  if (!isRecord(value) || !versionKinds.some((kind) => kind === value["kind"])) return false;
  return (
    areTexts(value["resource"], value["resourceName"], value["path"], value["file"]) &&
    areCounts(value["number"]) &&
    typeof value["current"] === "boolean"
  );
}

function isLayout(value: unknown): boolean {
  if (!isRecord(value)) return false;
  if (value["checked"] === false) return areTexts(value["why"]);
  return (
    value["checked"] === true && areTexts(value["device"]) && isListOf(value["partitions"], (each) => areCounts(each))
  );
}
