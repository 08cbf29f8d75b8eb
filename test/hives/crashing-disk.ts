/** Two files on a disk that loses power: what was not synced is lost in part, sector by sector, in any order. */
import type { PageFile } from "../../src/hive/commit-hive.ts";

const sectorSize = 512;

class Crash extends Error {}

class CrashingFile implements PageFile {
  readonly #disk: CrashingDisk;
  /** What a reader sees now. */
  #seen: Uint8Array;
  /** What is on the platter for certain. */
  #safe: Uint8Array;
  #pending: { readonly at: number; readonly bytes: Uint8Array }[] = [];

  constructor(disk: CrashingDisk, bytes: Uint8Array) {
    this.#disk = disk;
    this.#seen = bytes;
    this.#safe = bytes.slice();
  }

  bytes(): Uint8Array {
    return this.#seen;
  }

  async write(at: number, bytes: Uint8Array): Promise<void> {
    this.#pending.push({ at, bytes: bytes.slice() });
    this.#seen = put(this.#seen, at, bytes);
    this.#disk.step();
  }

  async sync(): Promise<void> {
    this.#disk.step();
    this.#safe = this.#seen.slice();
    this.#pending = [];
  }

  /** What is found after the crash: of each pending write some sectors. */
  durable(): Uint8Array {
    let found = this.#safe;
    const { next } = this.#disk;
    for (const { at, bytes } of this.#pending) {
      const share = next(4);
      for (let from = 0; from < bytes.length; from += sectorSize) {
        if (next(3) < share) found = put(found, at + from, bytes.subarray(from, from + sectorSize));
      }
    }
    return found;
  }
}

function put(file: Uint8Array, at: number, bytes: Uint8Array): Uint8Array {
  const next = new Uint8Array(Math.max(file.length, at + bytes.length));
  next.set(file);
  next.set(bytes, at);
  return next;
}

export class CrashingDisk {
  readonly hive: CrashingFile;
  readonly log: CrashingFile;
  readonly next: (below: number) => number;
  #left = Number.POSITIVE_INFINITY;

  constructor(hive: Uint8Array, next: (below: number) => number) {
    this.next = next;
    this.hive = new CrashingFile(this, hive);
    this.log = new CrashingFile(this, new Uint8Array(0));
  }

  /** Runs something that the power goes off in after that many writes and syncs; false when it came to its end before. */
  async crashesAt(steps: number, act: () => Promise<void>): Promise<boolean> {
    this.#left = steps;
    try {
      await act();
      return false;
    } catch (error) {
      if (error instanceof Crash) return true;
      throw error;
    }
  }

  step(): void {
    if (this.#left-- <= 0) throw new Crash();
  }
}
