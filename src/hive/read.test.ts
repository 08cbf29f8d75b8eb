import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { assertSameLines } from "../../test/hives/same-lines.ts";
import {
  goldenListing,
  isHiveName,
  ownHive,
  sharedFiles,
  sharedHive,
  sharedHivesAbsent,
} from "../../test/hives/shared-hives.ts";
import { sha256 } from "../base/digest.ts";
import { findKey, findValue } from "../tree/key.ts";
import { dwordOf, qwordOf, textOf } from "../tree/value.ts";
import { HiveError } from "./hive-error.ts";
import { listHive } from "./listing.ts";
import { readHive } from "./read.ts";

/** Damaged hives and where the reader says so: file offset and a part of the reason. */
const refused: Readonly<Record<string, readonly [number, string]>> = {
  "plaso/corrupt_sub_key_list.hiv": [0x4bc8, "offset 0x4480 is not that of an allocated cell"],
  "regipy/corrupted_system_hive": [0x1a000, "a bin does not begin with hbin"],
  "samba/regfio_corrupt_hbin1.dat": [0x1400, "the file ends here"],
  "samba/regfio_corrupt_lf_subkeys.dat": [0x1400, "the file ends here"],
  "yarp/BadBaseBlockHive/BadBaseBlockHive": [24, "minor version 1 is not supported"],
  "yarp/BadListHive": [0x1484, "another parent"],
  "yarp/BadSubkeyHive": [0x1484, "another parent"],
  "yarp/DeletedDataHiveTruncated": [0x11dc, "offset 0x100290 is not that of an allocated cell"],
  "yarp/DuplicateSubkeysHive": [0x6bde4, 'same name "4500"'],
  "yarp/InvalidParentHive": [0x75b1c, "another parent"],
  "yarp/TruncatedDirtyHive": [0x3000, "the file ends here"],
  "yarp/TruncatedHive": [0x3000, "the file ends here"],
  "yarp/TruncatedNameHive": [0x11fc, "a key name of 22 bytes is longer than its cell"],
  "cfreds-generated/cr-02_a-hive-bin-randomly-selected_ntuser.hive": [0x1e000, "a bin does not begin with hbin"],
  "cfreds-generated/cr-03_last-half_ntuser.hive": [0x1f000, "a bin does not begin with hbin"],
  "cfreds-generated/cr-04_fragments-with-hive-bin-header-randomly-selected_ntuser.hive": [
    0x4000,
    "a bin does not begin with hbin",
  ],
  "cfreds-generated/cr-06_first-half_ntuser.hive": [0, "does not begin with regf"],
  "cfreds-generated/cr-07_first-and-last-quarter_ntuser.hive": [0, "does not begin with regf"],
  "cfreds-generated/mr-02_2_hide-key-names_ntuser.hive": [0x12dc8, "a cell of 91 bytes does not fit its bin"],
  "cfreds-generated/mr-03_1_hide-subkeys-of-a-key_ntuser.hive": [
    0x1f89e,
    "a subkey list holds 43 entries, its key says 39",
  ],
  "cfreds-generated/mr-03_3_hide-subkeys-of-a-key_ntuser.hive": [
    0x1f89e,
    "a subkey list holds 39 entries, its key says 43",
  ],
  "cfreds-generated/mr-03_4_hide-subkeys-of-a-key_ntuser.hive": [
    0x1f9d8,
    "offset 0x0 is not that of an allocated cell",
  ],
  "cfreds-generated/mr-06_2_hide-data-of-a-value_ntuser.hive": [0x10a30, "a cell of 4 bytes does not fit its bin"],
  "cfreds-generated/mr-08_key-loop_ntuser.hive": [0x1020, "a cell is used twice"],
  "cfreds-generated/mr-09_integer-data-too-large_ntuser.hive": [0xb53c, "offset 0x3 is not that of an allocated cell"],
  "cfreds-generated/nr-04-3_maximum-key-name-length-beyond-limitation.hive": [
    0x20e4,
    "a key name of 257 characters exceeds 255",
  ],
  "cfreds-generated/nr-05-3_maximum-value-name-length-beyond-limitation.hive": [
    0x3026,
    "a value name of 16384 characters exceeds 16383",
  ],
};

/**
 * Keys and values of hives without a whole golden listing. The first two are yarp's refusals that libregf and hivex read; the
 * manipulated ones read as the manipulation wants, which nothing in the file gives away.
 */
const counts: Readonly<Record<string, readonly [number, number]>> = {
  "nt-hive/testhive": [528, 12],
  "yarp/WrongOrderHive": [11, 0],
  "reg-hive-parser/NTUSER-public.DAT": [635, 1060],
  "cfreds-generated/mr-01_1_hide-a-root-key_ntuser.hive": [606, 580],
  "cfreds-generated/mr-01_2_hide-a-root-key_ntuser.hive": [606, 580],
  "cfreds-generated/mr-02_1_hide-key-names_ntuser.hive": [893, 1306],
  "cfreds-generated/mr-04_1_hide-values-of-a-key_ntuser.hive": [893, 1302],
  "cfreds-generated/mr-06_4_hide-data-of-a-value_ntuser.hive": [893, 1306],
  "cfreds-generated/mr-12_big-data-management_ntuser.hive": [893, 1306],
  "cfreds-generated/mr-13_key-name-flag_ntuser.hive": [893, 1306],
  "cfreds-generated/nr-05-2_maximum-value-name-length.hive": [4, 3],
  "cfreds-generated/nr-06-2_big-data.hive": [2, 5],
};

/** Hives whose last write did not finish. */
const dirty = new Set([
  "dfirmuseum/Win10/APTSimulatorVM/Amcache.hve",
  "dfirmuseum/Win10/RathbunVM/Amcache.hve",
  "plaso/Amcache.hve",
  "regipy/NTUSER_BAGMRU.DAT",
  "regipy/SECURITY",
  "regipy/SYSTEM_WIN_10_1709",
  "regipy/UsrClass.dat",
  "regipy/amcache.hve",
  "yarp/BadLogHive1/BadLogHive",
  "yarp/NewDirtyHive2/NewDirtyHive",
  "yarp/OldDirtyHive/OldDirtyHive",
]);

/** Hives whose base block was changed without its checksum. */
const checksumWrong = new Set([
  "yarp/EffectiveSizeHive",
  "yarp/GarbageHive",
  "cfreds-generated/mr-01_1_hide-a-root-key_ntuser.hive",
  "cfreds-generated/mr-12_big-data-management_ntuser.hive",
]);

function listing(bytes: Uint8Array): string[] {
  const lines: string[] = [];
  listHive(bytes, sha256, (line) => lines.push(line));
  return lines;
}

/** yarp wrote U+FFFD for lone surrogates. */
function asGolden(line: string): string {
  return line.replace(/\\ud[89ab]..(?!\\ud[c-f]..)|(?<!\\ud[89ab]..)\\ud[c-f]../g, "\\ufffd");
}

describe("hives of others", { skip: sharedHivesAbsent }, () => {
  for (const name of sharedHivesAbsent === false ? sharedFiles() : []) {
    const bytes = sharedHive(name);
    const refusal = refused[name];
    if (!isHiveName(name)) {
      test(`${name} is no hive`, () => {
        assert.throws(() => readHive(bytes), HiveError);
      });
    } else if (refusal !== undefined) {
      test(`${name} is refused`, () => {
        assert.throws(
          () => readHive(bytes),
          (error) => {
            assert.ok(error instanceof HiveError);
            assert.ok(error.reason.includes(refusal[1]), error.reason);
            assert.equal(error.offset, refusal[0], error.reason);
            return true;
          },
        );
      });
    } else {
      test(`${name} is read`, () => readsLikeOthers(name, bytes));
    }
  }

  test("versions 1.3, 1.5 and 1.6 are among them", () => {
    const minors = new Set(
      sharedFiles()
        .filter((name) => isHiveName(name) && refused[name] === undefined)
        .map((name) => sharedHive(name)[24]),
    );
    assert.deepEqual(
      [...minors].sort((a = 0, b = 0) => a - b),
      [3, 5, 6],
    );
  });
});

function readsLikeOthers(name: string, bytes: Uint8Array): void {
  const lines = listing(bytes);
  const expected = counts[name];
  const golden = goldenListing(name) ?? [];
  if (expected === undefined) assertSameLines(lines.map(asGolden), golden);
  else {
    assertSameLines(lines.slice(0, golden.length).map(asGolden), golden);
    assert.deepEqual(
      [lines.filter((line) => line.startsWith("K")).length, lines.filter((line) => line.startsWith("V")).length],
      expected,
    );
  }
  const hive = readHive(bytes);
  assert.equal(hive.checksumRight, !checksumWrong.has(name));
  assert.equal(hive.dirty, dirty.has(name) || checksumWrong.has(name));
}

describe("a small hive that hivex wrote", () => {
  const hive = readHive(ownHive());

  test("its keys and values are there", () => {
    assert.equal(hive.root.name, "SOFTWARE");
    assert.equal(hive.minor, 5);
    assert.equal(hive.dirty, false);
    const path = "contoso\\BILLING";
    assert.equal(textOf(findValue(hive.root, path, "")), "Billing service");
    assert.equal(textOf(findValue(hive.root, path, "Unterminated")), "ab");
    assert.equal(dwordOf(findValue(hive.root, path, "port")), 8443);
    assert.equal(qwordOf(findValue(hive.root, path, "Counter")), 123_456_789n);
    assert.equal(findValue(hive.root, `${path}\\Features`, "Unknown")?.type, 0x7fff_0001);
    assert.equal(findKey(hive.root, "Policies")?.lastWritten, 133_485_408_000_000_000n);
  });

  test("its listing", () => {
    const lines = listing(ownHive());
    assert.equal(lines[0], 'K\t0\t"SOFTWARE"\t133485408000000000\t2\t0\tnull');
    assert.equal(lines.filter((line) => line.startsWith("K")).length, 7);
    assert.equal(lines.filter((line) => line.startsWith("V")).length, 13);
    assert.ok(lines.includes(`V\t"Port"\t4\t4\t${sha256(Uint8Array.of(0xfb, 0x20, 0, 0))}`));
  });

  test("every cut-off end is refused", () => {
    const bytes = ownHive();
    for (let length = 0; length < bytes.length; length += 97) {
      assert.throws(() => readHive(bytes.subarray(0, length)), HiveError, `length ${length}`);
    }
  });

  test("a hive in the middle of a larger buffer is read", () => {
    const bytes = ownHive();
    const larger = new Uint8Array(bytes.length + 13).fill(0x5a);
    larger.set(bytes, 7);
    const again = readHive(larger.subarray(7, 7 + bytes.length));
    assert.equal(textOf(findValue(again.root, "Contoso\\Shop", "")), "Shop");
  });

  test("versions 1.2 and 1.7 are refused, 1.4 is read", () => {
    const bytes = ownHive();
    for (const minor of [2, 7]) {
      bytes[24] = minor;
      assert.throws(() => readHive(bytes), HiveError);
    }
    bytes[24] = 4;
    assert.equal(readHive(bytes).minor, 4);
  });

  test("unequal sequences and a wrong checksum make it dirty", () => {
    const bytes = ownHive();
    bytes[4]! ^= 1;
    const changed = readHive(bytes);
    assert.equal(changed.dirty, true);
    assert.equal(changed.checksumRight, false);
  });
});
