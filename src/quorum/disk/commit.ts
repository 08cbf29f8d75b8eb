/** Files that appear whole under a name that nobody had: temporary file, fsync, link, fsync of the folder. */
import { toHex } from "../../base/bytes.ts";
import { writeNewFile } from "../../base/durable.ts";
import type { Files, Random } from "../../base/outside.ts";
import { hasCode } from "./place.ts";

/** A name that nobody else uses, for a file that is not finished. */
export function temporaryName(random: Random, prefix: string): string {
  return `.${prefix}-${toHex(random.bytes(8))}.tmp~`;
}

/**
 * Writes `bytes` under the first name of `names` that is free and returns the name. Durable when it resolves.
 * `refuse` may find that a name just taken must not be used after all; then the next one is tried.
 */
export async function commitFile(
  { files, random }: { files: Files; random: Random },
  folder: string,
  prefix: string,
  bytes: Uint8Array,
  names: Iterable<string>,
  refuse: (name: string) => Promise<boolean> = async () => false,
): Promise<string> {
  const temporary = `${folder}/${temporaryName(random, prefix)}`;
  try {
    await writeNewFile(files, temporary, bytes);
    const name = await linkFirstFree(files, temporary, folder, names, refuse);
    await files.syncFolder(folder);
    return name;
  } finally {
    await removeIfThere(files, temporary);
  }
}

async function linkFirstFree(
  files: Files,
  temporary: string,
  folder: string,
  names: Iterable<string>,
  refuse: (name: string) => Promise<boolean>,
): Promise<string> {
  for (const name of names) {
    try {
      await files.link(temporary, `${folder}/${name}`);
    } catch (error) {
      if (hasCode(error, "EEXIST")) continue;
      throw error;
    }
    if (!(await refuse(name))) return name;
    await files.unlink(`${folder}/${name}`);
  }
  throw new RangeError(`no name is free in ${folder}`);
}

/** Unlinks; that it can't be done is no reason to fail: a leftover is cleared later. */
export async function removeIfThere(files: Files, path: string): Promise<void> {
  try {
    await files.unlink(path);
  } catch {
    // Left for the next leader's clearing.
  }
}
