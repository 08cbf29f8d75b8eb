/** libhivex as a second reader of many hives that we write. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { childCount, childrenOf, type Key, valueCount, valuesOf } from "../../src/hive/index.ts";

/** A hive that was written, and the tree that is in it. */
export interface WrittenHive {
  readonly tree: Key;
  readonly bytes: Uint8Array;
}

/** Has libhivex read hives, and compares what it sees with their trees. Made by `openHivex`; `close` removes the program again. */
export class Hivex {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** Throws AssertionError for the first hive that libhivex refuses or reads as something else. */
  compare(hives: readonly WrittenHive[]): void {
    const parts = hives.flatMap(({ bytes }) => {
      const length = new Uint8Array(4);
      new DataView(length.buffer).setUint32(0, bytes.length, true);
      return [length, bytes];
    });
    const input = Buffer.concat(parts);
    const most = 1 << 30;
    const { status, stdout, stderr } = spawnSync(join(this.#folder, "batch"), {
      input,
      encoding: "utf8",
      maxBuffer: most,
    });
    assert.equal(status, 0, stderr);
    const listings = stdout.split(/^H\n/m).slice(1);
    assert.equal(listings.length, hives.length);
    hives.forEach(({ tree }, i) => {
      const lines = listings[i]!.split("\n").slice(0, -1);
      assert.deepEqual(lines, listingOf(tree));
    });
  }

  close(): void {
    rmSync(this.#folder, { recursive: true });
  }
}

/** A text says why there is none. */
export function openHivex(): Hivex | string {
  const folder = mkdtempSync(join(tmpdir(), "clubar-hivex-"));
  const source = join(import.meta.dirname, "hivex-batch.c");
  const { status, error } = spawnSync("gcc", ["-O1", "-o", join(folder, "batch"), source, "-lhivex"], {
    stdio: "ignore",
  });
  if (status === 0) return new Hivex(folder);
  rmSync(folder, { recursive: true });
  return error === undefined ? "libhivex-dev is not installed" : "gcc is not installed";
}

/** Whether libhivex has names for all of it: they are C strings in UTF-8 there. */
export function isReadableByHivex(tree: Key): boolean {
  const isNamed = (name: string): boolean => name.isWellFormed() && !name.includes("\0");
  const waiting: Key[] = [tree];
  for (let key = waiting.pop(); key !== undefined; key = waiting.pop()) {
    if (!isNamed(key.name)) return false;
    for (const { name } of valuesOf(key)) if (!isNamed(name)) return false;
    waiting.push(...childrenOf(key));
  }
  return true;
}

function listingOf(tree: Key): string[] {
  const lines: string[] = [];
  const waiting: { readonly key: Key; readonly depth: number }[] = [{ key: tree, depth: 0 }];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const { key, depth } = next;
    const time = key.lastWritten >> 63n === 0n ? key.lastWritten : "-";
    lines.push(["K", depth, hex(key.name), time, childCount(key), valueCount(key)].join("\t"));
    for (const { name, type, data } of valuesOf(key))
      lines.push(["V", hex(name), type, data.length, sumOf(data)].join("\t"));
    const children = [...childrenOf(key)].reverse();
    for (const child of children) waiting.push({ key: child, depth: depth + 1 });
  }
  return lines;
}

function hex(name: string): string {
  return Buffer.from(name, "utf8").toString("hex");
}

function sumOf(data: Uint8Array): number {
  let sum = 2_166_136_261;
  for (const byte of data) sum = Math.imul(sum ^ byte, 16_777_619);
  return sum >>> 0;
}
