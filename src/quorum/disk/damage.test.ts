/** Damaged, missing and foreign files, failing disks, file systems of several machines. */
import assert from "node:assert/strict";
import { mkdtemp, readFile, readdir, rm, stat, unlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, test } from "node:test";
import { Failure } from "../../base/errors.ts";
import { openOutside } from "../../base/outside-node.ts";
import { OutsideError } from "../../base/outside.ts";
import type { Files, Outside } from "../../base/outside.ts";
import { identity, imageOf, lead, rebuildFor, recordOf, stateOf } from "../../../test/conformance/quorum-scene.ts";
import type { Leadership, Quorum } from "../quorum.ts";
import { createQuorumFolder, listGenerations, openDiskQuorum, switchQuorumFolder } from "./quorum.ts";

const outside = openOutside();
let root = "";
let place = "";
let quorum: Quorum;
let leaderships: Leadership[] = [];

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "clubar-quorum-"));
  place = join(root, "quorum");
  quorum = await openDiskQuorum(outside, place);
  await quorum.create(identity, imageOf("first"));
});
afterEach(async () => {
  for (const leadership of leaderships) await leadership.resign();
  leaderships = [];
  await rm(root, { recursive: true });
});

const folder = (): string => join(place, "generation", `1-${identity.lineage}`);
async function leadAs(node: string, of: Quorum = quorum): Promise<Leadership> {
  const leadership = await lead(of, node);
  leaderships.push(leadership);
  return leadership;
}
async function snapshots(): Promise<string[]> {
  return (await readdir(folder())).filter((name) => name.startsWith("chk")).sort();
}
function failure(name: string, text: RegExp): (error: unknown) => boolean {
  return (error) => error instanceof Failure && error.name === name && text.test(error.message);
}

/** first, update 1 … 3, with a snapshot after 2. */
async function threeUpdates(): Promise<void> {
  const leadership = await leadAs("1");
  await leadership.append(recordOf(1, 1));
  await leadership.append(recordOf(1, 2));
  await leadership.snapshot(rebuildFor(1)(await quorum.load()));
  await leadership.append(recordOf(1, 3));
}

for (const [how, spoil] of [
  ["zero bytes", (path: string) => writeFile(path, "")],
  ["another byte", (path: string) => writeFile(path, "First")],
  ["nothing at all", (path: string) => unlink(path)],
] as const) {
  test(`with ${how} in the newest snapshot, the one before and its log stand in`, async () => {
    await threeUpdates();
    const expected = stateOf(await quorum.load());
    const newest = (await snapshots()).at(-1) ?? "";
    await spoil(join(folder(), newest));
    const loaded = await quorum.load();
    assert.deepEqual(stateOf(loaded), expected);
    assert.deepEqual(loaded.snapshot, imageOf("first", 1, 0));
    const next = await leadAs("2");
    assert.equal(await next.append(recordOf(2, 4)), "acknowledged");
    assert.deepEqual(stateOf(await quorum.load()), [...expected, "update 4 of 2"]);
  });
}

test("what an old leader wrote after the take over does not come back through the fallback", async () => {
  const old = await leadAs("1");
  await old.append(recordOf(1, 1));
  const young = await leadAs("2");
  assert.equal(await old.append(recordOf(1, 2)), "unknown");
  await young.append(recordOf(2, 2));
  await writeFile(join(folder(), (await snapshots()).at(-1) ?? ""), "");
  assert.deepEqual(stateOf(await quorum.load()), ["first", "update 1 of 1", "update 2 of 2"]);
});

test("with both snapshots damaged the state is refused, naming the file", async () => {
  await threeUpdates();
  const names = await snapshots();
  for (const name of names) await writeFile(join(folder(), name), "");
  await assert.rejects(quorum.load(), failure("CLUSTERLOG_CORRUPT", /chk[0-9a-f]{4}\.tmp is damaged/));
  for (const name of names) await unlink(join(folder(), name));
  await assert.rejects(quorum.load(), failure("CLUSTERLOG_CHKPOINT_NOT_FOUND", /chk[0-9a-f]{4}\.tmp is missing/));
  await assert.rejects(leadAs("2"), failure("CLUSTERLOG_CHKPOINT_NOT_FOUND", /./));
});

test("a log that was damaged before its tail stops the reader and is named", async () => {
  const leadership = await leadAs("1");
  for (let sequence = 1; sequence < 5; sequence++) await leadership.append(recordOf(1, sequence));
  const path = join(folder(), "log", "00000001-000000.log");
  const bytes = await readFile(path);
  bytes[bytes.indexOf("update 2")] = 0x21;
  await writeFile(path, bytes);
  await assert.rejects(quorum.load(), failure("CLUSTERLOG_CORRUPT", /00000001-000000\.log.*offset/));
});

test("a log of another cluster is refused", async () => {
  await threeUpdates();
  const path = join(folder(), "quorum.json");
  const text = await readFile(path, "utf8");
  await writeFile(path, text.replace(identity.instance, identity.lineage));
  await assert.rejects(quorum.load(), failure("CLUSTER_INSTANCE_ID_MISMATCH", /belongs to cluster/));
  await writeFile(path, text.replace('"format":1', '"format":2'));
  await assert.rejects(quorum.load(), failure("VERSION_NOT_SUPPORTED", /format 2/));
  await writeFile(path, "{");
  await assert.rejects(quorum.load(), failure("CLUSTERLOG_CORRUPT", /quorum\.json/));
  await writeFile(join(place, "current"), "elsewhere\n");
  await assert.rejects(quorum.load(), failure("CLUSTERLOG_CORRUPT", /current/));
});

test("only the two newest logs and their snapshots are kept; quolog.log is the newest log", async () => {
  for (let node = 1; node < 5; node++) {
    await threeUpdatesBy(await leadAs(String(node)));
  }
  const logs = await readdir(join(folder(), "log"));
  assert.deepEqual(logs.sort(), ["00000004-000000.log", "00000004-000001.log"]);
  assert.equal((await snapshots()).length, 2);
  const newest = await stat(join(folder(), "log", "00000004-000001.log"));
  const forPeople = await stat(join(folder(), "quolog.log"));
  assert.equal(forPeople.ino, newest.ino);
  assert.deepEqual(await temporaries(), []);
  for (const name of ["quolog.log", ...(await snapshots())]) {
    assert.equal((await stat(join(folder(), name))).mode & 0o777, 0o600);
  }
  for (const name of ["", "log", "epoch", "proof"]) {
    assert.equal((await stat(join(folder(), name))).mode & 0o777, 0o700);
  }
});

async function threeUpdatesBy(leadership: Leadership): Promise<void> {
  const { sequence } = (await quorum.load()).snapshot.tag;
  await leadership.append(recordOf(leadership.epoch, sequence + 1));
  await leadership.snapshot(rebuildFor(leadership.epoch)(await quorum.load()));
}

async function temporaries(): Promise<string[]> {
  return (await readdir(place, { recursive: true })).filter((name) => name.endsWith(".tmp~"));
}

/** `outside` whose file handles fail in `call` when `failing()`. */
function withFaults(call: "write" | "sync", failing: () => boolean): Outside {
  const open: Files["open"] = async (path, how, mode) => {
    const handle = await outside.files.open(path, how, mode);
    const original = handle[call].bind(handle) as (...args: unknown[]) => Promise<void>;
    handle[call] = async (...args: unknown[]) => {
      if (failing()) throw new OutsideError("EIO", path);
      return original(...args);
    };
    return handle;
  };
  return { ...outside, files: { ...outside.files, open } };
}

for (const call of ["write", "sync"] as const) {
  test(`a failed ${call} ends the leadership for good`, async () => {
    let failing = false;
    const faulty = await openDiskQuorum(
      withFaults(call, () => failing),
      place,
    );
    const leadership = await leadAs("1", faulty);
    assert.equal(await leadership.append(recordOf(1, 1)), "acknowledged");
    failing = true;
    await assert.rejects(leadership.append(recordOf(1, 2)), (error) => error instanceof OutsideError);
    failing = false;
    await assert.rejects(leadership.append(recordOf(1, 2)));
    await assert.rejects(leadership.append(recordOf(1, 3)));
    await assert.rejects(leadership.snapshot(imageOf("x", 1, 2)));
    assert.deepEqual(stateOf(await quorum.load()).slice(0, 2), ["first", "update 1 of 1"]);
    assert.ok(await leadAs("2"));
  });

  test(`a failed ${call} in a snapshot changes nothing and ends the leadership`, async () => {
    let failing = false;
    const faulty = await openDiskQuorum(
      withFaults(call, () => failing),
      place,
    );
    const leadership = await leadAs("1", faulty);
    await leadership.append(recordOf(1, 1));
    failing = true;
    await assert.rejects(leadership.snapshot(imageOf("first\nupdate 1 of 1", 1, 1)));
    failing = false;
    await assert.rejects(leadership.append(recordOf(1, 2)));
    assert.deepEqual(stateOf(await quorum.load()), ["first", "update 1 of 1"]);
  });
}

test("file systems of several machines are refused unless the user insists", async () => {
  for (const type of ["nfs", "nfs4", "cifs", "smb2", "fuse", "fuse.sshfs"]) {
    const there: Outside = { ...outside, files: { ...outside.files, fileSystem: async () => type } };
    await assert.rejects(openDiskQuorum(there, place), failure("INVALID_PARAMETER", new RegExp(type)));
    assert.ok(await (await openDiskQuorum(there, place, { insist: true })).identity());
  }
  for (const type of ["ext4", "xfs", "btrfs", "tmpfs", "zfs", "unknown"]) {
    const here: Outside = { ...outside, files: { ...outside.files, fileSystem: async () => type } };
    assert.ok(await openDiskQuorum(here, join(place, "not", "yet")));
  }
});

test("a generation is switched to only when it is whole and newer", async () => {
  const next = { ...identity, generation: 2, lineage: "33333333-3333-4333-8333-333333333333" };
  await assert.rejects(switchQuorumFolder(outside, place, next), failure("INVALID_STATE", /never finished/));
  const rival = { ...identity, lineage: next.lineage };
  await assert.rejects(createQuorumFolder(outside, place, rival, imageOf("x")), failure("INVALID_STATE", /not newer/));
  await assert.rejects(
    createQuorumFolder(outside, place, identity, imageOf("x")),
    failure("OBJECT_ALREADY_EXISTS", /./),
  );
  for (const name of ["../x/00000001.CPT", `{${identity.lineage}}/../1.CPT`, `{${identity.lineage}}/1.CPT`]) {
    const made = createQuorumFolder(outside, place, next, imageOf("x", 0, 0, 2), [{ name, bytes: new Uint8Array(1) }]);
    await assert.rejects(made, failure("INVALID_PARAMETER", /not the name/));
  }
  await createQuorumFolder(outside, place, next, imageOf("second", 0, 0, 2));
  await createQuorumFolder(outside, place, next, imageOf("again", 0, 0, 2));
  assert.deepEqual(stateOf(await quorum.load()), ["first"]);
  await switchQuorumFolder(outside, place, next);
  assert.deepEqual(stateOf(await quorum.load()), ["again"]);
  await assert.rejects(switchQuorumFolder(outside, place, identity), failure("INVALID_STATE", /not newer/));
  assert.deepEqual(
    (await listGenerations(outside, place)).map(({ name, inForce }) => ({ name, inForce })),
    [
      { name: `1-${identity.lineage}`, inForce: false },
      { name: `2-${next.lineage}`, inForce: true },
    ],
  );
});
