/** Where key containers are kept: a folder that only its owner enters, one file a container that only its owner reads. */
import { temporaryEnding, writeFileDurably } from "../base/durable.ts";
import { sha256 } from "../base/digest.ts";
import { encodeUtf16 } from "../base/bytes.ts";
import type { Files } from "../base/outside.ts";
import { readIfThere } from "../base/read-if-there.ts";
import { foldContainerName, type ContainerName } from "./container-name.ts";

const ending = ".key";

/** A digest of the folded name: the name itself may hold anything; it stands in the content. */
export function containerFile(name: ContainerName): string {
  return `${sha256(encodeUtf16(foldContainerName(name)))}${ending}`;
}

/** Makes the folder if need be, closes it to others, removes half-written keys. Gives each container's file and bytes. */
export async function openContainerFolder(files: Files, folder: string): Promise<Map<string, Uint8Array>> {
  await files.makeFolder(folder);
  await closeToOthers(files, folder, 0o700);
  const found = new Map<string, Uint8Array>();
  for (const file of await files.list(folder)) {
    const path = `${folder}/${file}`;
    if (file.endsWith(temporaryEnding)) await files.unlink(path);
    if (!/^[0-9a-f]{64}\.key$/.test(file)) continue;
    await closeToOthers(files, path, 0o600);
    found.set(file, await files.read(path));
  }
  return found;
}

async function closeToOthers(files: Files, path: string, mode: number): Promise<void> {
  const stat = await files.stat(path);
  if (stat !== undefined && (stat.mode & 0o777) !== mode) await files.setMode(path, mode);
}

/** Replaces the file; old or new after a crash. */
export async function storeContainer(files: Files, folder: string, file: string, bytes: Uint8Array): Promise<void> {
  await writeFileDurably(files, `${folder}/${file}`, bytes, 0o600);
}

/** Takes the file away; durable when it resolves. */
export async function removeContainer(files: Files, folder: string, file: string): Promise<void> {
  await files.unlink(`${folder}/${file}`);
  await files.syncFolder(folder);
}

/** undefined when there is none. */
export function readContainer(files: Files, folder: string, file: string): Promise<Uint8Array | undefined> {
  return readIfThere(files, `${folder}/${file}`);
}
