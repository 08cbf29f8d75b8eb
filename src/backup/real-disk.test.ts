/** On the real file system: links are not followed, and a set is what other programs see. */
import assert from "node:assert/strict";
import { cp, mkdtemp, mkdir, readdir, readFile, rm, stat, symlink, unlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, test } from "node:test";
import { example, identity, versionsOf, web } from "../../test/crash-points/example-cluster.ts";
import { Failure } from "../base/errors.ts";
import { openOutside } from "../base/outside-node.ts";
import { readBackup, refuseOwnFolders, takeBackup, verifyBackup } from "./backup.ts";

const outside = openOutside();
let folder = "";

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "clubar-backup-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function take(path: string, word: string): Promise<void> {
  const { tree, files } = example(word);
  const tag = { generation: 1, epoch: 1, sequence: 1 };
  await takeBackup({ outside, tree, tag, identity, versions: versionsOf(files), path, node: "n1" });
}

const named =
  (name: string) =>
  (error: unknown): boolean =>
    error instanceof Failure && error.name === name;

test("taken twice, verified, read; only the owner may look", async () => {
  const path = join(folder, "set");
  await take(path, "one");
  await take(path, "two");
  assert.deepEqual(
    (await readdir(path)).filter((name) => name.startsWith(".")),
    [],
  );
  assert.equal((await verifyBackup(outside, path)).ok, true);
  assert.equal((await stat(path)).mode & 0o777, 0o700);
  assert.equal((await stat(join(path, `{${web}}`))).mode & 0o777, 0o700);
  assert.equal((await stat(join(path, "chk0001.tmp"))).mode & 0o777, 0o600);
  assert.equal((await stat(join(path, "Clusbackup.dat"))).mode & 0o777, 0o444);
});

test("separators at the end of the path count for nothing", async () => {
  for (const path of [join(folder, "set"), `${join(folder, "set")}/`, `${join(folder, "set")}\\`]) {
    await take(path, path);
    assert.deepEqual(await readdir(folder), ["set"]);
  }
});

test("a copy of a set is as good as the set", async () => {
  await take(join(folder, "set"), "one");
  await cp(join(folder, "set"), join(folder, "copy"), { recursive: true });
  await rm(join(folder, "set"), { recursive: true });
  assert.equal((await verifyBackup(outside, join(folder, "copy"))).ok, true);
  assert.equal((await readBackup(outside, join(folder, "copy"))).versions.length, 4);
});

test("no set in a quorum folder or a data folder, by whatever way one gets there", async () => {
  const generation = join(folder, "quorum", "generation", "1-x");
  await mkdir(join(generation, "epoch"), { recursive: true });
  await writeFile(join(folder, "quorum", "current"), "1-x\n");
  await mkdir(join(folder, "n1", "registry"), { recursive: true });
  await writeFile(join(folder, "n1", "node.json"), "{}");
  await mkdir(join(folder, "n1", "real"));
  await symlink(generation, join(folder, "way"));
  const refused = (path: string, name: string): Promise<void> =>
    assert.rejects(refuseOwnFolders(outside.files, join(folder, path)), named(name));
  for (const path of ["quorum", "quorum/", "quorum/new", "quorum/generation/1-x", "way/new", "way/epoch"])
    await refused(path, "INVALID_OPERATION_ON_QUORUM");
  for (const path of ["n1", "n1/new", "n1/registry"]) await refused(path, "INVALID_PARAMETER");
  for (const path of ["new", "n2/new", "."]) await refuseOwnFolders(outside.files, join(folder, path));
});

test("a link in the place of the folder, of a file or of a resource's folder is not followed", async () => {
  const path = join(folder, "set");
  await take(path, "one");
  await symlink(path, join(folder, "link"));
  await assert.rejects(take(join(folder, "link"), "two"), named("DIRECTORY"));
  const elsewhere = join(folder, "elsewhere");
  await mkdir(elsewhere);
  await writeFile(join(elsewhere, "precious"), "p");
  const file = join(path, `{${web}}`, "00000002.CPT");
  const bytes = await readFile(file);
  await writeFile(join(elsewhere, "copy"), bytes);
  await unlink(file);
  await symlink(join(elsewhere, "copy"), file);
  await assert.rejects(readBackup(outside, path), named("DATABASE_BACKUP_CORRUPT"));
  await assert.rejects(take(path, "two"), named("DIRECTORY"));
  await rm(join(path, `{${web}}`), { recursive: true });
  await symlink(elsewhere, join(path, `{${web}}`));
  await assert.rejects(take(path, "two"), named("DIRECTORY"));
  assert.deepEqual(await readdir(elsewhere), ["copy", "precious"]);
});
