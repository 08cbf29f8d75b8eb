/** Checkpoint files that a copy of the database names, wherever they still lie; only with the digest that it has. */
import { type BackupVersion, fileOfVersion, type NamedVersion, namedVersions } from "../backup/backup.ts";
import { sha256 } from "../base/digest.ts";
import { type Files, OutsideError } from "../base/outside.ts";
import type { LostVersion } from "../restore/restore.ts";
import type { Key } from "../tree/key.ts";

/** What was found. */
export interface FoundFiles {
  readonly versions: readonly (BackupVersion & { readonly path: string })[];
  /** Current versions whose file is nowhere. */
  readonly lost: readonly LostVersion[];
}

/** `folders` hold `{GUID}/0000000n.CPT`: generations of quorums and backup sets; looked at in this order. */
export async function findVersionFiles(files: Files, tree: Key, folders: readonly string[]): Promise<FoundFiles> {
  const versions: (BackupVersion & { readonly path: string })[] = [];
  const lost: LostVersion[] = [];
  for (const version of namedVersions(tree)) {
    const name = fileOfVersion(version);
    const found = await firstIn(files, folders, name, version);
    if (found !== undefined) versions.push({ name, ...found });
    else if (version.current) {
      const { resource, resourceName, path } = version;
      lost.push({ resource, resourceName, path, name });
    }
  }
  return { versions, lost };
}

async function firstIn(
  files: Files,
  folders: readonly string[],
  name: string,
  { fileDigest }: NamedVersion,
): Promise<{ readonly path: string; readonly bytes: Uint8Array } | undefined> {
  for (const folder of folders) {
    const path = `${folder}/${name}`;
    const bytes = await readIfThere(files, path);
    if (bytes !== undefined && (fileDigest === "" || sha256(bytes) === fileDigest)) return { path, bytes };
  }
  return undefined;
}

/** A file that can't be read is as good as lost here; another folder may have it. */
async function readIfThere(files: Files, path: string): Promise<Uint8Array | undefined> {
  try {
    return await files.read(path);
  } catch (error) {
    if (error instanceof OutsideError) return undefined;
    throw error;
  }
}

/** Folders of finished or unfinished sets directly below `folder`; none when it is not there. */
export async function foldersIn(files: Files, folder: string): Promise<readonly string[]> {
  try {
    return (await files.list(folder)).map((name) => `${folder}/${name}`);
  } catch (error) {
    if (error instanceof OutsideError) return [];
    throw error;
  }
}
