/** Takes back folders that somebody began to fill and could not. */
import type { Files } from "../base/outside.ts";

/** Those of these absolute paths and of the folders above them that are not there, so that whoever makes them can take them back. */
export async function missingFolders(files: Files, paths: readonly string[]): Promise<readonly string[]> {
  const missing = new Set<string>();
  for (const given of paths) {
    for (let path = given; path !== "" && !missing.has(path); path = path.slice(0, path.lastIndexOf("/"))) {
      if ((await files.stat(path).catch(() => undefined)) !== undefined) break;
      missing.add(path);
    }
  }
  return [...missing].sort((a, b) => b.length - a.length);
}

/** Removes those that are empty, the deepest first. Never rejects. */
export async function removeEmpty(files: Files, folders: readonly string[]): Promise<void> {
  for (const folder of folders) await files.removeFolder(folder).catch(() => undefined);
}
