import { fail } from "../../base/errors.ts";
import type { CheckpointVersions, Proof, Proofs, VersionKind, VersionName } from "../quorum.ts";
import { checkProof, checkResource, noVersion, parseVersionFile, versionFile } from "../rules.ts";
import type { MemoryGeneration } from "./generation.ts";
import type { Step } from "./leadership.ts";

/** The proofs of the generation in force. */
export function memoryProofs(generation: () => MemoryGeneration, step: Step): Proofs {
  return {
    async write(proof: Proof): Promise<void> {
      checkProof(proof);
      await step("proofs.write");
      generation().proofs.add(`${proof.node}.${proof.incarnation}`);
    },
    async list(): Promise<readonly Proof[]> {
      await step("proofs.list");
      return [...generation().proofs].sort().map((name) => {
        const dot = name.indexOf(".");
        return { node: name.slice(0, dot), incarnation: name.slice(dot + 1) };
      });
    },
  };
}

/** The checkpoint versions of the generation in force. */
export function memoryVersions(generation: () => MemoryGeneration, step: Step): CheckpointVersions {
  const namesOf = (resource: string): VersionName[] =>
    [...(generation().versions.get(resource)?.keys() ?? [])]
      .sort()
      .map((name) => parseVersionFile(resource, name))
      .filter((version) => version !== undefined);
  return {
    async put(resource: string, kind: VersionKind, atLeast: number, bytes: Uint8Array): Promise<VersionName> {
      checkResource(resource);
      await step("versions.put");
      const number = Math.max(1, atLeast, ...namesOf(resource).map((version) => version.number + 1));
      if (number > 0xffffffff) throw fail("CLUSTERLOG_NOT_ENOUGH_SPACE", { happened: "No checkpoint number is free." });
      const version: VersionName = { resource, number, kind };
      const { versions } = generation();
      const files = versions.get(resource) ?? new Map<string, Uint8Array>();
      files.set(versionFile(version), bytes.slice());
      versions.set(resource, files);
      await step("versions.put");
      return version;
    },
    async read(version: VersionName): Promise<Uint8Array> {
      checkResource(version.resource);
      await step("versions.read");
      const bytes = generation().versions.get(version.resource)?.get(versionFile(version));
      if (bytes === undefined) throw noVersion("memory", version);
      return bytes.slice();
    },
    async list(resource: string): Promise<readonly VersionName[]> {
      checkResource(resource);
      await step("versions.list");
      return namesOf(resource);
    },
    async resources(): Promise<readonly string[]> {
      await step("versions.resources");
      return [...generation().versions].flatMap(([resource, files]) => (files.size > 0 ? [resource] : [])).sort();
    },
  };
}
