import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { logEntry, logFile, setBaseFields } from "../../test/hives/log-file.ts";
import { assertSameLines } from "../../test/hives/same-lines.ts";
import { goldenListing, sharedFiles, sharedHive, sharedHivesAbsent } from "../../test/hives/shared-hives.ts";
import { sha256 } from "../base/digest.ts";
import { Failure } from "../base/errors.ts";
import { buildKey, valueCount } from "../tree/key.ts";
import { binary } from "../tree/value.ts";
import { HiveImage } from "./image.ts";
import { listHive } from "./listing.ts";
import { readHive } from "./read.ts";
import { recoverHive } from "./recover.ts";
import { writeHive } from "./write.ts";

function listing(bytes: Uint8Array): string[] {
  const lines: string[] = [];
  listHive(bytes, sha256, (line) => lines.push(line));
  return lines;
}

/** Digests of what stands from byte 4096 on, found by another program; the last but one is also what Windows 10 made of it. */
const recovered: Readonly<Record<string, string>> = {
  "dfirmuseum/Win10/APTSimulatorVM/Amcache.hve": "f0403a78e2c5e35270207d78e7eed504488389ab40bf6f2d22c57cfc8617f97f",
  "dfirmuseum/Win10/RathbunVM/Amcache.hve": "289d9a9cc04602a03bb6f665b3eae431052c4dc0b234422c3771ff26b9bde6d4",
  "regipy/UsrClass.dat": "626a7efd1aa13e972f3cdfbec128a3a0730c3945fb05ab96e2b84ce3cce63256",
  "yarp/BadBaseBlockHive/BadBaseBlockHive": "b8ea59c596ca1390a4c8674a8b7dd0f93add167009e6ccbf838e91d4964e1a5a",
  "yarp/NewDirtyHive2/NewDirtyHive": "3940b4f1dacacd2a05204200f7e39967950fad0611bec1abaf2b1f3010e94215",
  "yarp/OldDirtyHive/OldDirtyHive": "b8ea59c596ca1390a4c8674a8b7dd0f93add167009e6ccbf838e91d4964e1a5a",
};

describe("hives of others with their logs", { skip: sharedHivesAbsent }, () => {
  const logsOf = (name: string): Uint8Array[] =>
    sharedFiles()
      .filter((other) => other.startsWith(`${name}.LOG`))
      .map(sharedHive);

  for (const [name, digest] of Object.entries(recovered)) {
    test(`${name}, with its logs in either order`, () => {
      const logs = logsOf(name);
      for (const order of [logs, logs.toReversed()]) {
        const { bytes, outcome, notes } = recoverHive(sharedHive(name), order);
        assert.equal(outcome, "recovered");
        assert.doesNotMatch(notes.join(), /was not applied/);
        assert.equal(sha256(bytes.subarray(4096)), digest);
        assert.equal(readHive(bytes).dirty, false);
        assertSameLines(listing(bytes), goldenListing(`${name}.recovered`) ?? []);
      }
    });
  }

  test("what Windows 7 made of a hive and its log, but for what it wrote afterwards", () => {
    const name = "yarp/OldDirtyHive/OldDirtyHive";
    const ours = recoverHive(sharedHive(name), logsOf(name)).bytes;
    const windows = sharedHive("yarp/OldDirtyHive/RecoveredHive_Windows7");
    // In the bins: the time of the next write in the first bin, and the longest value name of key 4500, which it put right.
    const longestValueName = 441_740 + 60;
    for (let at = 4096; at < windows.length; at++) {
      if (ours[at] === windows[at]) continue;
      assert.ok((at >= 4116 && at < 4124) || at === longestValueName, `offset ${at}`);
    }
  });

  test("a clean hive is given back as it is", () => {
    const name = "dfirmuseum/Win2012R2/StolenSzechuan/Amcache.hve";
    const hive = sharedHive(name);
    const { bytes, outcome, applied } = recoverHive(hive, logsOf(name));
    assert.equal(bytes, hive);
    assert.deepEqual([outcome, applied.length], ["clean", 0]);
  });

  test("a log whose checksum is wrong, one that is cut off, and none at all are refused", () => {
    const bad = "yarp/BadLogHive1/BadLogHive";
    refuses(() => recoverHive(sharedHive(bad), logsOf(bad)), /the checksum of its base block is wrong/);
    const old = "yarp/OldDirtyHive/OldDirtyHive";
    const log = sharedHive(`${old}.LOG1`);
    refuses(() => recoverHive(sharedHive(old), [log.subarray(0, log.length - 512)]), /ends before the last of its/);
    refuses(() => recoverHive(sharedHive(old), []), /no log fits/);
  });

  test("the log of another hive is refused", () => {
    const [hive, log] = [sharedHive("yarp/OldDirtyHive/OldDirtyHive"), sharedHive("regipy/UsrClass.dat.LOG1")];
    refuses(() => recoverHive(hive, [log]), /damaged at offset/);
    setBaseFields(hive, [[12, 1]]);
    refuses(
      () => recoverHive(hive, [sharedHive("yarp/OldDirtyHive/OldDirtyHive.LOG1")]),
      /not written with this state/,
    );
  });
});

function refuses(act: () => unknown, why: RegExp): void {
  assert.throws(act, (error) => error instanceof Failure && error.name === "HIVE_CORRUPT" && why.test(error.message));
}

describe("logs made for tests", () => {
  /** States of a hive, each larger than the one before. */
  const states = [0, 1, 2, 3, 4].map((count) => {
    const values = Array.from({ length: count }, (_, i) => binary(`v${i}`, new Uint8Array(6000).fill(i + 1)));
    return writeHive(buildKey({ name: "R", lastWritten: 1n, values }), { time: 7n, minor: 3 });
  });
  const state = (n: number): Uint8Array<ArrayBuffer> => states[n]!;
  /** The first state, as a write that failed leaves it; states are numbered so that state n has sequence 10 + n. */
  const dirty = state(0).slice();
  setBaseFields(dirty, [
    [4, 12],
    [8, 11],
  ]);
  const entry = (n: number): Uint8Array => logEntry(10 + n, state(n - 1), state(n));
  const valuesOf = (bytes: Uint8Array): number => valueCount(readHive(bytes).root);

  test("entries over two logs, the second one first, grow the hive", () => {
    const logs = [logFile(dirty, 13, [entry(3), entry(4)]), logFile(dirty, 11, [entry(1), entry(2)])];
    const { bytes, applied } = recoverHive(dirty, logs);
    assert.deepEqual(bytes.subarray(4096), state(4).subarray(4096));
    assert.deepEqual(
      applied.map(({ log, firstSequence, lastSequence: last }) => [log, firstSequence, last]),
      [
        [1, 11, 12],
        [0, 13, 14],
      ],
    );
    assert.equal(readHive(bytes).primarySequence, 14);
  });

  test("a wrong checksum ends a log, and what follows in the other log is left", () => {
    const bad = entry(2);
    bad[bad.length - 1]! ^= 1;
    const logs = [logFile(dirty, 11, [entry(1), bad]), logFile(dirty, 13, [entry(3)])];
    const { bytes, notes } = recoverHive(dirty, logs);
    assert.equal(valuesOf(bytes), 1);
    assert.match(notes.join(), /its first entry 13 does not follow 11/);
    assert.match(
      notes.join(),
      /Log 1: after its entry 11 the checksum of an entry's pages is wrong; .* was not applied/,
    );
  });

  test("entries of an earlier round behind a log's last are no damage, missing ones are", () => {
    const of = (...entries: readonly Uint8Array[]): string =>
      recoverHive(dirty, [logFile(dirty, 11, entries)]).notes.join();
    assert.equal(of(entry(1), entry(2), entry(1)), "");
    assert.match(of(entry(1), entry(3)), /after its entry 11 an entry with sequence 13 follows 11; /);
  });

  test("entries that do not follow each other, or are older than the hive, are left", () => {
    assert.equal(valuesOf(recoverHive(dirty, [logFile(dirty, 11, [entry(1), entry(3)])]).bytes), 1);
    const later = state(2).slice();
    setBaseFields(later, [
      [4, 14],
      [8, 13],
    ]);
    refuses(() => recoverHive(later, [logFile(later, 11, [entry(1), entry(2)])]), /12 is older than the hive/);
    assert.equal(valuesOf(recoverHive(later, [logFile(later, 12, [entry(2), entry(3)])]).bytes), 3);
  });

  test("a bad base block comes from the log with the later entries, and only that one is applied", () => {
    const bad = state(2).slice();
    bad.fill(0x5a, 0, 200);
    const logs = [logFile(dirty, 11, [entry(1)]), logFile(dirty, 13, [entry(3)])];
    const { bytes, baseBlockFrom, applied } = recoverHive(bad, logs);
    assert.deepEqual([baseBlockFrom, applied.length, valuesOf(bytes)], [1, 1, 3]);
  });

  test("nothing that is given is changed", () => {
    const [hive, log] = [dirty.slice(), logFile(dirty, 11, [entry(1)])];
    const before = [sha256(hive), sha256(log)];
    recoverHive(hive, [log]);
    assert.deepEqual([sha256(hive), sha256(log)], before);
  });

  test("damaged logs give a hive whose bins are sound, or a refusal", () => {
    const log = logFile(dirty, 11, [entry(1), entry(2), entry(3)]);
    const changes = fc.array(fc.tuple(fc.nat(log.length - 1), fc.nat(255)), { minLength: 1, maxLength: 4 });
    let applied = 0;
    fc.assert(
      fc.property(changes, fc.boolean(), (bytes, headIsRight) => {
        const bad = log.slice();
        for (const [at, byte] of bytes) bad[at] = byte;
        if (headIsRight) setBaseFields(bad, []);
        try {
          new HiveImage(recoverHive(dirty, [bad]).bytes).scanAll();
          applied++;
        } catch (error) {
          assert.ok(error instanceof Failure && error.name === "HIVE_CORRUPT", String(error));
        }
      }),
      { numRuns: 300 },
    );
    assert.ok(applied > 0);
  });
});
