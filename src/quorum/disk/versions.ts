/** Checkpoint versions and proofs as files of the generation folder. */
import { temporaryEnding, writeNewFile } from "../../base/durable.ts";
import { fail } from "../../base/errors.ts";
import type { CheckpointVersions, Proof, Proofs, VersionKind, VersionName } from "../quorum.ts";
import {
  checkProof,
  checkResource,
  noVersion,
  parseVersionFile,
  versionFile,
  versionFolder,
  versionKinds,
} from "../rules.ts";
import { commitFile } from "./commit.ts";
import { hasCode } from "./place.ts";
import type { GenerationFolder } from "./place.ts";

const highestNumber = 0xffffffff;
/** The leader may clear a temporary file or an empty folder away just before we use it. */
const attempts = 5;

/** The file of a proof. */
export function proofPath(folder: GenerationFolder, proof: Proof): string {
  return `${folder.path}/proof/${proof.node}.${proof.incarnation}`;
}

/** The file of a checkpoint version. */
export function versionPath(folder: GenerationFolder, version: VersionName): string {
  return `${folder.path}/${versionFolder(version.resource)}/${versionFile(version)}`;
}

/** A proof is the presence of its file's name. */
export function diskProofs(current: () => Promise<GenerationFolder>): Proofs {
  return {
    async write(proof: Proof): Promise<void> {
      checkProof(proof);
      const folder = await current();
      try {
        await writeNewFile(folder.files, proofPath(folder, proof), new Uint8Array());
      } catch (error) {
        if (!hasCode(error, "EEXIST")) throw error;
      }
      await folder.files.syncFolder(`${folder.path}/proof`);
    },
    async list(): Promise<readonly Proof[]> {
      const folder = await current();
      const names = await folder.files.list(`${folder.path}/proof`);
      return names.flatMap((name) => {
        const match = /^([0-9]+)\.([0-9A-Za-z-]+)$/.exec(name);
        return match === null ? [] : [{ node: match[1] ?? "", incarnation: match[2] ?? "" }];
      });
    },
  };
}

/** Versions as files `{GUID}/0000000n.CPT|.CPR` of the generation in force. */
export function diskVersions(current: () => Promise<GenerationFolder>): CheckpointVersions {
  return {
    async put(resource: string, kind: VersionKind, atLeast: number, bytes: Uint8Array): Promise<VersionName> {
      checkResource(resource);
      const folder = await current();
      for (let attempt = 1; ; attempt++) {
        try {
          return await putOnce(folder, resource, kind, atLeast, bytes);
        } catch (error) {
          if (attempt === attempts || !hasCode(error, "ENOENT")) throw error;
        }
      }
    },
    async read(version: VersionName): Promise<Uint8Array> {
      checkResource(version.resource);
      const folder = await current();
      try {
        return await folder.files.read(versionPath(folder, version));
      } catch (error) {
        if (hasCode(error, "ENOENT")) throw noVersion(folder.path, version);
        throw error;
      }
    },
    async list(resource: string): Promise<readonly VersionName[]> {
      checkResource(resource);
      return listVersions(await current(), resource);
    },
    async resources(): Promise<readonly string[]> {
      const folder = await current();
      const found: string[] = [];
      for (const name of await folder.files.list(folder.path)) {
        const resource = /^\{([0-9a-f-]{36})\}$/.exec(name)?.[1];
        if (resource !== undefined && (await listVersions(folder, resource)).length > 0) found.push(resource);
      }
      return found;
    },
  };
}

async function listVersions(folder: GenerationFolder, resource: string): Promise<readonly VersionName[]> {
  try {
    const names = await folder.files.list(`${folder.path}/${versionFolder(resource)}`);
    return names.map((name) => parseVersionFile(resource, name)).filter((version) => version !== undefined);
  } catch (error) {
    if (hasCode(error, "ENOENT")) return [];
    throw error;
  }
}

/** Removes a resource's folder once no version is in it, with what interrupted puts left there. A put that goes on starts again. */
export async function removeEmptyVersions(folder: GenerationFolder, resource: string): Promise<void> {
  if ((await listVersions(folder, resource)).length > 0) return;
  const path = `${folder.path}/${versionFolder(resource)}`;
  for (const name of await folder.files.list(path)) {
    if (name.endsWith(temporaryEnding)) await folder.files.unlink(`${path}/${name}`);
  }
  await folder.files.removeFolder(path);
}

async function putOnce(
  folder: GenerationFolder,
  resource: string,
  kind: VersionKind,
  atLeast: number,
  bytes: Uint8Array,
): Promise<VersionName> {
  const path = `${folder.path}/${versionFolder(resource)}`;
  await folder.files.makeFolder(path);
  await folder.files.syncFolder(folder.path);
  const used = (await listVersions(folder, resource)).map((version) => version.number + 1);
  const first = used.reduce((a, b) => Math.max(a, b), Math.max(1, atLeast));
  let taken: VersionName | undefined;
  function* names(): Iterable<string> {
    for (let number = first; number <= highestNumber; number++) {
      taken = { resource, number, kind };
      yield versionFile(taken);
    }
    throw fail("CLUSTERLOG_NOT_ENOUGH_SPACE", {
      happened: `No checkpoint number is free in ${path}.`,
      unchanged: "Nothing was written.",
    });
  }
  // A number belongs to one file of the resource, whatever its kind: another put may have taken it for another kind.
  const refuse = async (name: string): Promise<boolean> => {
    for (const other of versionKinds) {
      if (other !== kind && (await folder.files.stat(`${path}/${name.slice(0, 9)}${other}`)) !== undefined) return true;
    }
    return false;
  };
  await commitFile(folder, path, "put", bytes, names(), refuse);
  if (taken === undefined) throw new RangeError("no number was taken");
  return taken;
}
