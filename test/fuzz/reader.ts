/** The readers of hives: whole, lazy, checker, salvage, deleted entries; and the writer with what they read. */
import assert from "node:assert/strict";
import {
  checkHive,
  deletedEntries,
  diff,
  type Key,
  openHive,
  readHive,
  salvageHive,
  writeHive,
} from "../../src/hive/index.ts";
import type { WrittenHive } from "../hives/hivex-batch.ts";
import { setBaseFields } from "../hives/log-file.ts";
import { hivesOfOthers, madeHives } from "./seeds.ts";
import { expectHiveError, kindOf, type Target } from "./target.ts";

/** Rules that the content of a tree can break: descriptors and links are written as they are given. */
const contentRules = new Set(["security-descriptor", "symlink-target"]);

function isSound(bytes: Uint8Array): void {
  const wrong = checkHive(bytes).filter(({ rule }) => !contentRules.has(rule));
  if (wrong.length > 0) assert.deepEqual(wrong, []);
}

/** `written` gets what is written of accepted inputs. */
export class Reader implements Target {
  readonly #seeds: readonly Uint8Array[] | undefined;
  readonly #written: ((written: WrittenHive) => void) | undefined;

  constructor(seeds?: readonly Uint8Array[], written?: (written: WrittenHive) => void) {
    this.#seeds = seeds;
    this.#written = written;
  }

  corpus(): Uint8Array[] {
    return this.#seeds === undefined ? [...madeHives(), ...hivesOfOthers()] : [...this.#seeds];
  }

  repair(bytes: Uint8Array): void {
    if (bytes.length >= 512) setBaseFields(bytes, []);
  }

  run(bytes: Uint8Array, thorough: boolean): readonly string[] {
    const findings = thorough ? checkHive(bytes) : undefined;
    const happened = findings?.map(({ rule, text }) => `${rule} ${kindOf(text)}`) ?? [];
    let root: Key | undefined;
    try {
      ({ root } = readHive(bytes));
    } catch (error) {
      happened.push(kindOf(expectHiveError(error).reason));
      const found = findings === undefined || findings.some(({ severity }) => severity === "error");
      assert.ok(found, `the checker found nothing: ${String(error)}`);
    }
    if (!thorough) return happened;
    happened.push(...lazily(bytes, root !== undefined), ...salvaged(bytes));
    happened.push(`deleted ${Math.min(8, deletedEntries(bytes).length)}`);
    if (root !== undefined) this.#rewrite(root);
    return happened;
  }

  #rewrite(tree: Key): void {
    for (const minor of [3, 5] as const) {
      const bytes = writeHive(tree, { time: 1n, minor });
      isSound(bytes);
      const again = readHive(bytes).root;
      for (const { kind, path } of diff(again, tree)) assert.fail(`${kind}: ${path}`);
      // Of the tree itself the data are in a buffer that changes.
      this.#written?.({ tree: again, bytes });
    }
  }
}

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

function salvaged(bytes: Uint8Array): string[] {
  try {
    const { tree, report } = salvageHive(bytes);
    isSound(writeHive(tree, { time: 1n }));
    const losses = report.losses.map(({ kind, text }) => `${kind} ${kindOf(text)}`);
    return [...losses, `saved ${Math.min(3, report.orphans)} ${Math.min(3, report.reattached)}`];
  } catch (error) {
    return [kindOf(expectHiveError(error).reason)];
  }
}
