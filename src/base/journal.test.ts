import assert from "node:assert/strict";
import { mkdtemp, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import fc from "fast-check";
import { sha256Bytes } from "./digest.ts";
import { Failure } from "./errors.ts";
import { encodeGroup, encodeHeader, scanJournal } from "./journal-format.ts";
import { createJournal, openJournal, readJournal } from "./journal.ts";
import { openOutside } from "./outside-node.ts";
import { OutsideError } from "./outside.ts";
import type { FileHandle, Files } from "./outside.ts";

let folder = "";
let made = 0;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), "clubar-journal-"));
});
after(() => rm(folder, { recursive: true }));
const { files } = openOutside();
const path = (): string => join(folder, `${++made}.journal`);

const record = fc.uint8Array({ maxLength: 40 });
const groups = fc.array(fc.array(record, { minLength: 1, maxLength: 3 }), { maxLength: 5 });

/** The bytes of a journal whose groups were written one after the other, and where each record ends. */
function journalOf(
  header: Uint8Array,
  written: readonly (readonly Uint8Array[])[],
): { bytes: Uint8Array; ends: number[]; lastGroup: number } {
  let { bytes, chain } = encodeHeader(header);
  const ends: number[] = [];
  let lastGroup = bytes.length;
  for (const group of written) {
    lastGroup = bytes.length;
    let end = bytes.length;
    for (const { length } of group) ends.push((end += length + 13));
    const next = encodeGroup(chain, group);
    chain = next.chain;
    bytes = new Uint8Array([...bytes, ...next.bytes]);
  }
  return { bytes, ends, lastGroup };
}

function corruption(error: unknown): boolean {
  return error instanceof Failure && error.name === "CLUSTERLOG_CORRUPT" && /offset \d+/.test(error.message);
}

test("any records come back, whatever the groups", () =>
  fc.assert(
    fc.asyncProperty(record, groups, async (header, written) => {
      const at = path();
      const journal = await createJournal(files, at, header, "exclusive");
      for (const group of written) await Promise.all(group.map((one) => journal.append(one)));
      const size = journal.size();
      await journal.close();
      const read = await readJournal(files, at);
      assert.deepEqual(read, { header, records: written.flat(), tornBytes: 0 });
      assert.deepEqual(new Uint8Array(await readFile(at)), journalOf(header, written).bytes);
      assert.equal(size, (await readFile(at)).length);
    }),
    { numRuns: 30 },
  ));

test("cut at every byte, a prefix of the records is left", () =>
  fc.assert(
    fc.property(record, groups, (header, written) => {
      const { bytes, ends } = journalOf(header, written);
      const headerEnd = encodeHeader(header).bytes.length;
      for (let cut = 0; cut <= bytes.length; cut++) {
        const left = bytes.subarray(0, cut);
        if (cut < headerEnd) {
          assert.throws(() => scanJournal(left, "j"), corruption);
        } else {
          const whole = ends.filter((end) => end <= cut).length;
          const { records, end } = scanJournal(left, "j");
          assert.deepEqual(records, written.flat().slice(0, whole));
          assert.equal(end, ends[whole - 1] ?? headerEnd);
        }
      }
    }),
    { numRuns: 40 },
  ));

test("any changed byte before the last group is reported; in it, it only shortens", () =>
  fc.assert(
    fc.property(record, groups, fc.integer({ min: 1, max: 255 }), (header, written, change) => {
      const { bytes, ends, lastGroup } = journalOf(header, written);
      const headerEnd = encodeHeader(header).bytes.length;
      for (let at = 0; at < bytes.length; at++) {
        const damaged = bytes.slice();
        damaged[at] = (damaged[at] ?? 0) ^ change;
        if (at < lastGroup || at < headerEnd) {
          assert.throws(() => scanJournal(damaged, "j"), corruption, `byte ${at} of ${bytes.length}`);
        } else {
          const { records } = scanJournal(damaged, "j");
          assert.deepEqual(records, written.flat().slice(0, ends.filter((end) => end <= at).length));
        }
      }
    }),
    { numRuns: 40 },
  ));

test("a tail of zeros or noise is torn, not damage", () =>
  fc.assert(
    fc.property(groups, fc.uint8Array({ minLength: 1, maxLength: 200 }), fc.boolean(), (written, noise, zero) => {
      const { bytes } = journalOf(new Uint8Array(3), written);
      const tail = zero ? new Uint8Array(noise.length) : noise;
      const { records, end } = scanJournal(new Uint8Array([...bytes, ...tail]), "j");
      assert.deepEqual(records, written.flat());
      assert.equal(end, bytes.length);
    }),
  ));

test("a header of another version is told as such", () => {
  const { bytes } = encodeHeader(new Uint8Array(2));
  const other = bytes.subarray(0, bytes.length - 8);
  other[4] = 9;
  assert.throws(() => scanJournal(bytes, "j"), corruption, "with the old checksum it is damage");
  const sealed = new Uint8Array([...other, ...sha256Bytes(other).subarray(0, 8)]);
  assert.throws(() => scanJournal(sealed, "j"), { name: "VERSION_NOT_SUPPORTED" });
});

test("opening cuts a torn tail off for good, and appends go on", async () => {
  const at = path();
  const first = await createJournal(files, at, Uint8Array.of(7), "replace");
  await first.append(Uint8Array.of(1));
  await first.append(new Uint8Array(100));
  await first.close();
  const whole = await readFile(at);
  await writeFile(at, whole.subarray(0, whole.length - 3));
  assert.equal((await readJournal(files, at)).tornBytes, 110);
  const disk = watched();
  const { journal, header, records, tornBytes } = await openJournal(disk.files, at);
  assert.deepEqual([header, records, tornBytes], [Uint8Array.of(7), [Uint8Array.of(1)], 110]);
  assert.equal(disk.syncs, 1);
  await journal.append(Uint8Array.of(3));
  await journal.close();
  assert.deepEqual(await readJournal(files, at), {
    header,
    records: [Uint8Array.of(1), Uint8Array.of(3)],
    tornBytes: 0,
  });
  await assert.rejects(journal.append(Uint8Array.of(4)), { name: "INVALID_HANDLE" });
});

test("opening fsyncs what it returns, also without a torn tail", async () => {
  const at = path();
  await writeFile(at, journalOf(Uint8Array.of(1), [[Uint8Array.of(2)]]).bytes);
  const disk = watched();
  const { journal, records } = await openJournal(disk.files, at);
  assert.deepEqual([records, disk.syncs], [[Uint8Array.of(2)], 1]);
  await journal.close();
  disk.fail = true;
  await assert.rejects(openJournal(disk.files, at), { code: "EIO" });
});

test("exclusive creation leaves a file that is there; no temporary files stay", async () => {
  const at = path();
  await writeFile(at, "mine");
  await assert.rejects(createJournal(files, at, new Uint8Array(), "exclusive"), { code: "EEXIST" });
  assert.equal(await readFile(at, "utf8"), "mine");
  await (await createJournal(files, at, new Uint8Array(), "replace")).close();
  assert.deepEqual(
    (await readdir(folder)).filter((name) => name.includes("~")),
    [],
  );
});

test("a replaced journal's appends never reach its successor", async () => {
  const at = path();
  const old = await createJournal(files, at, Uint8Array.of(1), "replace");
  const fresh = await createJournal(files, at, Uint8Array.of(2), "replace");
  await old.append(Uint8Array.of(9));
  await fresh.append(Uint8Array.of(8));
  assert.deepEqual(await readJournal(files, at), {
    header: Uint8Array.of(2),
    records: [Uint8Array.of(8)],
    tornBytes: 0,
  });
  await Promise.all([old.close(), fresh.close()]);
});

/** Files whose handles count fsyncs, hold them back and fail them as told. */
function watched(): { files: Files; syncs: number; fail: boolean; hold: Promise<void> | undefined } {
  const state = { files, syncs: 0, fail: false, hold: undefined as Promise<void> | undefined };
  const open: Files["open"] = async (...args): Promise<FileHandle> => {
    const handle = await files.open(...args);
    const sync = async (): Promise<void> => {
      state.syncs++;
      await state.hold;
      if (state.fail) throw new OutsideError("EIO", "sync");
      await handle.sync();
    };
    return { ...handle, sync };
  };
  state.files = { ...files, open };
  return state;
}

test("concurrent appends share one fsync, in call order", async () => {
  const at = path();
  const disk = watched();
  const journal = await createJournal(disk.files, at, new Uint8Array(), "exclusive");
  disk.syncs = 0;
  let letGo = (): void => undefined;
  disk.hold = new Promise((resolve) => {
    letGo = resolve;
  });
  const order: number[] = [];
  const append = (n: number): Promise<unknown> => journal.append(Uint8Array.of(n)).then(() => order.push(n));
  const first = [append(0), append(1)];
  while (disk.syncs === 0) await new Promise(setImmediate);
  assert.deepEqual(order, [], "nothing is acknowledged before its fsync");
  const later = Array.from({ length: 50 }, (_, i) => append(i + 2));
  letGo();
  await Promise.all([...first, ...later]);
  assert.equal(disk.syncs, 2);
  assert.deepEqual(
    order,
    Array.from({ length: 52 }, (_, i) => i),
  );
  await journal.close();
  assert.deepEqual(
    (await readJournal(files, at)).records,
    order.map((n) => Uint8Array.of(n)),
  );
});

test("after a failed fsync everything rejects and nothing more is written", async () => {
  const at = path();
  const disk = watched();
  const journal = await createJournal(disk.files, at, new Uint8Array(), "exclusive");
  await journal.append(Uint8Array.of(1));
  disk.fail = true;
  await assert.rejects(journal.append(Uint8Array.of(2)), { code: "EIO" });
  disk.fail = false;
  const { length } = await readFile(at);
  const syncs = disk.syncs;
  await assert.rejects(journal.append(Uint8Array.of(3)), { code: "EIO" });
  assert.equal((await readFile(at)).length, length);
  assert.equal(disk.syncs, syncs);
  await journal.close();
});
