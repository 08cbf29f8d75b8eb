/** The files of a node's hives while no process has the registry open: read without changing anything, written whole. */
import { writeFileDurably } from "../base/durable.ts";
import { fail } from "../base/errors.ts";
import { createJournal, readJournal } from "../base/journal.ts";
import type { Files } from "../base/outside.ts";
import { readIfThere } from "../base/read-if-there.ts";
import { readHive } from "../hive/read.ts";
import { applyEdits } from "../tree/edit.ts";
import type { Key } from "../tree/key.ts";
import { ending, fileNameOf, hiveNameOf } from "./hive-name.ts";
import { decodeTransaction, encodeHeader, headerNames } from "./journal-codec.ts";

/** The file of a hive's image in a registry folder; its journal is beside it. */
export function hiveImageFile(name: string): string {
  return fileNameOf(name);
}

/** The hive whose image has this file name; undefined for journals, locks and what is being written. */
export function hiveOfImageFile(file: string): string | undefined {
  return hiveNameOf(file);
}

/** Every file name that a hive may have, whatever state a crash left it in. */
export function allHiveFiles(name: string): string[] {
  return Object.values(ending).map((end) => `${fileNameOf(name)}${end}`);
}

/** Names of the hives of which an image is in a folder; none when there is no folder. */
export async function hivesAtRest(files: Files, folder: string): Promise<string[]> {
  if ((await files.stat(folder))?.kind !== "folder") return [];
  return (await files.list(folder)).flatMap((file) => hiveNameOf(file) ?? []);
}

/**
 * The hive as its files have it, journal included; undefined when it has none. CLUSTERLOG_CORRUPT and HIVE_CORRUPT as for `openHive`.
 * Also while a process appends to the journal: then as of some moment.
 */
export async function readHiveAtRest(files: Files, folder: string, name: string): Promise<Key | undefined> {
  const path = `${folder}/${fileNameOf(name)}`;
  const [image, next, hasJournal] = await Promise.all([
    readIfThere(files, path),
    readIfThere(files, `${path}${ending.next}`),
    files.stat(`${path}${ending.journal}`),
  ]);
  if (image === undefined && hasJournal === undefined) return undefined;
  const { header, records } = await readJournal(files, `${path}${ending.journal}`);
  const counts = [image, next].find((bytes) => bytes !== undefined && headerNames(header, bytes));
  if (counts === undefined) {
    throw fail("CLUSTERLOG_CORRUPT", {
      happened: `The hive ${path} is ${image === undefined ? "gone" : "not the one its journal belongs to"}.`,
      unchanged: "Neither the hive nor its journal was changed.",
      next: "Restore this node's registry from a backup (clubar vss restore).",
    });
  }
  let root: Key = { ...readHive(counts).root, name };
  for (const record of records) {
    const { time, edits } = decodeTransaction(record);
    root = applyEdits(root, edits, time);
  }
  return root;
}

/** Writes an image with an empty journal, durably, into a folder where nobody has them open. May be repeated. */
export async function writeHiveAtRest(files: Files, folder: string, name: string, image: Uint8Array): Promise<void> {
  const path = `${folder}/${fileNameOf(name)}`;
  await writeFileDurably(files, path, image);
  const journal = await createJournal(files, `${path}${ending.journal}`, encodeHeader(image), "replace");
  await journal.close();
}
