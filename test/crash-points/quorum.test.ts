/** Every write, fsync, link, rename and unlink of the quorum directory is cut short, and what is left must be whole. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Files } from "../../src/base/outside.ts";
import { crashPoints } from "../../src/sim/crash-points.ts";
import { identity, imageOf, lead, rebuildFor, recordOf, stateOf, whoOf } from "../conformance/quorum-scene.ts";
import type { ClusterIdentity, Leadership, LogRecord, Quorum } from "../../src/quorum/quorum.ts";
import type { DiskOutside } from "../../src/quorum/disk/place.ts";
import { createQuorumFolder, openDiskQuorum, switchQuorumFolder } from "../../src/quorum/disk/quorum.ts";

const place = "/shared/quorum";
const other: ClusterIdentity = { ...identity, lineage: "55555555-5555-4555-8555-555555555555" };
const restored: ClusterIdentity = { ...identity, generation: 2, lineage: "33333333-3333-4333-8333-333333333333" };
const resource = "44444444-4444-4444-8444-444444444444";
/** Longer than a sector, so that it can be torn. */
const long = "x".repeat(3000);
const decode = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);
const encode = (text: string): Uint8Array => new TextEncoder().encode(text);

/** The same names in every run. */
function outsideOf(files: Files, salt: number): DiskOutside {
  let made = 0;
  return { files, random: { bytes: (count) => new Uint8Array(count).fill(++made).fill(salt, 0, 1) } };
}

const openOn = (files: Files, salt = 1): Promise<Quorum> => openDiskQuorum(outsideOf(files, salt), place);

async function createOn(files: Files): Promise<void> {
  await files.makeFolder("/shared");
  await (await openOn(files)).create(identity, imageOf(`first ${long}`));
}

/** An update whose body is torn when any of its sectors is lost. */
function update(epoch: number, sequence: number): LogRecord {
  const record = recordOf(epoch, sequence);
  return { ...record, body: encode(`${decode(record.body)} ${long}`) };
}

async function append(leadership: Leadership, records: readonly LogRecord[], acknowledged: string[]): Promise<void> {
  const outcomes = records.map(async (record) => {
    if ((await leadership.append(record)) === "acknowledged") acknowledged.push(decode(record.body));
  });
  await Promise.all(outcomes);
}

/** Loads, then leads and appends: all acknowledged lines are there, in one order, whole, and the quorum goes on. */
async function requireGoesOn(files: Files, acknowledged: readonly string[]): Promise<void> {
  const quorum = await openOn(files, 2);
  const before = await quorum.load();
  const lines = stateOf(before);
  assert.equal(lines[0], `first ${long}`);
  assert.deepEqual(lines, [...new Set(lines)]);
  assert.deepEqual(
    acknowledged,
    lines.filter((line) => acknowledged.includes(line)),
  );
  for (const line of lines) assert.ok(line.endsWith(long), "a torn line");
  const leadership = await lead(quorum, "9");
  assert.deepEqual(stateOf(await quorum.load()), lines);
  const { tag } = (await quorum.load()).snapshot;
  assert.equal(await leadership.append(update(leadership.epoch, tag.sequence + 1)), "acknowledged");
  assert.equal(stateOf(await quorum.load()).length, lines.length + 1);
}

test("create is whole or absent at every crash", async () => {
  let created = false;
  await crashPoints(
    async (files) => {
      created = false;
      await (await openOn(files)).create(identity, imageOf(`first ${long}`));
      created = true;
      await files.makeFolder("/after");
    },
    async (files) => {
      const quorum = await openOn(files, 2);
      if ((await quorum.identity()) === undefined) {
        assert.equal(created, false, "a cluster was created and is gone");
        assert.equal(await quorum.leader(), undefined);
        await quorum.create(other, imageOf(`first ${long}`));
      }
      await requireGoesOn(files, []);
    },
    { prepare: (files) => files.makeFolder("/shared"), told: () => created },
  );
});

test("claims, take overs, appends and snapshots lose nothing acknowledged at any crash", async () => {
  const acknowledged: string[] = [];
  const crashes = await crashPoints(
    async (files) => {
      acknowledged.length = 0;
      const quorum = await openOn(files);
      const first = await lead(quorum, "1");
      await append(first, [update(1, 1), update(1, 2), update(1, 3)], acknowledged);
      await append(first, [update(1, 4)], acknowledged);
      await first.snapshot({ ...rebuildFor(1)(await quorum.load()) });
      await append(first, [update(1, 5)], acknowledged);
      const second = await lead(await openOn(files, 3), "2");
      await append(second, [update(2, 6), update(2, 7)], acknowledged);
      await second.snapshot({ ...rebuildFor(2)(await quorum.load()) });
      await append(second, [update(2, 8)], acknowledged);
      await second.resign();
    },
    async (files) => {
      const quorum = await openOn(files, 4);
      const claim = await quorum.leader();
      if (claim !== undefined) {
        assert.equal(claim.incarnation, whoOf(claim.node).incarnation);
        assert.equal(await quorum.holderDied(claim.epoch), true);
      }
      await requireGoesOn(files, acknowledged);
    },
    { prepare: createOn, tornVariants: 2, told: () => acknowledged },
  );
  assert.ok(crashes > 500);
});

test("a confirmation that was cut off harms nothing", async () => {
  await crashPoints(
    async (files) => {
      const quorum = await openOn(files);
      await lead(quorum, "1");
      for (let i = 0; i < 3; i++) await quorum.confirm(1);
    },
    async (files) => {
      assert.ok((await (await openOn(files, 2)).counter(1)) <= 3);
      await requireGoesOn(files, []);
    },
    { prepare: createOn, told: () => "nothing" },
  );
});

test("a restore switches as a whole at every crash and can be finished", async () => {
  const versions = [{ name: `{${resource}}/0000000a.CPT`, bytes: encode(long) }];
  const image = imageOf(`first ${long}\nrestored ${long}`, 0, 7, 2);
  let switched = false;
  const restore = async (files: Files, salt: number): Promise<void> => {
    await createQuorumFolder(outsideOf(files, salt), place, restored, image, versions);
    await switchQuorumFolder(outsideOf(files, salt), place, restored);
  };
  await crashPoints(
    async (files) => {
      switched = false;
      await restore(files, 1);
      switched = true;
      await files.makeFolder("/after");
    },
    async (files) => {
      const quorum = await openOn(files, 2);
      const { generation } = (await quorum.identity()) ?? assert.fail("the quorum has no generation in force");
      if (switched) assert.equal(generation, 2);
      if (generation === 1) {
        assert.deepEqual(stateOf(await quorum.load()), [`first ${long}`]);
        await restore(files, 3);
      } else await switchQuorumFolder(outsideOf(files, 3), place, restored);
      assert.deepEqual(await quorum.load(), { identity: restored, snapshot: image, records: [] });
      assert.equal(decode(await quorum.versions.read({ resource, number: 10, kind: "CPT" })), long);
      assert.equal((await lead(quorum, "9")).epoch, 1);
    },
    { prepare: createOn, told: () => switched },
  );
});

test("a committed version and a written proof are there after every crash; a version is whole", async () => {
  const committed: number[] = [];
  let proved = false;
  await crashPoints(
    async (files) => {
      committed.length = 0;
      proved = false;
      const quorum = await openOn(files);
      for (const kind of ["CPT", "CPR"] as const) {
        committed.push((await quorum.versions.put(resource, kind, 1, encode(long))).number);
      }
      await quorum.proofs.write({ node: "1", incarnation: "abc" });
      proved = true;
      await files.makeFolder("/after");
    },
    async (files) => {
      const quorum = await openOn(files, 2);
      const versions = await quorum.versions.list(resource);
      const numbers = versions.map(({ number }) => number);
      for (const number of committed) assert.ok(numbers.includes(number), `version ${number} is gone`);
      for (const version of versions) assert.equal(decode(await quorum.versions.read(version)), long);
      if (proved) assert.deepEqual(await quorum.proofs.list(), [{ node: "1", incarnation: "abc" }]);
      const next = await quorum.versions.put(resource, "CPT", 1, encode("next"));
      assert.ok(!numbers.includes(next.number));
    },
    { prepare: createOn, told: () => [committed, proved] },
  );
});
