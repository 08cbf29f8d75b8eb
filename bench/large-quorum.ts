/** A quorum directory with a hundred megabytes of checkpoint versions, and the database that names them. */
import { sha256 } from "../src/base/digest.ts";
import type { Outside } from "../src/base/outside.ts";
import { initialDatabase } from "../src/database/initial-database.ts";
import { writeHive } from "../src/hive/index.ts";
import { imageOf } from "../src/membership/copy-image.ts";
import { openDiskQuorum } from "../src/quorum/disk/quorum.ts";
import type { ClusterIdentity, Quorum } from "../src/quorum/quorum.ts";
import { firstTag, type Tag } from "../src/quorum/tag.ts";
import { applyEdits, type Edit } from "../src/tree/edit.ts";
import type { Key } from "../src/tree/key.ts";
import { dword, sz } from "../src/tree/value.ts";
import { manyKeys } from "./many-keys.ts";

const resources = 20;
/** Of each resource: five registry checkpoints of about a megabyte. */
const checkpoints = 5;

export interface LargeQuorum {
  readonly quorum: Quorum;
  readonly tree: Key;
  readonly tag: Tag;
  readonly identity: ClusterIdentity;
  /** Of all versions together. */
  readonly bytes: number;
}

export async function largeQuorum(outside: Outside, place: string, guid: () => string): Promise<LargeQuorum> {
  const identity: ClusterIdentity = {
    name: "BENCH",
    instance: guid(),
    generation: firstTag.generation,
    lineage: guid(),
  };
  const names = { clusterName: identity.name, instance: identity.instance, nodeId: "1", nodeName: "A" };
  const bare = initialDatabase({ ...names, time: 0n, newGuid: guid });
  const hive = writeHive(manyKeys("Settings", 2000, 400), { time: 1n });
  const quorum = await openDiskQuorum(outside, place);
  await quorum.create(identity, imageOf(bare, firstTag, 0));
  const edits: Edit[] = [];
  for (let index = 0; index < resources; index++) {
    const id = guid();
    edits.push(
      value(`Resources\\${id}`, sz("Name", `Resource ${index}`)),
      value(`Resources\\${id}`, sz("Type", "Generic Application")),
    );
    for (let number = 1; number <= checkpoints; number++) {
      await quorum.versions.put(id, "CPT", number, hive);
      edits.push(...named(id, number, hive));
    }
  }
  return {
    quorum,
    tree: applyEdits(bare, edits, 1n),
    tag: firstTag,
    identity,
    bytes: hive.length * resources * checkpoints,
  };
}

function named(resource: string, number: number, hive: Uint8Array): Edit[] {
  const name = number.toString(16).padStart(8, "0");
  const path = `SOFTWARE\\Settings ${number}`;
  const version = `Resources\\${resource}\\Checkpoints\\${name}`;
  const facts = [sz("Kind", "CPT"), sz("Path", path), sz("FileDigest", sha256(hive)), dword("Size", hive.length)];
  return [value(`Resources\\${resource}\\RegSync`, sz(name, path)), ...facts.map((fact) => value(version, fact))];
}

function value(path: string, stored: ReturnType<typeof sz>): Edit {
  return { kind: "set-value", path, value: stored };
}
