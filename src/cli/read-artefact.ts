/** Reading a file that a person named as an artefact. */
import { readFile, stat } from "node:fs/promises";
import { fail } from "../base/errors.ts";
import { translated } from "../base/outside-node-error.ts";

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
