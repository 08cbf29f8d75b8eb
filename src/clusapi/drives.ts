/**
 * `drives.json` of a data folder: which quorum, a folder or an etcd, a drive letter of RestoreClusterDatabase means,
 * `{"k:": "/mnt/quorum"}`. Letters are kept in lower case.
 */
import { writeFileDurably } from "../base/durable.ts";
import { fail } from "../base/errors.ts";
import { isEtcdPlace } from "../quorum/etcd/place.ts";
import { type Files, OutsideError } from "../base/outside.ts";

/** Absolute paths, or places of an etcd, by `k:`. */
export type Drives = Readonly<Record<string, string>>;

const fileIn = (data: string): string => `${data}/drives.json`;

/** Whether a text is a letter and a colon. */
export function isDrive(text: string): boolean {
  return /^[A-Za-z]:$/.test(text);
}

/** The table; empty when there is none. INVALID_DATA. */
export async function readDrives(files: Files, data: string): Promise<Drives> {
  let text: string;
  try {
    text = new TextDecoder().decode(await files.read(fileIn(data)));
  } catch (error) {
    if (error instanceof OutsideError && (error.code === "ENOENT" || error.code === "ENOTDIR")) return {};
    throw error;
  }
  const table = parsed(text);
  const right = typeof table === "object" && table !== null && Object.entries(table).every(isEntry);
  if (!right) {
    throw fail("INVALID_DATA", {
      happened: `${fileIn(data)} is no table of drives.`,
      unchanged: "Nothing was changed.",
      next: 'Write it as {"k:": "/absolute/path"}, or remove it and use `clubar drive set`.',
    });
  }
  return Object.fromEntries(Object.entries(table as Drives).map(([drive, path]) => [drive.toLowerCase(), path]));
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isEntry([drive, path]: [string, unknown]): boolean {
  return isDrive(drive) && typeof path === "string" && (path.startsWith("/") || isEtcdPlace(path));
}

/** The quorum of a drive. INVALID_PARAMETER for what is no drive, PATH_NOT_FOUND for a letter without a row. */
export async function resolveDrive(files: Files, data: string, drive: string): Promise<string> {
  if (!isDrive(drive)) {
    throw fail("INVALID_PARAMETER", {
      happened: `"${drive}" is no drive: a letter and a colon.`,
      unchanged: "Nothing was changed.",
    });
  }
  const drives = await readDrives(files, data);
  const path = drives[drive.toLowerCase()];
  if (path !== undefined) return path;
  const known = Object.keys(drives);
  const others = known.length === 0 ? "; it is empty" : `, only ${known.join(", ")}`;
  throw fail("PATH_NOT_FOUND", {
    happened: `This node's table of drives has no ${drive.toLowerCase()}${others}.`,
    unchanged: "Nothing was changed.",
    next: `Say where it is: clubar drive set ${drive.toLowerCase()} PLACE`,
  });
}

/** Writes the table, durably. */
export async function writeDrives(files: Files, data: string, drives: Drives): Promise<void> {
  await files.makeFolder(data);
  await writeFileDurably(files, fileIn(data), new TextEncoder().encode(`${JSON.stringify(drives, undefined, 2)}\n`));
}
