/** Damage of every kind is found, and what nobody could check is said to be NOT CHECKED. */
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  contentsOf,
  example,
  identity,
  mail,
  memoryFiles,
  outsideOf,
  versionsOf,
  web,
} from "../../test/crash-points/example-cluster.ts";
import { Failure } from "../base/errors.ts";
import type { Files } from "../base/outside.ts";
import { readBackup, takeBackup, verifyBackup } from "./backup.ts";

const tag = { generation: 1, epoch: 3, sequence: 276 };
const path = "/backups/today";

async function place(): Promise<ReturnType<typeof memoryFiles>> {
  const made = memoryFiles();
  await made.files.makeFolder("/backups");
  return made;
}

async function take(files: Files, { tree, files: versions }: ReturnType<typeof example>): Promise<void> {
  await takeBackup({
    outside: outsideOf(files),
    tree,
    tag,
    identity,
    versions: versionsOf(versions),
    path,
    node: "n1",
  });
}

const named =
  (name: string) =>
  (error: unknown): boolean =>
    error instanceof Failure && error.name === name && error.unchanged !== "";

async function damage(change: (files: Files) => Promise<void>): Promise<Files> {
  const { files } = await place();
  await take(files, example("one"));
  await change(files);
  return files;
}

async function overwrite(files: Files, file: string, bytes: Uint8Array): Promise<void> {
  const mode = (await files.stat(file))?.mode ?? 0o600;
  await files.unlink(file);
  const handle = await files.open(file, "create", mode);
  await handle.write(bytes, 0);
  await handle.close();
}

async function requireDamaged(files: Files, what: string): Promise<void> {
  const report = await verifyBackup({ files }, path);
  assert.equal(report.ok, false, what);
  await assert.rejects(readBackup({ files }, path), named("DATABASE_BACKUP_CORRUPT"), what);
}

test("every file cut at several places, or with a byte flipped, is found", async () => {
  const { files } = await place();
  await take(files, example("one"));
  for (const [name, kind] of await contentsOf(files, path)) {
    if (kind === "folder") continue;
    const file = `${path}/${name}`;
    const bytes = await files.read(file);
    const { length } = bytes;
    for (const size of new Set([0, 1, 512, length >> 1, length - 1].filter((each) => each >= 0 && each < length))) {
      await overwrite(files, file, bytes.slice(0, size));
      await requireDamaged(files, `${name} cut to ${size}`);
    }
    for (const at of new Set([0, 5, 100, length >> 1, length - 1].filter((each) => each >= 0 && each < length))) {
      await overwrite(
        files,
        file,
        bytes.map((byte, index) => (index === at ? byte ^ 1 : byte)),
      );
      await requireDamaged(files, `${name} flipped at ${at}`);
    }
    await overwrite(files, file, Uint8Array.from([...bytes, 32]));
    await requireDamaged(files, `${name} longer`);
    await overwrite(files, file, bytes);
    assert.equal((await verifyBackup({ files }, path)).ok, true);
  }
});

test("a missing or foreign checkpoint file, a missing file and a missing marker are found", async () => {
  await requireDamaged(await damage((files) => files.unlink(`${path}/{${web}}/00000002.CPT`)), "missing CPT");
  await requireDamaged(await damage((files) => files.unlink(`${path}/quolog.log`)), "missing log");
  await requireDamaged(
    await damage(async (files) => {
      await (await files.open(`${path}/{${mail}}/00000009.CPT`, "create")).close();
    }),
    "foreign CPT",
  );
  const unfinished = await damage((files) => files.unlink(`${path}/Clusbackup.dat`));
  await assert.rejects(
    verifyBackup({ files: unfinished }, path),
    (error: Failure) => error.win32 === 5087 && error.happened.includes("Clusbackup.dat"),
  );
  await assert.rejects(readBackup({ files: unfinished }, path), named("DATABASE_BACKUP_CORRUPT"));
  const empty = await place();
  await assert.rejects(verifyBackup({ files: empty.files }, "/backups"), named("DATABASE_BACKUP_CORRUPT"));
});

test("a set without a manifest is taken, and its digests are NOT CHECKED", async () => {
  const genuine = await damage(async (files) => {
    await files.unlink(`${path}/manifest.json`);
    await files.rename(`${path}/chk0001.tmp`, `${path}/Chk2ca.tmp`);
    await overwrite(files, `${path}/quolog.log`, new TextEncoder().encode("another format"));
  });
  const report = await verifyBackup({ files: genuine }, path);
  assert.equal(report.ok, true);
  assert.ok(report.lines.some(({ what, result }) => what === "cluster database" && result === "NOT CHECKED"));
  const read = await readBackup({ files: genuine }, path);
  assert.deepEqual([read.cluster.name, read.versions.length, read.lineage], ["TOWER", 4, undefined]);
  assert.ok(read.notChecked.length > 3);
});
