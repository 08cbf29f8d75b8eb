/** The example cluster in a quorum folder, a backup of it, and a later state: what a restore starts from. */
import assert from "node:assert/strict";
import { takeBackup } from "../../src/backup/backup.ts";
import { sha256, sha256OfChunks } from "../../src/base/digest.ts";
import type { Files } from "../../src/base/outside.ts";
import { imageOf, replay } from "../../src/membership/copy-image.ts";
import { openDiskQuorum } from "../../src/quorum/disk/quorum.ts";
import type { Quorum } from "../../src/quorum/quorum.ts";
import type { CheckParts, RestorePlan, ResumeParts } from "../../src/restore/restore.ts";
import { checkRestore } from "../../src/restore/restore.ts";
import { configurationOf } from "../../src/restore/restored-tree.ts";
import { contentDigest } from "../../src/tree/content.ts";
import { findValue, type Key } from "../../src/tree/key.ts";
import { textOf } from "../../src/tree/value.ts";
import { namedVersions } from "../../src/backup/named-versions.ts";
import { type Example, example, identity, memoryFiles, outsideOf, versionsOf, web } from "./example-cluster.ts";

export const place = "/shared/quorum";
export const data = "/data";
export const setPath = "/backups/today";
export const before: Example = example("one");
/** Three nodes: n3 joined after the backup. */
export const after: Example = example("two", { nodes: 3 });

export function open(files: Files, salt = 5): Promise<Quorum> {
  return openDiskQuorum(outsideOf(files, salt), place);
}

/** A quorum whose database and checkpoint files are those of `cluster`. */
export async function makeQuorum(files: Files, cluster: Example, sequence: number): Promise<void> {
  const quorum = await open(files);
  await quorum.create(identity, imageOf(cluster.tree, { generation: 1, epoch: 0, sequence }, 1));
  for (const { resource, kind, number, bytes } of cluster.files)
    await quorum.versions.put(resource, kind, number, bytes);
}

export async function makeSet(files: Files, cluster: Example, sequence: number): Promise<void> {
  await files.makeFolder("/backups");
  const tag = { generation: 1, epoch: 0, sequence };
  const { tree } = cluster;
  await takeBackup({
    outside: outsideOf(files, 6),
    tree,
    tag,
    identity,
    versions: versionsOf(cluster.files),
    path: setPath,
    node: "n1",
  });
}

export async function makeScene(files: Files): Promise<void> {
  await files.makeFolder("/shared");
  await files.makeFolder(data);
  await makeQuorum(files, after, 9);
  await makeSet(files, before, 4);
}

/** The scene made once, to be put on any number of empty disks. */
export async function recordScene(make: (files: Files) => Promise<void>): Promise<(files: Files) => Promise<void>> {
  const { files: from } = memoryFiles();
  await make(from);
  const steps: ((files: Files) => Promise<void>)[] = [];
  const walk = async (folder: string): Promise<void> => {
    for (const name of await from.list(folder === "" ? "/" : folder)) {
      const path = `${folder}/${name}`;
      const stat = await from.stat(path);
      if (stat?.kind === "folder") {
        steps.push((files) => files.makeFolder(path));
        await walk(path);
        continue;
      }
      const bytes = await from.read(path);
      steps.push(async (files) => {
        const handle = await files.open(path, "create", stat?.mode ?? 0o600);
        await handle.write(bytes, 0);
        await handle.close();
      });
    }
  };
  await walk("");
  return async (files) => {
    for (const step of steps) await step(files);
  };
}

export function partsOf(files: Files, salt: number): CheckParts & Pick<ResumeParts, "node" | "askNodes"> {
  const askNode = async (): Promise<{ state: "stopped"; evidence: string }> => ({
    state: "stopped",
    evidence: "said so",
  });
  return {
    outside: outsideOf(files, salt),
    data,
    place,
    self: { id: "1", name: "n1" },
    ownInstance: identity.instance,
    askNode,
    node: "n1",
    askNodes: async () => [{ id: "2", name: "n2", state: "stopped", evidence: "said so" }],
  };
}

export function planOn(files: Files, salt: number, change: Partial<CheckParts> = {}): Promise<RestorePlan> {
  return checkRestore({ ...partsOf(files, salt), ...change }, { path: setPath });
}

export const digestOf = (tree: Key): string => contentDigest(configurationOf(tree), sha256OfChunks);

/** The word of the state in force; every version that its database names is there with its digest. */
export async function wordInForce(files: Files): Promise<string> {
  const quorum = await open(files);
  const { tree } = replay(await quorum.load());
  for (const version of namedVersions(tree))
    assert.equal(sha256(await quorum.versions.read(version)), version.fileDigest);
  const word = textOf(findValue(tree, `Resources\\${web}\\Parameters`, "Word")) ?? "";
  if (word === "two") assert.equal(digestOf(tree), digestOf(after.tree));
  return word;
}
