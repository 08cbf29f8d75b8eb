/** What the kernel shows of a life is taken only when nothing is left open: one test for each thing that can't be told. */
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, beforeEach, test } from "node:test";
import { openOutside } from "../base/outside-node.ts";
import { type Files, type Outside, OutsideError, type Processes, type ProcessIdentity } from "../base/outside.ts";
import { type ApplicationRecord, bootId, writeRecord } from "./application-record.ts";
import { lifeHasEnded } from "./ended-life.ts";
import { lockPath, readLifeMark, writeLifeMark } from "./life-mark.ts";

const real = openOutside();
const top = mkdtempSync(join(tmpdir(), "clubar-ended-life-"));
after(() => rmSync(top, { recursive: true, force: true }));
const boot = await bootId(real.files);
const host: ProcessIdentity = { pid: 100, started: "1000" };
const wrapper: ProcessIdentity = { pid: 101, started: "1001" };
const init: ProcessIdentity = { pid: 102, started: "1002" };

let data = "";
/** Pids that have not ended. */
let alive: Set<number>;

beforeEach(async () => {
  data = mkdtempSync(join(top, "node-"));
  alive = new Set();
  await hostWas("life 1");
});

/** What the host of a life left in its folder; its lock is held until the returned function is called. */
async function hostHolds(incarnation: string): Promise<() => Promise<void>> {
  const lock = await real.files.open(lockPath(data), "append");
  assert.equal(await lock.lock(), true);
  await writeLifeMark(
    { ...real, processes: { ...real.processes, self: host, table: "this table" } },
    lock,
    data,
    incarnation,
  );
  return () => lock.close();
}

const hostWas = (incarnation: string): Promise<void> => hostHolds(incarnation).then((letGo) => letGo());

/** Where the process table has no name. */
async function namelessHostWas(incarnation: string): Promise<void> {
  const lock = await real.files.open(lockPath(data), "append");
  await writeLifeMark(
    { ...real, processes: { ...real.processes, self: host, table: undefined } },
    lock,
    data,
    incarnation,
  );
  await lock.close();
}

/** The looking leader's outside: the real files, and a process table in which `alive` is there. */
function leader(processes: Partial<Processes> = {}, files: Partial<Files> = {}): Outside {
  const hasEnded = async (who: ProcessIdentity): Promise<boolean> => !alive.has(who.pid);
  return {
    ...real,
    files: { ...real.files, fileSystem: async () => "ext4", ...files },
    processes: { ...real.processes, table: "this table", hasEnded, ...processes },
  };
}

const record = (more: Partial<ApplicationRecord> = {}): ApplicationRecord => ({
  id: "a",
  resource: "App",
  kind: "pid-namespace",
  boot,
  wrapper,
  init,
  cgroup: undefined,
  ...more,
});
const records = (more?: Partial<ApplicationRecord>): Promise<void> => writeRecord(real.files, data, record(more));
const ended = (outside = leader(), incarnation = "life 1"): Promise<boolean> =>
  lifeHasEnded(outside, data, incarnation);

test("host and applications gone: the life has ended, whether it had any or not", async () => {
  assert.equal(await ended(), true);
  await records();
  await records({ id: "b", kind: "cgroup", cgroup: join(data, "no such cgroup") });
  assert.equal(await ended(), true);
});

test("a host that lives, or holds its lock", async () => {
  alive.add(host.pid);
  assert.equal(await ended(), false);
  alive.clear();
  const letGo = await hostHolds("life 1");
  assert.equal(await ended(), false);
  await letGo();
  assert.equal(await ended(), true);
});

test("an application whose init, or the process that waits for it, has not ended", async () => {
  await records();
  for (const { pid } of [init, wrapper]) {
    alive = new Set([pid]);
    assert.equal(await ended(), false, String(pid));
  }
});

test("one of many applications is enough", async () => {
  for (const id of ["a", "b", "c"]) await records({ id, init: { pid: 200 + id.charCodeAt(0), started: "5" } });
  assert.equal(await ended(), true);
  alive.add(200 + "c".charCodeAt(0));
  assert.equal(await ended(), false);
});

test("an application that only a process group holds", async () => {
  await records({ kind: "process-group" });
  assert.equal(await ended(), false);
});

test("what lives in the machine belongs to a type that does not die with its host: it tells nothing of the rest", async () => {
  alive.add(init.pid);
  await records({ kind: "machine" });
  assert.equal(await ended(), true);
  await records({ id: "b" });
  assert.equal(await ended(), false);
});

test("a record of another boot stands for nothing that runs", async () => {
  alive.add(init.pid);
  await records({ kind: "process-group", boot: "another boot" });
  assert.equal(await ended(), true);
  await records({ id: "b", boot: "" });
  assert.equal(await ended(), false);
});

test("a cgroup that still holds something", async () => {
  const cgroup = join(data, "cgroup");
  mkdirSync(cgroup);
  await records({ kind: "cgroup", cgroup });
  assert.equal(await ended(), false, "it says nothing");
  writeFileSync(join(cgroup, "cgroup.events"), "populated 1\nfrozen 0\n");
  assert.equal(await ended(), false);
  writeFileSync(join(cgroup, "cgroup.events"), "populated 0\nfrozen 0\n");
  assert.equal(await ended(), true);
});

test("a damaged record, or records that can't be listed", async () => {
  await records();
  assert.equal(await ended(), true);
  const list = (): Promise<never> => Promise.reject(new OutsideError("EACCES", "list"));
  await assert.rejects(ended(leader({}, { list })), { code: "EACCES" });
  writeFileSync(join(data, "applications/b.json"), "{");
  await assert.rejects(ended(), { name: "INVALID_DATA" });
});

test("a process table that is another one, or has no name", async () => {
  for (const table of ["another boot", undefined]) assert.equal(await ended(leader({ table })), false, table);
  await namelessHostWas("life 1");
  for (const table of ["this table", undefined]) assert.equal(await ended(leader({ table })), false, table);
});

test("a process that can't be asked for", async () => {
  const hasEnded = (): Promise<never> => Promise.reject(new OutsideError("EIO", "ask"));
  await assert.rejects(ended(leader({ hasEnded })), { code: "EIO" });
});

test("a folder on a file system that other machines may share", async () => {
  for (const type of ["nfs", "cifs", "fuse", "ocfs2", "gfs2", "9p", "unknown"])
    assert.equal(await ended(leader({}, { fileSystem: async () => type })), false, type);
});

test("a folder of another life, of none, or of a copy", async () => {
  assert.equal(await ended(leader(), "life 2"), false);
  const text = await real.files.read(lockPath(data));
  for (const torn of [
    new Uint8Array(),
    text.subarray(0, 20),
    text.subarray(0, -1),
    new TextEncoder().encode("null\n"),
  ]) {
    writeFileSync(lockPath(data), torn);
    assert.equal(await ended(), false);
  }
  rmSync(lockPath(data));
  await assert.rejects(ended(), { code: "ENOENT" });
});

test("a copy has another inode", async () => {
  const stat = async (path: string) => {
    const found = await real.files.stat(path);
    return found === undefined || path !== lockPath(data) ? found : { ...found, inode: found.inode + 1n };
  };
  assert.equal(await ended(leader({}, { stat })), false);
});

test("a next host that comes while it is looked, whether it stays or not", async () => {
  for (const stays of [true, false]) {
    await hostWas("life 1");
    let letGo: (() => Promise<void>) | undefined;
    const list = async (path: string): Promise<readonly string[]> => {
      letGo = await hostHolds("life 2");
      if (!stays) await letGo();
      return real.files.list(path);
    };
    await records();
    assert.equal(await ended(leader({}, { list })), false);
    if (stays) await letGo?.();
    assert.equal(await ended(), false, "the folder is the next life's now");
  }
});

test("a lock that is let go while it is looked: the records may have been read too early", async () => {
  await records();
  const letGo = await hostHolds("life 1");
  const list = async (path: string): Promise<readonly string[]> => {
    await letGo();
    return real.files.list(path);
  };
  assert.equal(await ended(leader({}, { list })), false);
});

test("a host whose process table has no name leaves no mark of an earlier one", async () => {
  await namelessHostWas("life 2");
  assert.equal(await readLifeMark(real.files, data), undefined);
});
