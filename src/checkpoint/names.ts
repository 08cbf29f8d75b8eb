/** Names of checkpoints: registry paths, `Type\Name\Key` of key containers, and the numbers of versions. Pure. */
import { fail, type Failure } from "../base/errors.ts";
import { failureOf } from "../base/failure-of.ts";
import { type ContainerName, formatContainerName, parseContainerName } from "../registry/container-name.ts";
import type { VersionKind } from "../quorum/quorum.ts";
import { checkFilter, type DirectoryFilter } from "./directory-filter.ts";
import { checkDirectoryPath, isWithin } from "./directory-path.ts";
import { foldName, maxDepth, maxKeyName, splitPath } from "../tree/path.ts";

/** "registry": a key below HKLM (.CPT); "crypto": a key container (.CPR); "directory": a folder or a file (.CPD). */
export type CheckpointKind = "registry" | "crypto" | "directory";

/** In the order in which they are put in place: what can't be taken back is the last. */
export const checkpointKinds: readonly CheckpointKind[] = ["registry", "directory", "crypto"];

/** Endings of version files. */
const fileKinds = { registry: "CPT", crypto: "CPR", directory: "CPD" } as const;

/** The ending of version files. */
export function fileKind(kind: CheckpointKind): VersionKind {
  return fileKinds[kind];
}

/** A registry key's unless it says otherwise: other programs write no other. */
export function kindOfFile(ending: string): CheckpointKind {
  return checkpointKinds.find((kind) => fileKinds[kind] === ending) ?? "registry";
}

/** `0000000a`: how the database and files name version 10. */
export function numberName(number: number): string {
  return number.toString(16).padStart(8, "0");
}

/** undefined when a name is none of a version. */
export function parseNumber(name: string): number | undefined {
  return /^[0-9a-fA-F]{8}$/.test(name) ? Number.parseInt(name, 16) : undefined;
}

/** The path in the form that is stored; INVALID_PARAMETER when it can't be checkpointed. */
export function checkPath(kind: CheckpointKind, path: string): string {
  if (kind === "directory") return checkDirectoryPath(path);
  return kind === "registry" ? checkRegistryPath(path) : formatContainerName(parseContainer(path));
}

function checkRegistryPath(path: string): string {
  const names = splitPath(path);
  if (path.startsWith("\\")) throw badPath(path, 'begins with "\\"');
  if (names.length === 0) throw badPath(path, "is empty");
  if (names.includes("")) throw badPath(path, "has an empty key name in it");
  if (path.includes("\0")) throw badPath(path, "has a NUL in it");
  if (names.length > maxDepth || names.some((name) => name.length > maxKeyName))
    throw badPath(path, "is too long or too deep");
  const first = foldName(names[0] ?? "");
  if (first === "CLUSTER") throw badPath(path, "is in the cluster database, which is on every node anyway");
  if (first === "HKLM" || first === "HKEY_LOCAL_MACHINE") throw badPath(path, "begins with the root's name");
  return path;
}

function badPath(path: string, why: string): Failure {
  return fail("INVALID_PARAMETER", {
    happened: `The registry path "${path.slice(0, 200)}" can't be checkpointed: it ${why}.`,
    unchanged: "Nothing was changed.",
    next: 'Write it relative to HKEY_LOCAL_MACHINE, like "SOFTWARE\\Company\\Product".',
  });
}

/** Reads `Type\Name\Key`; INVALID_PARAMETER. */
export function parseContainer(text: string): ContainerName {
  try {
    return parseContainerName(text);
  } catch (cause) {
    const { happened, unchanged, next } = failureOf(cause);
    throw fail("INVALID_PARAMETER", { happened, unchanged, next, cause });
  }
}

/** Upper and lower case don't tell registry paths apart, nor containers; they do files. */
export function samePath(kind: CheckpointKind, a: string, b: string): boolean {
  return kind === "directory" ? a === b : foldName(a) === foldName(b);
}

/** One is the other or lies below it; containers have nothing below. */
export function overlap(kind: CheckpointKind, a: string, b: string): boolean {
  if (kind === "directory") return isWithin(a, b) || isWithin(b, a);
  return kind === "registry" ? isAtOrBelow(a, b) || isAtOrBelow(b, a) : samePath(kind, a, b);
}

/** Of a directory checkpoint. */
export function filterOf(source: { readonly filter?: DirectoryFilter } | undefined): DirectoryFilter {
  return source?.filter ?? checkFilter({});
}

/** Whether a registry path is `above` itself or lies below it, without regard to case. */
export function isAtOrBelow(path: string, above: string): boolean {
  const folded = foldName(above);
  return foldName(path) === folded || foldName(path).startsWith(`${folded}\\`);
}

/** How a checkpoint is called in sentences. */
export function titleOf(kind: CheckpointKind, path: string): string {
  if (kind === "directory") return path;
  return kind === "registry" ? `HKLM\\${path}` : `key container ${path}`;
}
