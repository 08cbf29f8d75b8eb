/** Copies a node's files out of its shadow copies into a set; hives in checkpointed form: one image, its journal played in. */
import type { Files } from "../../base/outside.ts";
import { writeHive } from "../../hive/index.ts";
import { hiveImageFile, hivesAtRest, readHiveAtRest } from "../../registry/hive-at-rest.ts";
import type { SnapshotProperties } from "../backup-components.ts";
import type { WriterMetadata } from "../metadata.ts";
import { vssFile } from "./layout.ts";

/** Where files come from and go to. */
export interface CopyParts {
  readonly files: Files;
  readonly data: string;
  readonly snapshots: readonly SnapshotProperties[];
  readonly put: (name: string, bytes: Uint8Array) => Promise<void>;
}

/** Every file of every file set of these writers. Resolves with what the shadow copies lack, one sentence each. */
export async function copyFileSets(parts: CopyParts, writers: readonly WriterMetadata[]): Promise<string[]> {
  const missing = parts.snapshots.flatMap(({ leftOut, originalVolumeName }) =>
    leftOut.map((name) => `${originalVolumeName}/${name} is no file and not in the set.`),
  );
  for (const { components } of writers) {
    for (const { fileGroupFiles } of components) {
      for (const { path, fileSpec, alternatePath } of fileGroupFiles) {
        const from = snapshotPath(parts.snapshots, alternatePath ?? path);
        if (from !== undefined) await copyFiles(parts, path, fileSpec, from);
      }
    }
  }
  return missing;
}

function snapshotPath(snapshots: readonly SnapshotProperties[], path: string): string | undefined {
  for (const { originalVolumeName: volume, snapshotDeviceObject } of snapshots)
    if (path === volume || path.startsWith(`${volume}/`)) return `${snapshotDeviceObject}${path.slice(volume.length)}`;
  return undefined;
}

async function copyFiles(parts: CopyParts, path: string, fileSpec: string, from: string): Promise<void> {
  const { files, data, put } = parts;
  const inner = path === data ? "" : `${path.slice(data.length + 1)}/`;
  if (inner === "registry/") return copyHives(parts, from);
  for (const name of await files.list(from)) {
    if (!fits(fileSpec, name) || (await files.stat(`${from}/${name}`))?.kind !== "file") continue;
    await put(`${vssFile.node}/${inner}${name}`, await files.read(`${from}/${name}`));
  }
}

/** The copy may have a journal longer than that of the freeze: image and journal are the hive of a moment all the same. */
async function copyHives({ files, put }: CopyParts, from: string): Promise<void> {
  for (const name of await hivesAtRest(files, from)) {
    const root = await readHiveAtRest(files, from, name);
    if (root === undefined) continue;
    const image = writeHive(root, { time: root.lastWritten, fileName: name });
    await put(`${vssFile.node}/registry/${hiveImageFile(name)}`, image);
  }
}

/** `*` and `?` as in the file specification of a file set. */
function fits(fileSpec: string, name: string): boolean {
  const pattern = fileSpec
    .replace(/[.+^${}()|[\]\\]/g, "\\$&")
    .replaceAll("*", ".*")
    .replaceAll("?", ".");
  return new RegExp(`^${pattern}$`, "i").test(name);
}
