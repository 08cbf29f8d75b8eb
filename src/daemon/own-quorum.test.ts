/** Every state in which a quorum folder may be found: what the service says at its start, with which exit code, changing nothing. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { contentsOf, example, identity, memoryFiles, outsideOf } from "../../test/crash-points/example-cluster.ts";
import { makeQuorum, place } from "../../test/crash-points/example-quorum.ts";
import { Failure } from "../base/errors.ts";
import type { Files } from "../base/outside.ts";
import { Replica } from "../database/replica.ts";
import { openDiskQuorum } from "../quorum/disk/quorum.ts";
import { emptyKey } from "../tree/key.ts";
import { ownIdentity, refuseOlderQuorum } from "./own-quorum.ts";
import type { ServiceParts } from "./service-parts.ts";

const name = `1-${identity.lineage}`;

async function write(files: Files, path: string, text: string): Promise<void> {
  const handle = await files.open(path, "create");
  await handle.write(new TextEncoder().encode(text), 0);
  await handle.close();
}

async function whole(files: Files): Promise<void> {
  await files.makeFolder("/shared");
  await makeQuorum(files, example("one"), 3);
}

const cases: Record<string, { exit: number; says: RegExp; make: (files: Files) => Promise<void>; instance?: string }> =
  {
    missing: { exit: 8, says: /is not there/, make: (files) => files.makeFolder("/shared") },
    empty: { exit: 8, says: /is empty/, make: (files) => files.makeFolder(place) },
    "a file": {
      exit: 2,
      says: /is a file/,
      make: async (files) => {
        await files.makeFolder("/shared");
        await write(files, place, "x");
      },
    },
    "current missing": {
      exit: 8,
      says: /current is missing.*readable generations: 1-/,
      make: async (files) => {
        await whole(files);
        await files.unlink(`${place}/current`);
      },
    },
    "current torn": {
      exit: 5,
      says: /current does not name a generation/,
      make: async (files) => {
        await whole(files);
        await files.unlink(`${place}/current`);
        await write(files, `${place}/current`, "1-");
      },
    },
    retired: {
      exit: 8,
      says: /was retired on purpose/,
      make: async (files) => {
        await whole(files);
        await files.rename(`${place}/current`, `${place}/current.retired`);
      },
    },
    "generation missing": {
      exit: 8,
      says: /current names generation .* no finished folder/,
      make: async (files) => {
        await whole(files);
        await files.unlink(`${place}/generation/${name}/quorum.json`);
      },
    },
    unfinished: {
      exit: 8,
      says: /none can be read/,
      make: async (files) => {
        await whole(files);
        await files.unlink(`${place}/generation/${name}/quorum.json`);
        await files.unlink(`${place}/current`);
      },
    },
    foreign: { exit: 3, says: /holds another cluster/, make: whole, instance: "99999999-0000-4000-8000-000000000009" },
  };

async function partsOn(files: Files, instance: string): Promise<ServiceParts> {
  const outside = outsideOf(files);
  const quorum = await openDiskQuorum(outside, place).catch(() => ({
    place,
    identity: () => Promise.reject(new Error("torn")),
  }));
  return { outside, quorum, config: { instance, insist: false } } as unknown as ServiceParts;
}

for (const [what, { exit, says, make, instance = identity.instance }] of Object.entries(cases)) {
  test(`the quorum folder: ${what}`, async () => {
    const { files } = memoryFiles();
    await make(files);
    const before = await contentsOf(files, "/");
    await assert.rejects(ownIdentity(await partsOn(files, instance)), (error) => {
      assert.ok(error instanceof Failure);
      assert.equal(error.exit, exit, error.message);
      assert.match(error.happened, says);
      assert.match(error.next, /clubar doctor/);
      return true;
    });
    assert.deepEqual(await contentsOf(files, "/"), before);
  });
}

test("the quorum folder: in order; but not older than the node's own copy", async () => {
  const { files } = memoryFiles();
  await whole(files);
  const found = await ownIdentity(await partsOn(files, identity.instance));
  assert.equal(found.generation, 1);
  const copy = (generation: number, lineage: string): Replica =>
    new Replica(emptyKey("Cluster", 0n), { generation, epoch: 1, sequence: 2 }, lineage);
  refuseOlderQuorum(place, found, copy(0, ""));
  refuseOlderQuorum(place, found, copy(1, identity.lineage));
  refuseOlderQuorum(place, { ...found, generation: 2, lineage: "other" }, copy(1, identity.lineage));
  assert.throws(() => refuseOlderQuorum(place, found, copy(2, "other")), /is an older one or of another history/);
  assert.throws(() => refuseOlderQuorum(place, found, copy(1, "other")), /is an older one or of another history/);
});
