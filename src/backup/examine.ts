/** Reads a set once and says of each part whether it is as it should be. Writes nothing. */
import { sha256 } from "../base/digest.ts";
import { failureOf } from "../base/failure-of.ts";
import type { Files, Outside } from "../base/outside.ts";
import { tagValueName } from "../database/apply.ts";
import { parseTag, type Tag } from "../quorum/tag.ts";
import { type Key, valueOf } from "../tree/key.ts";
import { textOf } from "../tree/value.ts";
import {
  checkFiles,
  checkLog,
  checkVersions,
  markerLine,
  type Read,
  readManifest,
  readTree,
  remarks,
  type SetVersion,
  type VerifyLine,
} from "./judge.ts";
import type { Manifest, ManifestFile } from "./manifest.ts";
import { requireFolder } from "./place.ts";
import { hasCode, listSet, parseSetName, setFile, type SetListing, swapFile } from "./set.ts";
import { readSwap, type Swap } from "./swap.ts";

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
  const names = [swapFile, setFile.manifest, setFile.marker, setFile.snapshot];
  const of = await Promise.all(names.map((name) => files.stat(`${path}/${name}`)));
  return of.map((stat) => (stat === undefined ? "none" : `${stat.inode} ${stat.size} ${stat.modified}`)).join("\n");
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
  const content = read.filter(({ parsed }) => parsed.kind !== "manifest");
  const list = content.map((each) => ({ name: each.name, sha256: each.sha256, size: each.bytes.length }));
  const digest = sha256(new TextEncoder().encode(read.map((each) => `${each.sha256} ${each.name}\n`).join("")));
  return {
    path,
    lines,
    complete: marker !== undefined,
    manifest,
    tree,
    tag,
    versions,
    files: list,
    digest,
    foreign: listing.foreign,
  };
}

/** Every file of the set that counts: of the new one when a swap is under way, wherever its files are by now. */
async function readAll(
  files: Files,
  path: string,
  swap: Swap | undefined,
  listing: SetListing,
  lines: VerifyLine[],
): Promise<Read[]> {
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
    lines.push({
      what: name,
      result: "DAMAGED",
      detail: "it is a link or a device, not a file; links are not followed",
    });
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
