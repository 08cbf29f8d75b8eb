/** What is fuzzed: where its inputs come from, and what must hold for each of them. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Failure } from "../../src/base/errors.ts";
import {
  buildKey,
  checkHive,
  deletedEntries,
  diff,
  emptyKey,
  HiveError,
  openHive,
  readHive,
  readRegText,
  readRegTree,
  recoverHive,
  salvageHive,
  writeHive,
  writeRegText,
} from "../../src/hive/index.ts";
import { runInPlace } from "./in-place.ts";
import { logEntry, logFile, setBaseFields } from "../hives/log-file.ts";
import { isHiveName, ownHive, sharedFiles, sharedHive, sharedHivesAbsent } from "../hives/shared-hives.ts";

export interface Target {
  /** Inputs to begin with. */
  corpus(): Uint8Array[];
  /** Puts right what would hide the rest of the input behind a checksum; in place. */
  repair?(bytes: Uint8Array): void;
  /**
   * Throws when something is wrong; returns what happened, by which inputs of a new kind are known. What takes long is left out unless
   * `thorough`.
   */
  run(bytes: Uint8Array, thorough: boolean): readonly string[];
}

/** Inputs above this are too slow to be worth it. */
const largestInput = 60_000;

function smallHives(): Uint8Array[] {
  if (sharedHivesAbsent !== false) return [];
  return sharedFiles()
    .filter((name) => isHiveName(name))
    .map(sharedHive)
    .map((bytes) => {
      // Windows leaves room at the end of files, which no change should go to.
      const used = 4096 + new DataView(bytes.buffer).getUint32(40, true);
      return used >= 8192 && used < bytes.length ? bytes.slice(0, used) : bytes;
    })
    .filter(({ length }) => length <= largestInput);
}

function madeHives(): Uint8Array[] {
  const value = (name: string, length: number): { name: string; type: number; data: Uint8Array } => ({
    name,
    type: 3,
    data: new Uint8Array(length).fill(7),
  });
  const values = [value("big", 33_000), value("", 100), value("ж", 3), value("none", 0)];
  const children = Array.from({ length: 520 }, (_, i) => emptyKey(`k${i}`, 1n));
  const below = buildKey({ name: "ж", className: "class", lastWritten: 1n, values, children: [emptyKey("x", 1n)] });
  const many = buildKey({ name: "R", lastWritten: 1n, values, children: [...children, below] });
  const few = buildKey({ name: "R", lastWritten: 1n, values: values.slice(1), children: [below] });
  return [
    ownHive(),
    ...[many, few].flatMap((tree) => [writeHive(tree, { time: 1n }), writeHive(tree, { time: 1n, minor: 3 })]),
  ];
}

/** A reason without its numbers and names. */
function kindOf(text: string): string {
  return text.replace(/"(?:[^"\\]|\\.)*"/g, '""').replace(/0x[0-9a-f]+|\d+/g, "0");
}

function expectHiveError(error: unknown): HiveError {
  assert.ok(error instanceof HiveError, error instanceof Error ? (error.stack ?? error.message) : String(error));
  return error;
}

/** Rules that the content of a tree can break: descriptors and links are written as they are given. */
const contentRules = new Set(["security-descriptor", "symlink-target"]);

function isSound(bytes: Uint8Array): void {
  assert.deepEqual(
    checkHive(bytes).filter(({ rule }) => !contentRules.has(rule)),
    [],
  );
}

const reader: Target = {
  corpus: () => [...madeHives(), ...smallHives()],
  repair: (bytes) => {
    if (bytes.length >= 512) setBaseFields(bytes, []);
  },
  run(bytes, thorough) {
    const findings = thorough ? checkHive(bytes) : undefined;
    const happened = findings?.map(({ rule, text }) => `${rule} ${kindOf(text)}`) ?? [];
    let root: ReturnType<typeof readHive>["root"] | undefined;
    try {
      ({ root } = readHive(bytes));
    } catch (error) {
      happened.push(kindOf(expectHiveError(error).reason));
      const found = findings === undefined || findings.some(({ severity }) => severity === "error");
      assert.ok(found, `the checker found nothing: ${String(error)}`);
    }
    if (!thorough) return happened;
    happened.push(...lazily(bytes, root !== undefined));
    try {
      const { tree, report } = salvageHive(bytes);
      for (const { kind, text } of report.losses) happened.push(`${kind} ${kindOf(text)}`);
      isSound(writeHive(tree, { time: 1n }));
      happened.push(`saved ${Math.min(3, report.orphans)} ${Math.min(3, report.reattached)}`);
    } catch (error) {
      happened.push(kindOf(expectHiveError(error).reason));
    }
    happened.push(`deleted ${Math.min(8, deletedEntries(bytes).length)}`);
    if (root === undefined) return happened;
    for (const minor of [3, 5] as const) {
      const written = writeHive(root, { time: 1n, minor });
      isSound(written);
      for (const { kind, path } of diff(readHive(written).root, root)) assert.fail(`${kind}: ${path}`);
    }
    return happened;
  },
};

function lazily(bytes: Uint8Array, isRead: boolean): string[] {
  try {
    const hive = openHive(bytes);
    hive.walk({
      key: (key) => hive.find(key.name),
      value: (value) => value.data,
    });
    return ["walked"];
  } catch (error) {
    const { reason } = expectHiveError(error);
    assert.ok(!isRead, `read whole, but not lazily: ${reason}`);
    return [kindOf(reason)];
  }
}

/** Inputs are a hive and a log, one behind the other, after four bytes with the length of the hive. */
const logs: Target = {
  corpus() {
    const states = [0, 1, 2].map((count) => {
      const values = Array.from({ length: count }, (_, i) => ({
        name: `v${i}`,
        type: 3,
        data: new Uint8Array(5000).fill(i + 1),
      }));
      return writeHive(buildKey({ name: "R", lastWritten: 1n, values }), { time: 7n, minor: 3 });
    });
    const [first, second, third] = states as [Uint8Array, Uint8Array, Uint8Array];
    const dirty = first.slice();
    setBaseFields(dirty, [[4, 12]]);
    const made = joined(dirty, logFile(dirty, 11, [logEntry(11, first, second), logEntry(12, second, third)]));
    if (sharedHivesAbsent !== false) return [made];
    const real = ["yarp/NewDirtyHive2/NewDirtyHive", "yarp/OldDirtyHive/OldDirtyHive"].flatMap((name) => {
      const log = sharedFiles()
        .filter((other) => other.startsWith(`${name}.LOG`))
        .map(sharedHive)
        .at(-1);
      return log === undefined || log.length === 0 ? [] : [joined(sharedHive(name).slice(0, 40_960), log)];
    });
    return [made, ...real];
  },
  repair(bytes) {
    const at = hiveLength(bytes);
    if (bytes.length - at >= 512) setBaseFields(bytes.subarray(at), []);
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
      assert.ok(error instanceof Failure, error instanceof Error ? (error.stack ?? error.message) : String(error));
      assert.equal(error.name, "HIVE_CORRUPT");
      return [kindOf(error.message)];
    }
  },
};

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

const reg: Target = {
  corpus() {
    const own = readFileSync(join(import.meta.dirname, "../data/software.reg"));
    const shared = sharedHivesAbsent === false ? sharedFiles().filter((name) => name.endsWith(".reg")) : [];
    const made = madeHives().map((bytes) => writeRegText(readHive(bytes).root));
    return [new Uint8Array(own), ...made, ...shared.map(sharedHive)].filter(({ length }) => length <= 60_000);
  },
  run(bytes) {
    try {
      const edits = readRegText(bytes);
      const kinds = [...new Set(edits.map(({ kind }) => kind))];
      const { root } = readRegTree(bytes);
      const again = readRegTree(writeRegText(root, { prefix: "HKEY_USERS\\x" }), { prefix: "HKEY_USERS\\x" });
      for (const { kind, path } of diff(again.root, root)) assert.fail(`${kind}: ${path}`);
      return kinds;
    } catch (error) {
      if (error instanceof assert.AssertionError) throw error;
      assert.ok(error instanceof Failure, error instanceof Error ? (error.stack ?? error.message) : String(error));
      // Messages quote the line; their first words tell them apart.
      return [kindOf(error.message).slice(0, 48)];
    }
  },
};

/** Inputs choose edits. */
const inplace: Target = {
  corpus: () => [1, 2, 3, 4].map((seed) => Uint8Array.from({ length: 60 }, (_, i) => (i * 97 * seed) >>> 2)),
  run: runInPlace,
};

/** All targets by name. */
export const targets: Readonly<Record<string, Target>> = { reader, logs, reg, inplace };
