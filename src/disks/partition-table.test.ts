import assert from "node:assert/strict";
import { test } from "node:test";
import { crc32 as nodeCrc32 } from "node:zlib";
import fc from "fast-check";
import { crc32 } from "./crc32.ts";
import { type NewTable, newTable } from "./new-table.ts";
import type { PartitionTable, ReadAt } from "./partition.ts";
import { readPartitionTable } from "./partition-table.ts";

const size = 4 * 1024 * 1024;

function diskOf(table: NewTable): Uint8Array {
  const disk = new Uint8Array(table.size);
  for (const { at, bytes } of newTable(table)) disk.set(bytes, at);
  return disk;
}

function reader(disk: Uint8Array): ReadAt {
  return (at, length) => Promise.resolve(disk.slice(at, at + length));
}

const anyPartitions = (most: number, sector: number): fc.Arbitrary<NewTable["partitions"]> =>
  fc
    .uniqueArray(fc.integer({ min: 20, max: 200 }), { maxLength: most })
    .map((starts) =>
      starts.sort((a, b) => a - b).map((start) => ({ offset: start * 4096, size: sector * (1 + (start % 8)) })),
    );

const anyTable: fc.Arbitrary<NewTable> = fc.oneof(
  fc.record({
    id: fc.record({ signature: fc.nat({ max: 0xffffffff }) }),
    size: fc.constant(size),
    sector: fc.constant(512),
    partitions: anyPartitions(4, 512),
  }),
  fc.constantFrom(512, 4096).chain((sector) =>
    fc.record({
      id: fc.record({ guid: fc.uuid() }),
      size: fc.constant(size),
      sector: fc.constant(sector),
      partitions: anyPartitions(20, sector),
    }),
  ),
);

test("the checksum is the usual CRC-32", () => {
  fc.assert(fc.property(fc.uint8Array(), (bytes) => assert.equal(crc32(bytes), nodeCrc32(bytes))));
});

test("what is written is read back: id, numbers, offsets, sizes", async () => {
  const property = fc.asyncProperty(anyTable, async (table) => {
    const found = await readPartitionTable(reader(diskOf(table)), table.size, table.sector);
    const id = found.kind === "mbr" ? { signature: found.signature } : found.kind === "gpt" ? { guid: found.guid } : {};
    assert.deepEqual(id, { ...table.id });
    const partitions = table.partitions.map(({ offset, size: length }, index) => ({
      number: index + 1,
      offset,
      size: length,
    }));
    assert.deepEqual("partitions" in found ? found.partitions : undefined, partitions);
    const guessed = await readPartitionTable(reader(diskOf(table)), table.size);
    if (table.sector === 512 || found.kind === "gpt") assert.deepEqual(guessed, found);
  });
  await fc.assert(property, { numRuns: 60 });
});

test("no bytes make it fail or hang, and a GPT that is believed has its checksums", async () => {
  const property = fc.asyncProperty(
    anyTable,
    fc.array(fc.tuple(fc.nat({ max: 3000 }), fc.nat({ max: 255 })), { minLength: 1, maxLength: 20 }),
    fc.boolean(),
    async (table, changes, cut) => {
      const disk = diskOf(table);
      const whole = await readPartitionTable(reader(disk), table.size, table.sector);
      for (const [at, byte] of changes) disk[at] = byte;
      const found: PartitionTable = await readPartitionTable(
        reader(cut ? disk.subarray(0, 3000) : disk),
        table.size,
        table.sector,
      );
      assert.ok(["mbr", "gpt", "none", "damaged"].includes(found.kind));
      if (found.kind === "gpt" && whole.kind === "gpt") assert.deepEqual({ ...found, notice: "" }, whole);
    },
  );
  await fc.assert(property, { numRuns: 300 });
});

test("the table at the end of a GPT disk is used, and said so, when the first is damaged", async () => {
  const guid = "11111111-2222-4333-8444-555555555555";
  const table = { id: { guid }, size, sector: 512, partitions: [{ offset: 1048576, size: 512 }] };
  const disk = diskOf(table);
  disk[520] = 7;
  const found = await readPartitionTable(reader(disk), size, 512);
  assert.ok(found.kind === "gpt" && found.guid === guid && found.notice.includes("at its end"));
  disk[size - 500] = 7;
  assert.equal((await readPartitionTable(reader(disk), size, 512)).kind, "damaged");
});

test("logical partitions are found along their chain; a chain in a circle is damaged", async () => {
  const disk = diskOf({
    id: { signature: 7 },
    size,
    sector: 512,
    partitions: [{ offset: 512 * 100, size: 512 * 900 }],
  });
  const numbers = new DataView(disk.buffer);
  disk[446 + 4] = 0x05;
  const table = (at: number, next: number | undefined): void => {
    disk[at * 512 + 510] = 0x55;
    disk[at * 512 + 511] = 0xaa;
    disk[at * 512 + 450] = 0x83;
    numbers.setUint32(at * 512 + 454, 10, true);
    numbers.setUint32(at * 512 + 458, 20, true);
    if (next === undefined) return;
    disk[at * 512 + 466] = 0x05;
    numbers.setUint32(at * 512 + 470, next, true);
    numbers.setUint32(at * 512 + 474, 50, true);
  };
  table(100, 200);
  table(300, undefined);
  const found = await readPartitionTable(reader(disk), size, 512);
  assert.deepEqual("partitions" in found && found.partitions, [
    { number: 5, offset: 110 * 512, size: 20 * 512 },
    { number: 6, offset: 310 * 512, size: 20 * 512 },
  ]);
  table(300, 0);
  assert.equal((await readPartitionTable(reader(disk), size, 512)).kind, "damaged");
});

test("a file system's boot sector and an empty disk are no partition table", async () => {
  const disk = new Uint8Array(4096);
  assert.equal((await readPartitionTable(reader(disk), disk.length)).kind, "none");
  disk.fill(0x20, 446, 510);
  disk.set([0x55, 0xaa], 510);
  assert.equal((await readPartitionTable(reader(disk), disk.length)).kind, "none");
});
