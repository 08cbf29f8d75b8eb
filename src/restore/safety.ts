/** The state before a restore is kept: as a backup set or, when it can't be read, as a plain copy of the quorum folder. */
import { deviceLayout, takeBackup } from "../backup/backup.ts";
import { folderOf } from "../base/durable.ts";
import { Failure, fail } from "../base/errors.ts";
import { failureOf } from "../base/failure-of.ts";
import type { Files, Outside } from "../base/outside.ts";
import { isEtcdPlace } from "../quorum/etcd/place.ts";
import { formatTag } from "../quorum/tag.ts";
import type { Safety } from "./journal.ts";
import type { Present } from "./present.ts";

/** What was kept, and what a person should know about it. */
export interface Kept {
  readonly safety: Safety;
  readonly notes: readonly string[];
}

type Readable = Extract<Present, { state: "readable" }>;

/** A lost or damaged checkpoint file, or a tree that no hive holds, must not forbid the restore that mends it. */
const notABackup = new Set(["FILE_NOT_FOUND", "CRC", "INVALID_NAME", "MORE_DATA"]);

/** A set at `path`; a copy beside it when no set can be made. May be repeated. */
export async function keepBackup(
  outside: Pick<Outside, "files" | "random" | "clock">,
  present: Readable,
  path: string,
  node: string,
): Promise<Kept> {
  const { files } = outside;
  await files.makeFolder(folderOf(path));
  await files.syncFolder(folderOf(folderOf(path)));
  const { tree, tag, identity, quorum } = present;
  try {
    const quorumDevice = await deviceLayout(files, quorum.place);
    const notChecked = ["Nothing was captured for this backup: it holds what the quorum had."];
    await takeBackup({ outside, tree, tag, identity, versions: quorum.versions, path, node, notChecked, quorumDevice });
    return { safety: { kind: "backup", path, tag: formatTag(tag) }, notes: [] };
  } catch (error) {
    if (!(error instanceof Failure) || !notABackup.has(error.name)) throw error;
    const copy = await keepCopy(files, quorum.place, `${path}.copy`);
    return { ...copy, notes: [`No backup set could be made of the present state: ${error.happened}`, ...copy.notes] };
  }
}

/** A copy of every file of the quorum folder, byte by byte. What can't be read is said, not hidden. May be repeated. */
export async function keepCopy(files: Files, place: string, path: string): Promise<Kept> {
  if (isEtcdPlace(place)) {
    throw fail("NO_QUORUM", {
      happened: `What is in ${place} can be neither read nor copied.`,
      unchanged: "The quorum is as it was.",
      next: "Bring a majority of etcd's members back, or restore into another prefix or place.",
    });
  }
  const unread: string[] = [];
  await copyFolder(files, place, path, unread);
  await files.syncFolder(folderOf(path));
  const notes = [`The present quorum folder could not be backed up as a set; it was copied as it is to ${path}.`];
  if (unread.length > 0) notes.push(`These files could not be read and are not in the copy: ${unread.join(", ")}.`);
  return { safety: { kind: "copy", path, tag: undefined }, notes };
}

async function copyFolder(files: Files, from: string, to: string, unread: string[]): Promise<void> {
  await files.makeFolder(to);
  for (const name of await files.list(from)) {
    const kind = (await files.stat(`${from}/${name}`))?.kind;
    if (kind === "folder") await copyFolder(files, `${from}/${name}`, `${to}/${name}`, unread);
    else if (kind === "file") await copyFile(files, `${from}/${name}`, `${to}/${name}`, unread);
  }
  await files.syncFolder(to);
}

async function copyFile(files: Files, from: string, to: string, unread: string[]): Promise<void> {
  let bytes: Uint8Array;
  try {
    bytes = await files.read(from);
  } catch (error) {
    unread.push(`${from} (${failureOf(error).happened})`);
    return;
  }
  // What an interrupted copy left.
  if ((await files.stat(to)) !== undefined) await files.unlink(to);
  const handle = await files.open(to, "create", 0o600);
  try {
    await handle.write(bytes, 0);
    await handle.sync();
  } finally {
    await handle.close();
  }
  const back = await files.read(to);
  if (back.length === bytes.length && back.every((byte, at) => byte === bytes[at])) return;
  throw fail("IO_DEVICE", {
    happened: `${to} did not come back as it was written.`,
    unchanged: "The quorum is as it was.",
    next: "Check that disk.",
  });
}
