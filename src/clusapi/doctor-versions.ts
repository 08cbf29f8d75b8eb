/** The doctor's look at checkpoint versions that are no files of a folder. */
import { fileOfVersion, namedVersions } from "../backup/backup.ts";
import { sha256 } from "../base/digest.ts";
import { failureOf } from "../base/failure-of.ts";
import { replay } from "../membership/copy-image.ts";
import type { Quorum, VersionName } from "../quorum/quorum.ts";
import type { CheckpointFact } from "../recovery/doctor-facts.ts";

/** The current ones of the generation in force, one after the other: each is read whole. */
export async function lookAtStoredVersions(
  quorum: Pick<Quorum, "load" | "versions">,
): Promise<readonly CheckpointFact[]> {
  const facts: CheckpointFact[] = [];
  for (const version of namedVersions(replay(await quorum.load()).tree)) {
    const { current, resourceName: resource, path, fileDigest } = version;
    if (!current) continue;
    facts.push({ resource, path, file: fileOfVersion(version), ...(await stateOf(quorum, version, fileDigest)) });
  }
  return facts;
}

async function stateOf(
  { versions }: Pick<Quorum, "versions">,
  version: VersionName,
  digest: string,
): Promise<Pick<CheckpointFact, "state" | "why">> {
  try {
    const bytes = await versions.read(version);
    if (digest === "") return { state: "not checked" };
    return { state: sha256(bytes) === digest ? "whole" : "damaged" };
  } catch (error) {
    const { name, happened: why } = failureOf(error);
    if (name === "FILE_NOT_FOUND") return { state: "lost" };
    if (name === "CLUSTERLOG_CORRUPT" || name === "NTE_BAD_DATA") return { state: "damaged" };
    if (name === "NTE_BAD_KEY") return { state: "not checked", why };
    throw error;
  }
}
