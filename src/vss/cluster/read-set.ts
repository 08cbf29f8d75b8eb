/** Reads a VSS set and says of each part whether it is as it should be. Writes nothing. */
import {
  readSwap,
  requireFolder,
  setPath,
  setFile,
  type VerifyLine,
  type VerifyReport,
  verifyBackup,
} from "../../backup/backup.ts";
import { sha256 } from "../../base/digest.ts";
import { fail } from "../../base/errors.ts";
import { failureOf } from "../../base/failure-of.ts";
import { type Files, type Outside, OutsideError } from "../../base/outside.ts";
import { readHive } from "../../hive/index.ts";
import { isStagedName } from "../../restore/restore.ts";
import { vssEntries, vssFile, vssLayout } from "./layout.ts";
import { decodeVssManifest, type VssManifest } from "./manifest.ts";

/** All that could be read. */
export interface ExaminedVssSet {
  readonly path: string;
  readonly complete: boolean;
  readonly manifest: VssManifest | undefined;
  readonly lines: readonly VerifyLine[];
  /** By name, relative to the set. */
  readonly files: ReadonlyMap<string, Uint8Array>;
  /** Where the cluster's set is; undefined when there is none. */
  readonly clusterPath: string | undefined;
  /** One digest over all that the manifest lists: the same set has the same one. */
  readonly digest: string;
}

/** A set whose every part was found right. */
export interface VssSet extends ExaminedVssSet {
  readonly manifest: VssManifest;
}

/** Whether a folder holds, or began to hold, a VSS set. */
export async function isVssSet(files: Files, path: string): Promise<boolean> {
  for (const name of [vssFile.manifest, vssFile.marker])
    if ((await files.stat(`${path}/${name}`)) !== undefined) return true;
  // While one set takes the place of another, neither name need be there.
  return (await readSwap(files, path, vssLayout).catch(() => undefined)) !== undefined;
}

/** DIRECTORY or PATH_NOT_FOUND without a folder; what is damaged is in the lines. */
export async function examineVssSet({ files }: Pick<Outside, "files">, given: string): Promise<ExaminedVssSet> {
  const path = setPath(given);
  await requireFolder(files, path);
  const swap = await readSwap(files, path, vssLayout);
  const rootOf = async (entry: string): Promise<string> => {
    const young = swap === undefined ? undefined : `${path}/.new-${swap.id}`;
    return young !== undefined && (await files.stat(`${young}/${entry}`)) !== undefined ? young : path;
  };
  const roots = new Map<string, string>();
  for (const entry of vssEntries) roots.set(entry, await rootOf(entry));
  const at = (name: string): string => `${roots.get(name.split("/", 1)[0] ?? "") ?? path}/${name}`;
  const lines: VerifyLine[] = [];
  const complete = await judgeMarker(files, at(vssFile.marker), lines);
  const manifest = await readManifest(files, at(vssFile.manifest), lines);
  for (const what of [vssFile.node, vssFile.writers, vssFile.cluster]) {
    const isLink = (await files.stat(at(what)))?.kind === "link";
    if (isLink) lines.push({ what, result: "DAMAGED", detail: "it is a link; links are not followed" });
  }
  const contents = new Map<string, Uint8Array>();
  for (const file of manifest?.files ?? []) {
    const { line, bytes } = await judgeFile(files, at(file.name), file);
    lines.push(line);
    if (bytes !== undefined) contents.set(file.name, bytes);
  }
  const clusterPath = manifest?.clusterTag === undefined ? undefined : at(vssFile.cluster);
  if (clusterPath !== undefined) lines.push(...(await judgeCluster(files, clusterPath)));
  for (const one of manifest?.notChecked ?? []) lines.push({ what: "backup", result: "NOT CHECKED", detail: one });
  const list = (manifest?.files ?? []).map(({ name, sha256: digest }) => `${digest} ${name}\n`);
  return {
    path,
    complete,
    manifest,
    lines,
    files: contents,
    clusterPath,
    digest: sha256(new TextEncoder().encode(list.join(""))),
  };
}

async function judgeMarker(files: Files, path: string, lines: VerifyLine[]): Promise<boolean> {
  const found = await files.stat(path);
  const ok = found?.kind === "file" && found.size === 0;
  const detail = ok ? "the backup was finished" : "the completion marker is missing: this backup was never finished";
  lines.push({ what: vssFile.marker, result: ok ? "OK" : "DAMAGED", detail });
  return ok;
}

async function readManifest(files: Files, path: string, lines: VerifyLine[]): Promise<VssManifest | undefined> {
  const what = vssFile.manifest;
  const kind = (await files.stat(path))?.kind ?? "file";
  if (kind !== "file") {
    lines.push({ what, result: "DAMAGED", detail: "it is no file; links are not followed" });
    return undefined;
  }
  try {
    const manifest = decodeVssManifest(await files.read(path));
    const { node, cluster } = manifest;
    lines.push({ what, result: "OK", detail: `node ${node.name} of cluster ${cluster.name}` });
    return manifest;
  } catch (error) {
    const failure = failureOf(error);
    if (failure.name === "VERSION_NOT_SUPPORTED") throw failure;
    const gone = error instanceof OutsideError && error.code === "ENOENT";
    lines.push({ what, result: "DAMAGED", detail: gone ? "it is missing" : failure.happened });
    return undefined;
  }
}

async function judgeFile(
  files: Files,
  path: string,
  { name: what, sha256: digest, size }: VssManifest["files"][number],
): Promise<{ readonly line: VerifyLine; readonly bytes?: Uint8Array }> {
  const damaged = (detail: string): { readonly line: VerifyLine } => ({ line: { what, result: "DAMAGED", detail } });
  const stat = await files.stat(path);
  if (stat === undefined) return damaged("it is missing");
  if (stat.kind !== "file") return damaged("it is no file; links are not followed");
  let bytes: Uint8Array;
  try {
    bytes = await files.read(path);
  } catch (error) {
    return damaged(`it can't be read: ${failureOf(error).happened}`);
  }
  if (bytes.length !== size) return damaged(`it has ${bytes.length} bytes instead of ${size}`);
  if (sha256(bytes) !== digest) return damaged("its bytes do not have the digest in the manifest");
  const inside = insideOf(what, bytes);
  return inside === undefined ? { line: { what, result: "OK", detail: `${size} bytes` }, bytes } : damaged(inside);
}

/** What is wrong within a file whose bytes are as they were written. */
function insideOf(name: string, bytes: Uint8Array): string | undefined {
  const inner = name.startsWith(`${vssFile.node}/`) ? name.slice(vssFile.node.length + 1) : undefined;
  if (inner === undefined) return undefined;
  if (!isStagedName(inner)) return "it is no file of a node";
  if (inner !== "ClusDb" && !inner.startsWith("registry/")) return undefined;
  try {
    readHive(bytes);
    return undefined;
  } catch (error) {
    return `it is no whole hive: ${failureOf(error).happened}`;
  }
}

async function judgeCluster(files: Files, path: string): Promise<VerifyLine[]> {
  try {
    const { lines } = await verifyBackup({ files }, path);
    return lines.map((line) => ({ ...line, what: `${vssFile.cluster}/${line.what}` }));
  } catch (error) {
    return [{ what: vssFile.cluster, result: "DAMAGED", detail: failureOf(error).happened }];
  }
}

/** Checks a set part by part. DATABASE_BACKUP_CORRUPT when it was never finished; damage is in the report. */
export async function verifyVssSet(outside: Pick<Outside, "files">, path: string): Promise<VerifyReport> {
  const found = await examineVssSet(outside, path);
  await requireFinished(outside.files, found);
  const damaged = found.lines.filter(({ result }) => result === "DAMAGED").length;
  const notChecked = found.lines.filter(({ result }) => result === "NOT CHECKED").length;
  return { path: found.path, ok: damaged === 0, damaged, notChecked, lines: found.lines };
}

/** DATABASE_BACKUP_CORRUPT, naming what, when any part is damaged. */
export async function readVssSet(outside: Pick<Outside, "files">, path: string): Promise<VssSet> {
  const found = await examineVssSet(outside, path);
  await requireFinished(outside.files, found);
  const damage = damageOf(found);
  if (damage.length === 0 && found.manifest !== undefined) return { ...found, manifest: found.manifest };
  throw fail("DATABASE_BACKUP_CORRUPT", {
    happened: `The VSS set ${found.path} is damaged: ${damage.join("; ")}.`,
    unchanged: "Nothing was changed.",
    next: "Use another copy of the set, or another set.",
  });
}

/** Damaged parts, a sentence's part each. */
export function damageOf({ lines }: ExaminedVssSet): string[] {
  return lines.filter(({ result }) => result === "DAMAGED").map(({ what, detail }) => `${what}: ${detail}`);
}

async function requireFinished(files: Files, found: ExaminedVssSet): Promise<void> {
  if (found.complete) return;
  if ((await files.stat(`${found.path}/${setFile.marker}`)) !== undefined) {
    throw fail("DATABASE_BACKUP_CORRUPT", {
      happened: `${found.path} is a set of clubar backup, not a VSS set: it holds the cluster and no node.`,
      unchanged: "Nothing was changed.",
      next: `To restore the cluster from it: clubar restore ${found.path} noforce`,
    });
  }
  throw fail("DATABASE_BACKUP_CORRUPT", {
    happened: `${found.path} holds no finished VSS backup: the completion marker ${vssFile.marker} is missing.`,
    unchanged: "Nothing was changed.",
    next: "Use another set, or take the backup again.",
  });
}
