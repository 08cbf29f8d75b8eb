/** Recovery from logs. Inputs are a hive and a log, one behind the other, after four bytes with the length of the hive. */
import assert from "node:assert/strict";
import { buildKey, openHive, recoverHive, writeHive } from "../../src/hive/index.ts";
import { logEntry, logFile, setBaseFields, setEntryHashes } from "../hives/log-file.ts";
import { sharedFiles, sharedHive, sharedHivesAbsent } from "../hives/shared-hives.ts";
import { expectFailure, kindOf, type Target } from "./target.ts";

/** Of large hives and logs as many bytes are taken. */
const partSize = 40_960;

export const logs: Target = {
  corpus() {
    const [first, second, third] = [0, 1, 2].map((count) => {
      const values = Array.from({ length: count }, (_, i) => ({
        name: `v${i}`,
        type: 3,
        data: new Uint8Array(3000).fill(i + 1),
      }));
      return writeHive(buildKey({ name: "R", lastWritten: 1n, values }), { time: 7n, minor: 3 });
    }) as [Uint8Array, Uint8Array, Uint8Array];
    const dirty = first.slice();
    setBaseFields(dirty, [[4, 12]]);
    const log = logFile(dirty, 11, [logEntry(11, first, second), logEntry(12, second, third)]);
    const made = [joined(dirty, log), joined(dirty, oldLog(dirty, second))];
    return [...made, ...logsOfOthers()];
  },
  repair(bytes) {
    const at = hiveLength(bytes);
    if (bytes.length - at < 512) return;
    const log = bytes.subarray(at);
    setBaseFields(log, []);
    setEntryHashes(log);
  },
  run(bytes) {
    const at = hiveLength(bytes);
    try {
      const { bytes: hive, outcome, applied, notes } = recoverHive(bytes.slice(4, at), [bytes.slice(at)]);
      const block = openHive(hive);
      block.validate();
      assert.equal(block.dirty, false);
      const formats = applied.map(({ format, entries }) => `${format} ${Math.min(3, entries)}`);
      return [outcome, ...formats, ...notes.map(kindOf)];
    } catch (error) {
      const { name, message } = expectFailure(error);
      assert.equal(name, "HIVE_CORRUPT");
      return [kindOf(message)];
    }
  },
};

/** A log of Windows 8 and before that makes one hive of the other, of the same length at least. */
function oldLog(before: Uint8Array, after: Uint8Array): Uint8Array {
  const size = after.length - 4096;
  const bitmapEnd = 516 + size / 4096;
  const from = Math.ceil(bitmapEnd / 512) * 512;
  const bytes = new Uint8Array(from + size);
  bytes.set(before.subarray(0, 512));
  setBaseFields(bytes, [
    [4, 11],
    [8, 11],
    [28, 1],
    [40, size],
  ]);
  bytes.set([0x44, 0x49, 0x52, 0x54], 512);
  bytes.fill(0xff, 516, bitmapEnd);
  bytes.set(after.subarray(4096), from);
  return bytes;
}

function logsOfOthers(): Uint8Array[] {
  if (sharedHivesAbsent !== false) return [];
  return ["yarp/NewDirtyHive2/NewDirtyHive", "yarp/OldDirtyHive/OldDirtyHive"].flatMap((name) => {
    const log = sharedFiles()
      .filter((other) => other.startsWith(`${name}.LOG`))
      .map(sharedHive)
      .at(-1);
    return log === undefined || log.length === 0
      ? []
      : [joined(sharedHive(name).slice(0, partSize), log.slice(0, partSize))];
  });
}

function joined(hive: Uint8Array, log: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(4 + hive.length + log.length);
  new DataView(bytes.buffer).setUint32(0, hive.length, true);
  bytes.set(hive, 4);
  bytes.set(log, 4 + hive.length);
  return bytes;
}

function hiveLength(bytes: Uint8Array): number {
  if (bytes.length < 4) return bytes.length;
  const said = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true);
  return Math.min(bytes.length, 4 + said);
}
