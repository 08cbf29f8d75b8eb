import assert from "node:assert/strict";
import { test } from "node:test";
import { contentsOf, memoryFiles, web } from "../../../test/crash-points/example-cluster.ts";
import { before } from "../../../test/crash-points/example-quorum.ts";
import {
  backUp,
  doorOf,
  makeVssNode,
  restore,
  restoreDoor,
  vssOutside,
  vssPath,
  wordsOfSet,
} from "../../../test/crash-points/example-vss.ts";
import { failingAt } from "../../../test/faults/failing-files.ts";
import { finishBackup, refuseCheckpointed } from "../../backup/backup.ts";
import { Failure } from "../../base/errors.ts";
import type { Files } from "../../base/outside.ts";
import { applyEdits, type Edit } from "../../tree/edit.ts";
import { sz } from "../../tree/value.ts";
import { backupNode } from "./backup.ts";
import { vssLayout } from "./layout.ts";
import { decodeVssManifest, encodeVssManifest } from "./manifest.ts";
import { isVssSet, readVssSet, verifyVssSet } from "./read-set.ts";
import { planVssRestore } from "./restore-plan.ts";

const changing = ["link", "rename", "makeFolder", "syncFolder"] as const;

async function scene(): Promise<ReturnType<typeof memoryFiles>> {
  const made = memoryFiles();
  await makeVssNode(made.files, "one");
  return made;
}

const named =
  (name: string) =>
  (error: unknown): boolean =>
    error instanceof Failure && error.name === name && error.unchanged !== "";

test("a set holds node and cluster, closed to others, and its documents name both writers", async () => {
  const { files } = await scene();
  await write(files, "/n1/cluster-keys.json", new TextEncoder().encode('{"format":1,"keys":[]}\n'), 0o600);
  const before1 = await contentsOf(files, "/n1/registry");
  const written = await backUp(files, before, 1);
  assert.deepEqual(await wordsOfSet(files), { node: "one", cluster: "one" });
  assert.deepEqual(await contentsOf(files, "/n1/registry"), before1, "the node is as it was");
  assert.deepEqual(written.manifest.clusDb?.tag, "1:0:4");
  assert.ok(written.manifest.files.some(({ name }) => name === "node/cluster-keys.json"));
  assert.ok(await isVssSet(files, vssPath));
  const text = async (name: string): Promise<string> =>
    new TextDecoder().decode(await files.read(`${vssPath}/${name}`));
  const components = await text("bcd.xml");
  for (const word of ["Cluster Database", "Registry", "Key Containers"]) assert.ok(components.includes(word), word);
  assert.match(await text("writers/41e12264-35d8-479b-8e5c-9b23d1dad37e.xml"), /RESTORE_STOP_START/);
  assert.match(await text("writers/afbab4a2-367d-4d15-a586-71dbb18f8485.xml"), /RESTORE_AT_REBOOT/);
  for (const name of (await contentsOf(files, vssPath)).keys()) {
    const stat = await files.stat(`${vssPath}/${name.replace(/\/$/, "")}`);
    const mode = name.endsWith("/") ? 0o700 : name.endsWith("backup.dat") ? 0o444 : 0o600;
    assert.equal((stat?.mode ?? 0) & 0o777, mode, name);
  }
  assert.equal((await verifyVssSet({ files }, vssPath)).ok, true);
});

test("every file that is changed, cut, gone or a mixture is found", async () => {
  const { files } = await scene();
  await backUp(files, before, 1);
  const names = [...(await contentsOf(files, vssPath)).keys()].filter((name) => !name.endsWith("/"));
  for (const name of names) {
    const path = `${vssPath}/${name}`;
    const bytes = await files.read(path);
    const mode = (await files.stat(path))?.mode ?? 0o600;
    const damages: (Uint8Array | undefined)[] = [undefined, new Uint8Array([...bytes, 1])];
    if (bytes.length > 0)
      damages.push(bytes.slice(0, -1), bytes.with(bytes.length >> 1, (bytes[bytes.length >> 1] ?? 0) ^ 1));
    for (const damage of damages) {
      await files.unlink(path);
      if (damage !== undefined) await write(files, path, damage, mode);
      await assert.rejects(readVssSet({ files }, vssPath), named("DATABASE_BACKUP_CORRUPT"), name);
      if (damage !== undefined) await files.unlink(path);
      await write(files, path, bytes, mode);
    }
  }
  await readVssSet({ files }, vssPath);
});

test("links in the place of its manifest or folders are not followed", async () => {
  const { files } = await scene();
  await backUp(files, before, 1);
  for (const name of ["vss.json", "node", "cluster", "writers"]) {
    const path = `${vssPath}/${name}`;
    await files.rename(path, `/aside-${name}`);
    await files.makeLink(`/aside-${name}`, path);
    await assert.rejects(readVssSet({ files }, vssPath), named("DATABASE_BACKUP_CORRUPT"), name);
    await files.unlink(path);
    await files.rename(`/aside-${name}`, path);
  }
  await readVssSet({ files }, vssPath);
});

async function write(files: Files, path: string, bytes: Uint8Array, mode: number): Promise<void> {
  const handle = await files.open(path, "create", mode);
  await handle.write(bytes, 0);
  await handle.close();
}

test("a node whose service did not run is a stand-alone server: no part for the cluster, and none to restore it from", async () => {
  const { files } = await scene();
  const { manifest } = await backUp(files, undefined, 1);
  assert.deepEqual([manifest.nodeClusterState, manifest.clusterTag, manifest.notChecked.length], [3, undefined, 1]);
  assert.equal((await verifyVssSet({ files }, vssPath)).notChecked, 1);
  const plan = await planVssRestore({ files }, restoreDoor(files, 2), { path: vssPath, authoritative: true });
  assert.deepEqual(
    plan.blockers.map(({ name }) => name),
    ["CLUSTER_INVALID_REQUEST"],
  );
  assert.deepEqual((await restore(files, false, 3)).lines, ["committed"]);
});

test("other people's things stay: in the folder, and where a set's parts would be", async () => {
  const { files } = await scene();
  await files.makeFolder(`${vssPath}/mine`);
  await backUp(files, before, 1);
  await backUp(files, before, 2);
  assert.equal((await files.stat(`${vssPath}/mine`))?.kind, "folder");
  await files.makeFolder("/sets/other/cluster/precious");
  const door = doorOf(files, before);
  const work = backupNode({ outside: vssOutside(files, 3, true), door, path: "/sets/other" });
  await assert.rejects(work, named("DIR_NOT_EMPTY"));
  assert.equal((await files.stat("/sets/other/cluster/precious"))?.kind, "folder");
  const inside = backupNode({ outside: vssOutside(files, 4, true), door, path: "/n1/set" });
  await assert.rejects(inside, named("INVALID_PARAMETER"));
});

test("full disk, no permission, a disk that fails: no set, the old one counts, nothing is left over", async () => {
  for (const code of ["ENOSPC", "EACCES", "EIO"]) {
    for (let at = 0, failed = true; failed; at += 7) {
      const { files } = await scene();
      await backUp(files, before, 1);
      const faulty = failingAt(files, { among: changing, at, code });
      await backUp(faulty.files, before, 2).catch((error: unknown) => {
        assert.ok(error instanceof Failure && error.unchanged !== "", String(error));
      });
      failed = faulty.hasFailed();
      assert.deepEqual(await wordsOfSet(files), { node: "one", cluster: "one" });
      await finishBackup({ files }, vssPath, vssLayout);
      const left = (await files.list(vssPath)).filter((name) => name.startsWith("."));
      assert.deepEqual(left, [], `${code} at ${at}`);
    }
  }
});

test("the manifest is read to the byte, and another format is refused by its number", async () => {
  const { files } = await scene();
  const { manifest } = await backUp(files, before, 1);
  assert.deepEqual(encodeVssManifest(decodeVssManifest(encodeVssManifest(manifest))), encodeVssManifest(manifest));
  const text = new TextDecoder().decode(encodeVssManifest(manifest));
  const bytes = (changed: string): Uint8Array => new TextEncoder().encode(changed);
  assert.throws(
    () => decodeVssManifest(bytes(text.replace('"format": 1', '"format": 2'))),
    named("VERSION_NOT_SUPPORTED"),
  );
  for (const changed of [
    text.replace("n1", "n2"),
    text.trimEnd(),
    "null",
    "[]",
    "{",
    text.replace('"files"', '"fils"'),
  ])
    assert.throws(() => decodeVssManifest(bytes(changed)), named("DATABASE_BACKUP_CORRUPT"));
});

test("a set of clubar backup is told from an unfinished VSS set, with the command that restores it", async () => {
  const { files } = memoryFiles();
  await files.makeFolder("/plain");
  await (await files.open("/plain/Clusbackup.dat", "create")).close();
  await assert.rejects(
    readVssSet({ files }, "/plain"),
    (error: Failure) =>
      error.name === "DATABASE_BACKUP_CORRUPT" && error.next.includes("clubar restore /plain noforce"),
  );
});

test("a folder with the cluster's own set, or in a folder that is a checkpoint, takes no set of a node", async () => {
  const { files } = await scene();
  await files.makeFolder(vssPath);
  await (await files.open(`${vssPath}/Clusbackup.dat`, "create")).close();
  await assert.rejects(backUp(files, before, 1), named("DIR_NOT_EMPTY"));
  await files.unlink(`${vssPath}/Clusbackup.dat`);
  await backUp(files, before, 1);
  const at = (path: string): Edit[] => [
    { kind: "set-value", path: `Resources\\${web}\\DirSync`, value: sz("00000009", path) },
  ];
  const folder = vssPath.slice(0, vssPath.lastIndexOf("/"));
  for (const [place, isRefused] of [
    [vssPath, true],
    [folder, true],
    [`${vssPath}/app`, false],
    [`${vssPath}2`, false],
  ] as const) {
    const refuse = (): void => refuseCheckpointed(applyEdits(before.tree, at(place), 1n), "/n1", vssPath);
    if (isRefused) assert.throws(refuse, named("BAD_PATHNAME"), place);
    else refuse();
  }
});
