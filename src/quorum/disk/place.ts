/** Paths of the quorum folder and the one-line file `current` that names the generation in force (docs/formats/quorum-folder.md). */
import { createFileDurably, writeFileDurably } from "../../base/durable.ts";
import { fail } from "../../base/errors.ts";
import { OutsideError } from "../../base/outside.ts";
import type { Files, Outside, Random } from "../../base/outside.ts";
import type { ClusterIdentity } from "../quorum.ts";
import { noCluster } from "../rules.ts";

/** What the quorum directory needs of the outside. */
export type DiskOutside = Pick<Outside, "files" | "random">;

/** One generation's folder: everything but `current` lives in it. */
export interface GenerationFolder {
  readonly files: Files;
  readonly random: Random;
  /** The quorum folder. */
  readonly place: string;
  /** `1-<lineage>` */
  readonly name: string;
  /** `<place>/generation/<name>` */
  readonly path: string;
}

/** Whether an error is the outside's, with that POSIX name. */
export function hasCode(error: unknown, code: string): boolean {
  return error instanceof OutsideError && error.code === code;
}

/** The folder of a generation, which need not exist. */
export function generationFolder(outside: DiskOutside, place: string, name: string): GenerationFolder {
  return { files: outside.files, random: outside.random, place, name, path: `${place}/generation/${name}` };
}

/** The one-line file. It is always replaced, never written in place. */
export function currentPath(place: string): string {
  return `${place}/current`;
}

/** The name of the generation in force; undefined when no cluster was ever created here. */
export async function currentName(files: Files, place: string): Promise<string | undefined> {
  const path = currentPath(place);
  let bytes: Uint8Array;
  try {
    bytes = await files.read(path);
  } catch (error) {
    if (hasCode(error, "ENOENT") || hasCode(error, "ENOTDIR")) return undefined;
    throw error;
  }
  const match = /^([0-9]+-[0-9a-f-]{36})\n$/.exec(new TextDecoder().decode(bytes));
  if (match?.[1] !== undefined) return match[1];
  throw fail("CLUSTERLOG_CORRUPT", {
    happened: `${path} does not name a generation folder.`,
    unchanged: "Nothing was changed.",
    next: "`clubar doctor` says how to go on; nothing forms on it by itself.",
  });
}

/** The generation in force; fails with QUORUM_DISK_NOT_FOUND when there is none. */
export async function currentFolder(outside: DiskOutside, place: string): Promise<GenerationFolder> {
  const name = await currentName(outside.files, place);
  if (name === undefined) throw noCluster(place);
  return generationFolder(outside, place, name);
}

/** Puts a generation in force: `first` only when none is (EEXIST otherwise), by one rename or link. */
export async function setCurrent(files: Files, place: string, name: string, how: "first" | "replace"): Promise<void> {
  const bytes = new TextEncoder().encode(`${name}\n`);
  if (how === "first") await createFileDurably(files, currentPath(place), bytes, 0o600);
  else await writeFileDurably(files, currentPath(place), bytes, 0o600);
}

/** `quorum.json`; undefined when the folder is not there or was never finished. */
export async function readIdentity(folder: GenerationFolder): Promise<ClusterIdentity | undefined> {
  const path = `${folder.path}/quorum.json`;
  let bytes: Uint8Array;
  try {
    bytes = await folder.files.read(path);
  } catch (error) {
    if (hasCode(error, "ENOENT")) return undefined;
    throw error;
  }
  const value = parseJson(path, bytes);
  if (value["format"] !== 1) {
    throw fail("VERSION_NOT_SUPPORTED", {
      happened: `${path} has the format ${String(value["format"])}; this program reads format 1.`,
      unchanged: "Nothing was changed.",
      next: "Use the version of clubar that wrote it.",
    });
  }
  const { name, instance, generation, lineage } = value;
  if (typeof name === "string" && typeof instance === "string" && typeof lineage === "string") {
    if (typeof generation === "number") return { name, instance, generation, lineage };
  }
  throw damaged(path, "a field is missing or of another type");
}

/** Writes `quorum.json`, durable when it resolves; rejects with EEXIST when it is there. */
export function writeIdentity(folder: GenerationFolder, identity: ClusterIdentity): Promise<void> {
  const { name, instance, generation, lineage } = identity;
  const text = `${JSON.stringify({ format: 1, name, instance, generation, lineage })}\n`;
  return createFileDurably(folder.files, `${folder.path}/quorum.json`, new TextEncoder().encode(text), 0o600);
}

/** A JSON object; fails with CLUSTERLOG_CORRUPT naming `path`. */
export function parseJson(path: string, bytes: Uint8Array): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
    if (typeof value === "object" && value !== null) return value as Record<string, unknown>;
  } catch (error) {
    throw damaged(path, "it is not JSON", error);
  }
  throw damaged(path, "it is not a JSON object");
}

/** CLUSTERLOG_CORRUPT with the file and what is wrong with it. */
export function damaged(path: string, why: string, cause?: unknown): Error {
  return fail("CLUSTERLOG_CORRUPT", {
    happened: `${path} is damaged: ${why}.`,
    unchanged: "Nothing was changed.",
    next: "Check the disk; then restore a backup set, or the folder from a copy.",
    cause,
  });
}
