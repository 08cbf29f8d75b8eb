/** `vss.json`: what a VSS set holds, with digests, and the backup's type and state, which the documents don't keep. */
import { sha256 } from "../../base/digest.ts";
import { fail } from "../../base/errors.ts";
import type { BackupState } from "../component.ts";

/** A file of the set. */
export interface VssSetFile {
  /** Relative to the set's folder, with `/`. */
  readonly name: string;
  readonly sha256: string;
  readonly size: number;
}

/** What `vss.json` says. */
export interface VssManifest {
  /** Wall time in milliseconds. */
  readonly time: number;
  readonly cluster: { readonly name: string; readonly instance: string };
  readonly node: { readonly id: string; readonly name: string };
  /** What GetNodeClusterState said: 19, or 3 for a node that was backed up as a stand-alone server. */
  readonly nodeClusterState: number;
  readonly clusDb: { readonly tag: string; readonly lineage: string } | undefined;
  /** Tag of the set in `cluster`. */
  readonly clusterTag: string | undefined;
  readonly backupState: BackupState;
  readonly snapshotSetId: string | undefined;
  /** All files but this one, the marker, and those that the manifest in `cluster` lists. */
  readonly files: readonly VssSetFile[];
  /** What could not be captured or checked, one sentence each. */
  readonly notChecked: readonly string[];
}

const format = 1;

/** The bytes of the file. */
export function encodeVssManifest(manifest: VssManifest): Uint8Array {
  const { time, cluster, node, nodeClusterState, clusDb, clusterTag, backupState, snapshotSetId } = manifest;
  const { files, notChecked } = manifest;
  const body = {
    format,
    time,
    cluster: { name: cluster.name, instance: cluster.instance },
    node: { id: node.id, name: node.name },
    nodeClusterState,
    clusDb: clusDb === undefined ? null : { tag: clusDb.tag, lineage: clusDb.lineage },
    clusterTag: clusterTag ?? null,
    backupState: {
      selectComponents: backupState.selectComponents,
      bootableSystemState: backupState.bootableSystemState,
      backupType: backupState.backupType,
      partialFileSupport: backupState.partialFileSupport,
    },
    snapshotSetId: snapshotSetId ?? null,
    files: files.map(({ name, sha256: digest, size }) => ({ name, sha256: digest, size })),
    notChecked,
  };
  const digest = sha256(new TextEncoder().encode(JSON.stringify(body)));
  return new TextEncoder().encode(`${JSON.stringify({ ...body, digest }, null, 2)}\n`);
}

/** DATABASE_BACKUP_CORRUPT for anything that `encodeVssManifest` would not write; VERSION_NOT_SUPPORTED for another format. */
export function decodeVssManifest(bytes: Uint8Array): VssManifest {
  let value: Record<string, unknown>;
  try {
    value = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes)) as Record<string, unknown>;
  } catch (cause) {
    throw damaged("it is not JSON", cause);
  }
  const version = (value as { format?: unknown } | null)?.format;
  if (typeof version === "number" && version !== format) {
    throw fail("VERSION_NOT_SUPPORTED", {
      happened: `The VSS set's vss.json has format ${version}; this program reads format ${format}.`,
      unchanged: "Nothing was changed.",
      next: "Use the version of clubar that wrote it.",
    });
  }
  try {
    const manifest = { ...value, ...optionals(value) } as unknown as VssManifest;
    if (sha256(encodeVssManifest(manifest)) === sha256(bytes)) return manifest;
  } catch (cause) {
    throw damaged("a field is missing or of another type", cause);
  }
  throw damaged("its own digest does not fit");
}

function optionals(value: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(["clusDb", "clusterTag", "snapshotSetId"].map((name) => [name, value[name] ?? undefined]));
}

function damaged(why: string, cause?: unknown): Error {
  return fail("DATABASE_BACKUP_CORRUPT", {
    happened: `The VSS set's vss.json is damaged: ${why}.`,
    unchanged: "Nothing was changed.",
    next: "Use another copy of the set.",
    cause,
  });
}
