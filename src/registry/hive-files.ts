/**
 * The files of a hive: an image and the journal beside it. The journal's header names its image by digest, and putting a journal
 * in place is the one moment at which a new image counts (DESIGN.md).
 */
import { temporaryEnding, writeFileDurably } from "../base/durable.ts";
import { fail } from "../base/errors.ts";
import { createJournal, openJournal, type Journal } from "../base/journal.ts";
import { OutsideError, type Files } from "../base/outside.ts";
import { readIfThere } from "../base/read-if-there.ts";
import { readHive } from "../hive/read.ts";
import { writeHiveInSlices } from "../hive/write.ts";
import { applyEdits } from "../tree/edit.ts";
import type { Key } from "../tree/key.ts";
import { ending, fileNameOf, hiveNameOf } from "./hive-name.ts";
import { decodeTransaction, encodeHeader, headerNames } from "./journal-codec.ts";

/** Where a hive's files are. */
export interface Place {
  readonly files: Files;
  readonly folder: string;
  readonly name: string;
  /** Lets everything else go on for a moment; a large image is written in slices. */
  readonly pause?: () => Promise<void>;
}

/** A hive as its files have it, and the journal to append to. */
export interface OpenHive {
  readonly root: Key;
  readonly journal: Journal;
  /** Bytes of the image. */
  readonly imageSize: number;
}

function pathOf(place: Place, end: string): string {
  return `${place.folder}/${fileNameOf(place.name)}${end}`;
}

/** The names of the hives in a folder, after finishing what a crash left: half-written files go, an unload is completed. */
export async function findHives(files: Files, folder: string): Promise<string[]> {
  let found = await files.list(folder);
  for (const name of found) if (name.endsWith(temporaryEnding)) await files.unlink(`${folder}/${name}`);
  for (const name of withEnding(found, ending.unloaded)) await finishRemoval({ files, folder, name });
  found = await files.list(folder);
  const names = withEnding(found, ending.journal);
  for (const name of withEnding(found, ending.next)) {
    if (!names.includes(name)) await files.unlink(`${folder}/${fileNameOf(name)}${ending.next}`);
  }
  for (const name of withEnding(found, ending.image))
    if (!names.includes(name)) throw journalMissing({ files, folder, name });
  return names;
}

function withEnding(found: readonly string[], end: string): string[] {
  return found.flatMap((file) =>
    file.endsWith(end) ? (hiveNameOf(file.slice(0, file.length - end.length)) ?? []) : [],
  );
}

function journalMissing(place: Place): Error {
  return fail("CLUSTERLOG_CORRUPT", {
    happened: `The hive ${pathOf(place, ending.image)} has no journal beside it, so its newest changes may be missing.`,
    unchanged: "No registry hive of this folder was opened.",
    next: "Put the journal back; or move the hive elsewhere and load it by name.",
  });
}

/** Reads image and journal. CLUSTERLOG_CORRUPT when they don't belong together, HIVE_CORRUPT when the image is damaged. */
export async function openHive(place: Place): Promise<OpenHive> {
  const { journal, header, records } = await openJournal(place.files, pathOf(place, ending.journal));
  try {
    const image = await settleImage(place, header);
    let root: Key = { ...readHive(image).root, name: place.name };
    for (const record of records) {
      const { time, edits } = decodeTransaction(record);
      root = applyEdits(root, edits, time);
    }
    return { root, journal, imageSize: image.length };
  } catch (cause) {
    await journal.close().catch(() => undefined);
    throw cause;
  }
}

/** The image that the header names; when a crash came between journal and image, it is put in its place now. */
async function settleImage(place: Place, header: Uint8Array): Promise<Uint8Array> {
  const { files, folder } = place;
  const next = pathOf(place, ending.next);
  const [current, waiting] = await Promise.all([
    readIfThere(files, pathOf(place, ending.image)),
    readIfThere(files, next),
  ]);
  if (current !== undefined && headerNames(header, current)) {
    if (waiting !== undefined) await files.unlink(next);
    return current;
  }
  if (waiting !== undefined && headerNames(header, waiting)) {
    await files.rename(next, pathOf(place, ending.image));
    await files.syncFolder(folder);
    return waiting;
  }
  const wrong = current === undefined ? "gone" : "not the one its journal belongs to: somebody changed it";
  throw fail("CLUSTERLOG_CORRUPT", {
    happened: `The hive ${pathOf(place, ending.image)} is ${wrong}.`,
    unchanged: "Neither the hive nor its journal was changed.",
    next: "Put back the file as clubar left it, or restore this node's registry: clubar vss restore SET",
  });
}

/** How far writing a new image came. */
export type Written =
  /** The new image counts. `settled` false: it must be opened anew before anything more is written. */
  | { readonly outcome: "committed"; readonly journal: Journal; readonly imageSize: number; readonly settled: boolean }
  /** Nothing counts of it. */
  | { readonly outcome: "unchanged"; readonly cause: unknown }
  /** Only opening anew tells. */
  | { readonly outcome: "unknown"; readonly cause: unknown };

/** `writeImage` for a hive that is not there yet: whatever has its name is left alone. Never rejects. */
export async function createImage(place: Place, root: Key, time: bigint): Promise<Written> {
  try {
    if ((await place.files.stat(pathOf(place, ending.unloaded))) !== undefined) await finishRemoval(place);
    for (const end of [ending.image, ending.journal]) {
      if ((await place.files.stat(pathOf(place, end))) !== undefined) {
        throw new OutsideError("EEXIST", `create ${pathOf(place, end)}`);
      }
    }
  } catch (cause) {
    return { outcome: "unchanged", cause };
  }
  return writeImage(place, root, time, "exclusive");
}

/** Makes `root` the image, with an empty journal. Never rejects. */
export async function writeImage(
  place: Place,
  root: Key,
  time: bigint,
  how: "replace" | "exclusive" = "replace",
): Promise<Written> {
  const { files, folder, name } = place;
  const next = pathOf(place, ending.next);
  let image: Uint8Array;
  try {
    const pause = place.pause ?? (() => Promise.resolve());
    image = await writeHiveInSlices(root, { time, fileName: name }, pause);
    await writeFileDurably(files, next, image);
  } catch (cause) {
    return { outcome: "unchanged", cause };
  }
  let journal: Journal;
  try {
    journal = await createJournal(files, pathOf(place, ending.journal), encodeHeader(image), how);
  } catch (cause) {
    return { outcome: "unknown", cause };
  }
  const imageSize = image.length;
  try {
    await files.rename(next, pathOf(place, ending.image));
    await files.syncFolder(folder);
    return { outcome: "committed", journal, imageSize, settled: true };
  } catch {
    return { outcome: "committed", journal, imageSize, settled: false };
  }
}

/** Takes the hive away; its journal must be closed. From the rename on it is gone, whatever happens. */
export async function removeHive(place: Place): Promise<void> {
  await place.files.rename(pathOf(place, ending.journal), pathOf(place, ending.unloaded));
  await place.files.syncFolder(place.folder);
  await finishRemoval(place);
}

async function finishRemoval(place: Place): Promise<void> {
  const { files, folder } = place;
  for (const end of [ending.image, ending.next]) {
    const path = pathOf(place, end);
    if ((await files.stat(path)) !== undefined) await files.unlink(path);
  }
  await files.syncFolder(folder);
  await files.unlink(pathOf(place, ending.unloaded));
  await files.syncFolder(folder);
}
