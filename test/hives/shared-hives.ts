/** Hives of others: real ones, edge cases and damaged ones, with listings by another reader. Absent in most places. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";

const root = join(import.meta.dirname, "../..");
const shared = process.env["CLUBAR_SHARED"] ?? join(root, "../shared");
const folder = join(shared, "hives");
/** Where the hives of others are, if they are anywhere. */
export const sharedFolder: string = folder;

/** A reason to skip, or false when the hives are there. */
export const sharedHivesAbsent: string | false = existsSync(join(folder, "manifest.tsv"))
  ? false
  : `the hives of others are not in ${folder}`;

/** Names of all files in the manifest that are there. */
export function sharedFiles(): string[] {
  const lines = readFileSync(join(folder, "manifest.tsv"), "utf8").split("\n").slice(1);
  return lines.map((line) => line.split("\t")[0] ?? "").filter((name) => name !== "" && existsSync(join(folder, name)));
}

/** Whether the name is that of a hive, damaged or not; the rest are logs, texts and single records. */
export function isHiveName(name: string): boolean {
  return !/\.log\d?$|\.reg$|\.sqlite$|OldLog|\/records\/|Fragment$|HiveBin$/i.test(name);
}

/** The bytes, in a buffer of their own. */
export function sharedHive(name: string): Uint8Array<ArrayBuffer> {
  return new Uint8Array(readFileSync(join(folder, name)));
}

/** The lines of the listing that yarp made of a hive, up to the damage if there is one. */
export function goldenListing(name: string): string[] | undefined {
  const path = join(shared, "hives-golden", `${name.replaceAll("/", "~")}.tsv.gz`);
  if (!existsSync(path)) return undefined;
  return gunzipSync(readFileSync(path))
    .toString("utf8")
    .split("\n")
    .filter((line) => line !== "");
}

/** The project's own small hive, written by hivex. */
export function ownHive(): Uint8Array<ArrayBuffer> {
  return new Uint8Array(readFileSync(join(root, "test/data/software.hive")));
}
