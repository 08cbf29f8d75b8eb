import { OutsideError } from "./outside.ts";
import type { FileHandle, Files } from "./outside.ts";

/** How the name of a file ends that is being written. What a crash leaves of it may be removed when nobody writes that path. */
export const temporaryEnding = ".tmp~";

/** The folder of a path; "." for a bare name. */
export function folderOf(path: string): string {
  const slash = path.lastIndexOf("/");
  if (slash < 0) return ".";
  return slash === 0 ? "/" : path.slice(0, slash);
}

/** A new file with these bytes on disk; EEXIST when the name is taken. Its name is lasting only after `syncFolder`. */
export async function writeNewFile(files: Files, path: string, bytes: Uint8Array, mode = 0o600): Promise<void> {
  const handle = await files.open(path, "create", mode);
  try {
    if (bytes.length > 0) await handle.write(bytes, 0);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/**
 * Replaces a file so that after a crash at any moment it holds the old bytes or the new ones: temporary file beside it, fsync,
 * rename, fsync of the folder. `mode` (octal) is 0600 unless given.
 */
export async function writeFileDurably(files: Files, path: string, bytes: Uint8Array, mode?: number): Promise<void> {
  const file = await openDurably(files, path, bytes, "replace", mode);
  await file.close();
}

/** As `writeFileDurably`, for a new name: rejects with EEXIST when something has it, and leaves that as it is. Many may race. */
export async function createFileDurably(files: Files, path: string, bytes: Uint8Array, mode?: number): Promise<void> {
  const file = await openDurably(files, path, bytes, "exclusive", mode);
  await file.close();
}

/**
 * The same with the handle left open. It is the handle of exactly the file written here, whatever takes its name later; that is
 * why a stale leader can't write into the log of a newer one.
 */
export async function openDurably(
  files: Files,
  path: string,
  bytes: Uint8Array,
  how: "replace" | "exclusive",
  mode = 0o600,
): Promise<FileHandle> {
  const [temporary, file] = await openTemporary(files, path, mode);
  let named = false;
  try {
    await file.write(bytes, 0);
    await file.sync();
    if (how === "replace") {
      await files.rename(temporary, path);
      named = true;
    } else {
      await files.link(temporary, path);
    }
    await files.syncFolder(folderOf(path));
    return file;
  } catch (cause) {
    await file.close().catch(() => undefined);
    throw cause;
  } finally {
    // A left-over temporary file harms nobody; the result stands either way.
    if (!named) await files.unlink(temporary).catch(() => undefined);
  }
}

async function openTemporary(files: Files, path: string, mode: number): Promise<[string, FileHandle]> {
  for (let number = 0; ; number++) {
    const temporary = `${path}.${number}${temporaryEnding}`;
    try {
      return [temporary, await files.open(temporary, "create", mode)];
    } catch (cause) {
      if (!(cause instanceof OutsideError) || cause.code !== "EEXIST") throw cause;
    }
  }
}

/** Makes `root/<name>/<name>…`, whose names survive a loss of power when it resolves; `root` is there. The innermost path. */
export async function makeFoldersDurably(
  files: Pick<Files, "makeFolder" | "syncFolder">,
  root: string,
  names: readonly string[],
): Promise<string> {
  let path = root;
  for (const name of names) {
    const above = path;
    path = `${path}/${name}`;
    await files.makeFolder(path);
    await files.syncFolder(above);
  }
  return path;
}

/**
 * Makes a folder with all above it, so that none of their names is lost with the power. Names that others made, and that may not be synced
 * for want of a right, are theirs to keep.
 */
export async function makeFolderDurably(files: Pick<Files, "makeFolder" | "syncFolder">, path: string): Promise<void> {
  await files.makeFolder(path);
  for (let above = folderOf(path); ; above = folderOf(above)) {
    try {
      await files.syncFolder(above);
    } catch (error) {
      const isOthers = error instanceof OutsideError && ["EACCES", "EPERM", "EROFS", "EINVAL"].includes(error.code);
      if (!isOthers || above === folderOf(path)) throw error;
    }
    if (above === folderOf(above)) return;
  }
}
