/** Reading a file that a person named as an artefact. */
import { readFile, stat } from "node:fs/promises";
import { fail } from "../base/errors.ts";
import { translated } from "../base/outside-node-error.ts";

/** Whether a path that a person named is a folder. FILE_NOT_FOUND when nothing is there; `next` is the advice then. */
export async function isFolder(path: string, next = "Check the path."): Promise<boolean> {
  const found = await stat(path).catch(() => undefined);
  if (found !== undefined) return found.isDirectory();
  throw fail("FILE_NOT_FOUND", {
    happened: `There is no file or folder ${path}.`,
    unchanged: "Nothing was changed.",
    next,
  });
}

/** A file's bytes, or what comes through a pipe until its end. INVALID_PARAMETER for a device, which need not end, and a socket. */
export async function readArtefact(path: string): Promise<Uint8Array> {
  const found = await translated(`read ${path}`, () => stat(path));
  if (found.isCharacterDevice() || found.isBlockDevice() || found.isSocket()) {
    throw fail("INVALID_PARAMETER", {
      happened: `${path} is a device or a socket, not a file.`,
      unchanged: "Nothing was changed.",
      next: "Name a file.",
    });
  }
  return new Uint8Array(await translated(`read ${path}`, () => readFile(path)));
}
