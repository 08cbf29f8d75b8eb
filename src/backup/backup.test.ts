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
import type { Example } from "../../test/crash-points/example-cluster.ts";
import { sha256OfChunks } from "../base/digest.ts";
import { Failure } from "../base/errors.ts";
import { OutsideError, type Files } from "../base/outside.ts";
import { contentDigest } from "../tree/content.ts";
import { applyEdits } from "../tree/edit.ts";
import { findKey, findValue } from "../tree/key.ts";
import { sz, textOf } from "../tree/value.ts";
import { finishBackup, inspectBackup, listBackups, readBackup, takeBackup, verifyBackup } from "./backup.ts";
import type { BackupResult, TakeBackup } from "./backup.ts";

const tag = { generation: 1, epoch: 3, sequence: 276 };
const path = "/backups/today";

async function place(): Promise<ReturnType<typeof memoryFiles>> {
  const made = memoryFiles();
  await made.files.makeFolder("/backups");
  return made;
}

function take(files: Files, cluster: Example, change: Partial<TakeBackup> = {}, salt = 1): Promise<BackupResult> {
  const outside = outsideOf(files, salt);
  return takeBackup({
    outside,
    tree: cluster.tree,
    tag,
    identity,
    versions: versionsOf(cluster.files),
    path,
    node: "n1",
    ...change,
  });
}

const named =
  (name: string) =>
  (error: unknown): boolean =>
    error instanceof Failure && error.name === name && error.unchanged !== "";

test("a set has the layout of BackupClusterDatabase and one manifest", async () => {
  const { files } = await place();
  const result = await take(files, example("one"), { path: `${path}/\\` });
  assert.deepEqual(
    { node: result.node, path: result.path, tag: result.tag, files: result.files },
    { node: "n1", path, tag, files: 8 },
  );
  assert.deepEqual(
    [...(await contentsOf(files, path)).keys()],
    ["Clusbackup.dat", "chk0001.tmp", "manifest.json", "quolog.log"].concat(
      [`{${web}}/`, `{${web}}/00000001.CPT`, `{${web}}/00000002.CPT`, `{${web}}/00000003.CPR`],
      [`{${mail}}/`, `{${mail}}/00000001.CPT`],
    ),
  );
  const modes = await Promise.all(
    ["Clusbackup.dat", "chk0001.tmp", "manifest.json", `{${web}}/00000001.CPT`].map((name) =>
      files.stat(`${path}/${name}`),
    ),
  );
  assert.deepEqual(
    modes.map((stat) => stat?.mode),
    [0o444, 0o600, 0o600, 0o600],
  );
  assert.equal(modes[0]?.size, 0);
  assert.equal((await files.stat(path))?.mode, 0o700);
});

test("what is read is the database at the tag, without what only the running cluster knows", async () => {
  const { files } = await place();
  const cluster = example("one");
  await take(files, cluster);
  const read = await readBackup({ files }, path);
  assert.equal(findKey(read.tree, "Runtime"), undefined);
  const expected = applyEdits(
    cluster.tree,
    [
      { kind: "delete-key", path: "Runtime" },
      { kind: "set-value", path: "", value: sz("PaxosTag", "1:3:276") },
    ],
    0n,
  );
  assert.equal(contentDigest(read.tree, sha256OfChunks), contentDigest(expected, sha256OfChunks));
  assert.deepEqual(
    read.versions.map(({ bytes }) => bytes),
    cluster.files.map(({ bytes }) => bytes),
  );
  assert.deepEqual([read.tag, read.cluster.name, read.node], [tag, "TOWER", "n1"]);
});

test("verifying changes nothing and says what it could not check", async () => {
  const { files } = await place();
  await take(files, example("one"), { notChecked: ["Node n2 could not be asked to capture."] });
  const before = [await contentsOf(files, path), await files.stat(path)];
  const mutating: Files = new Proxy(files, {
    get: (target, name: keyof Files) =>
      ["read", "stat", "list"].includes(name) ? target[name].bind(target) : () => assert.fail(`called ${name}`),
  });
  const report = await verifyBackup({ files: mutating }, path);
  assert.equal(report.ok, true);
  assert.deepEqual(
    report.lines.filter(({ result }) => result === "NOT CHECKED").map(({ detail }) => detail),
    ["nobody looked at it", "Node n2 could not be asked to capture."],
  );
  assert.deepEqual([await contentsOf(files, path), await files.stat(path)], before);
});

test("a second backup replaces the backup files and leaves foreign files alone", async () => {
  const { files } = await place();
  await take(files, example("one"));
  await (await files.open(`${path}/notes.txt`, "create")).close();
  await (await files.open(`${path}/{${web}}/readme`, "create")).close();
  const result = await take(files, example("two", { first: 7 }), {}, 2);
  assert.match(result.notes.join(" "), /replaced.*notes\.txt/);
  assert.deepEqual(
    [...(await contentsOf(files, path)).keys()],
    ["Clusbackup.dat", "chk0001.tmp", "manifest.json", "notes.txt", "quolog.log"].concat(
      [`{${web}}/`, `{${web}}/00000007.CPT`, `{${web}}/00000008.CPT`, `{${web}}/00000009.CPR`, `{${web}}/readme`],
      [`{${mail}}/`, `{${mail}}/00000007.CPT`],
    ),
  );
  assert.equal((await verifyBackup({ files }, path)).ok, true);
});

test("paths that can't be are refused with what to do", async () => {
  const { files } = await place();
  await (await files.open("/backups/file", "create")).close();
  await assert.rejects(take(files, example("one"), { path: "/backups/file" }), named("DIRECTORY"));
  await assert.rejects(take(files, example("one"), { path: "/backups/file/set" }), named("DIRECTORY"));
  await assert.rejects(
    take(files, example("one"), { path: "/nowhere/set" }),
    (error: Failure) => error.name === "PATH_NOT_FOUND" && error.next.includes("mkdir"),
  );
  await assert.rejects(take(files, example("one"), { path: "relative" }), named("INVALID_PARAMETER"));
  await assert.rejects(take(files, example("one"), { path: "" }), named("INVALID_PARAMETER"));
  await assert.rejects(verifyBackup({ files }, "/backups/file"), named("DIRECTORY"));
  await assert.rejects(verifyBackup({ files }, "/backups/none"), named("PATH_NOT_FOUND"));
});

test("a checkpoint file that is lost or damaged fails the backup; an older version is said", async () => {
  const { files } = await place();
  await take(files, example("one"));
  const before = await contentsOf(files, path);
  const two = example("two");
  const without = (index: number): Partial<TakeBackup> => ({
    versions: versionsOf(two.files.filter((_, at) => at !== index)),
  });
  await assert.rejects(take(files, two, without(1), 2), named("FILE_NOT_FOUND"));
  const damaged = two.files.map((file, at) => (at === 1 ? { ...file, bytes: file.bytes.toReversed() } : file));
  await assert.rejects(take(files, two, { versions: versionsOf(damaged) }, 2), named("CRC"));
  assert.deepEqual(await contentsOf(files, path), before);
  assert.match((await take(files, two, without(0), 2)).notChecked.join(), /version 1 of the checkpoint/);
  assert.equal((await verifyBackup({ files }, path)).ok, true);
  assert.equal((await readBackup({ files }, path)).versions.length, 3);
});

/** Fails the n-th changing call and, with `stays`, every later one. */
function failing(files: Files, at: number, code: string, stays: boolean): { files: Files; count: () => number } {
  let count = 0;
  const step = (): void => {
    count++;
    if (count === at || (stays && count > at)) throw new OutsideError(code, "injected");
  };
  const changing = ["link", "rename", "unlink", "makeFolder", "removeFolder", "syncFolder", "setMode"] as const;
  const wrapped: Files = { ...files };
  for (const name of changing) {
    const real = files[name] as (...all: never[]) => Promise<unknown>;
    Object.assign(wrapped, { [name]: async (...args: never[]) => (step(), real(...args)) });
  }
  wrapped.open = async (file, how, mode) => {
    if (how === "create") step();
    const handle = await files.open(file, how, mode);
    return {
      read: (from, length) => handle.read(from, length),
      size: () => handle.size(),
      lock: () => handle.lock(),
      close: () => handle.close(),
      truncate: (size) => handle.truncate(size),
      write: async (bytes, where) => (step(), handle.write(bytes, where)),
      sync: async () => (step(), handle.sync()),
    };
  };
  return { files: wrapped, count: () => count };
}

test("a failing disk at any call leaves the old set or the new one, and the next backup cleans up", async () => {
  const one = example("one");
  const two = example("two", { first: 7 });
  const probe = await place();
  await take(probe.files, one);
  const counting = failing(probe.files, 0, "EIO", false);
  await take(counting.files, two, {}, 2);
  const clean = [...(await contentsOf(probe.files, path)).keys()];
  assert.ok(counting.count() > 50);
  for (const [code, stays] of [
    ["ENOSPC", false],
    ["EIO", true],
  ] as const) {
    for (let at = 1; at <= counting.count(); at++) {
      const { files } = await place();
      await take(files, one);
      const fault = failing(files, at, code, stays);
      // What clears away afterwards may fail without anybody being told.
      const outcome = await take(fault.files, two, {}, 2).then(
        () => "taken",
        (error: unknown) => error,
      );
      const word = textOf(findValue((await readBackup({ files }, path)).tree, `Resources\\${web}\\Parameters`, "Word"));
      assert.ok(word === "two" || (word === "one" && outcome !== "taken"), `call ${at}: ${word}`);
      if (outcome !== "taken") {
        assert.ok(
          outcome instanceof Failure && ["DISK_FULL", "IO_DEVICE"].includes(outcome.name),
          `call ${at}: ${String(outcome)}`,
        );
        assert.ok(outcome.unchanged !== "" && outcome.next !== "");
      }
      await take(files, two, {}, 3);
      assert.deepEqual([...(await contentsOf(files, path)).keys()], clean, `call ${at}`);
    }
  }
});

test("a full disk is DISK_FULL, a read-only folder ACCESS_DENIED; the set that was there stays", async () => {
  const { files, disk } = await place();
  await take(files, example("one"));
  const before = await contentsOf(files, path);
  disk.full = true;
  await assert.rejects(take(files, example("two"), {}, 2), named("DISK_FULL"));
  disk.full = false;
  for (const code of ["EACCES", "EROFS"]) {
    await assert.rejects(take(failing(files, 1, code, true).files, example("two"), {}, 3), named("ACCESS_DENIED"));
  }
  await finishBackup({ files }, path);
  assert.deepEqual(await contentsOf(files, path), before);
});

test("a disk that returns other bytes than were written is found before the old set is touched", async () => {
  const { files } = await place();
  await take(files, example("one"));
  const before = await contentsOf(files, path);
  for (const victim of ["chk0001.tmp", "quolog.log", "manifest.json", "00000002.CPT"]) {
    const lying: Files = {
      ...files,
      read: async (file) =>
        file.endsWith(victim)
          ? (await files.read(file)).map((byte, at) => (at === 40 ? byte ^ 4 : byte))
          : files.read(file),
    };
    await assert.rejects(
      take(lying, example("two"), {}, 2),
      victim === "quolog.log" ? Failure : named("IO_DEVICE"),
      victim,
    );
    assert.deepEqual(await contentsOf(files, path), before);
  }
});

test("two backups to one folder at once: one or none, and the set is whole", async () => {
  const { files } = await place();
  await take(files, example("one"));
  const outcomes = await Promise.allSettled([take(files, example("two"), {}, 2), take(files, example("three"), {}, 3)]);
  for (const outcome of outcomes) {
    if (outcome.status === "rejected") assert.equal((outcome.reason as Failure).name, "CLUSTER_BACKUP_IN_PROGRESS");
  }
  assert.equal((await verifyBackup({ files }, path)).ok, true);
  await take(files, example("four"), {}, 4);
});

test("a set says what it is, and lists are newest first", async () => {
  const { files } = await place();
  await take(files, example("one"));
  await take(files, example("two"), { outside: outsideOf(files, 2, 1_700_000_100_000), path: "/backups/newer" });
  await files.makeFolder("/backups/half");
  await (await files.open("/backups/half/chk0001.tmp", "create")).close();
  const summary = await inspectBackup({ files, clock: { wall: () => 1_700_000_060_000, boot: () => 0 } }, path);
  assert.deepEqual(
    [summary.cluster.name, summary.tag, summary.age, summary.node, summary.complete],
    ["TOWER", "1:3:276", 60_000, "n1", true],
  );
  assert.deepEqual(summary.nodes, [
    { id: "1", name: "n1" },
    { id: "2", name: "n2" },
  ]);
  assert.deepEqual(
    summary.checkpoints.map(({ resource, number, current }) => `${resource} ${number} ${current}`),
    ["web 1 false", "web 2 true", "web 3 true", "mail 1 true"],
  );
  const generation = "/backups/generation/1-a";
  await files.makeFolder("/backups/generation");
  await files.makeFolder(generation);
  for (const name of ["chk0001.tmp", "quorum.json"])
    await (await files.open(`${generation}/${name}`, "create")).close();
  const listed = await listBackups({ files }, "/backups/");
  assert.deepEqual(
    listed.map((set) => [set.path, set.complete, set.tag]),
    [
      ["/backups/newer", true, "1:3:276"],
      [path, true, "1:3:276"],
      ["/backups/half", false, undefined],
    ],
  );
});
