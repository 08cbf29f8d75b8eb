/**
 * The bytes of one simulated file: what every process sees (the page cache) and what is certain to survive a power loss
 * (the medium), with the writes between the two.
 */
import { createHash } from "node:crypto";
import type { RandomStream } from "./random.ts";

/** What becomes of unsynced data when the power goes. Sectors of 512 bytes are written whole or not at all. */
export type DataLoss =
  /** All of it is gone. */
  | "none-kept"
  /** All of it made it. */
  | "all-kept"
  /** Some first writes made it, the next one up to a sector border. */
  | "prefix-kept"
  /** Any sectors made it, in any combination; the size is that after any of the writes. */
  | "sectors-kept";

/** Bytes that a disk writes whole or not at all. */
export const sectorSize = 512;

type Change = { readonly serial: number } & (
  | { readonly kind: "write"; readonly at: number; readonly bytes: Uint8Array }
  | { readonly kind: "truncate"; readonly size: number }
);

/** One file's bytes, seen and durable. */
export class FileContent {
  #seen: Bytes = new Bytes();
  #durable: Bytes = new Bytes();
  #pending: Change[] = [];
  #serial = 0;

  size(): number {
    return this.#seen.size;
  }

  read(at: number, length: number): Uint8Array {
    return this.#seen.slice(at, length);
  }

  write(at: number, bytes: Uint8Array): void {
    const copy = bytes.slice();
    this.#change({ serial: this.#serial++, kind: "write", at, bytes: copy });
  }

  truncate(size: number): void {
    this.#change({ serial: this.#serial++, kind: "truncate", size });
  }

  /** The point in the order of changes that a sync starting now covers. */
  marker(): number {
    return this.#serial;
  }

  hasUnsynced(): boolean {
    return this.#pending.length > 0;
  }

  sync(marker: number): void {
    const covered = this.#pending.filter((change) => change.serial < marker);
    for (const change of covered) this.#durable.apply(change);
    this.#pending = this.#pending.filter((change) => change.serial >= marker);
  }

  /**
   * A failed fsync: the kernel forgets that the pages were dirty, so no later sync writes them. What readers see is the
   * new data as long as the page stays cached, the old data once it is `evicted`.
   */
  dropDirty(marker: number, evicted: boolean): void {
    this.#pending = this.#pending.filter((change) => change.serial >= marker);
    if (!evicted) return;
    this.#seen = this.#durable.copy();
    for (const change of this.#pending) this.#seen.apply(change);
  }

  losePower(loss: DataLoss, random: RandomStream): void {
    const pending = this.#pending;
    if (loss === "all-kept") for (const change of pending) this.#durable.apply(change);
    if (loss === "prefix-kept" && pending.length > 0) keepPrefix(this.#durable, pending, random);
    if (loss === "sectors-kept" && pending.length > 0) keepSectors(this.#durable, pending, random);
    this.#pending = [];
    this.#seen = this.#durable.copy();
  }

  /** Remembers everything; what it returns puts it back, any number of times. */
  remember(): () => void {
    const [seen, durable, pending] = [this.#seen.copy(), this.#durable.copy(), this.#pending.slice()];
    const serial = this.#serial;
    return () => {
      [this.#seen, this.#durable, this.#pending, this.#serial] = [seen.copy(), durable.copy(), pending.slice(), serial];
    };
  }

  /** Of what every process sees. */
  digest(): string {
    return this.#seen.digest();
  }

  #change(change: Change): void {
    this.#seen.apply(change);
    this.#pending.push(change);
  }
}

function keepPrefix(durable: Bytes, pending: readonly Change[], random: RandomStream): void {
  const whole = random.between(0, pending.length);
  for (const change of pending.slice(0, whole)) durable.apply(change);
  const torn = pending[whole];
  if (torn?.kind !== "write") return;
  const end = torn.at + torn.bytes.length;
  const border = Math.floor(random.between(torn.at, end) / sectorSize) * sectorSize;
  if (border > torn.at) durable.write(torn.at, torn.bytes.subarray(0, border - torn.at));
}

function keepSectors(durable: Bytes, pending: readonly Change[], random: RandomStream): void {
  const sizes = [durable.size];
  for (const change of pending) sizes.push(sizeAfter(sizes.at(-1) ?? 0, change));
  for (const change of pending) {
    if (change.kind === "truncate") {
      if (random.chance(0.5)) durable.apply(change);
      continue;
    }
    const end = change.at + change.bytes.length;
    for (let from = change.at; from < end; ) {
      const to = Math.min(end, (Math.floor(from / sectorSize) + 1) * sectorSize);
      if (random.chance(0.5)) durable.write(from, change.bytes.subarray(from - change.at, to - change.at));
      from = to;
    }
  }
  durable.resize(random.pick(sizes));
}

function sizeAfter(size: number, change: Change): number {
  return change.kind === "truncate" ? change.size : Math.max(size, change.at + change.bytes.length);
}

/** Growing bytes; what was never written reads as zeros. Copies share memory until one of them changes. */
class Bytes {
  #buffer: Uint8Array = new Uint8Array(0);
  #shared = false;
  #digest: string | undefined;
  size = 0;

  slice(at: number, length: number): Uint8Array {
    return this.#buffer.slice(Math.min(at, this.size), Math.min(at + length, this.size));
  }

  digest(): string {
    this.#digest ??= createHash("sha1").update(this.#buffer.subarray(0, this.size)).digest("hex");
    return this.#digest;
  }

  apply(change: Change): void {
    if (change.kind === "write") this.write(change.at, change.bytes);
    else this.resize(change.size);
  }

  write(at: number, bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    this.#own(Math.max(this.size, at + bytes.length));
    this.#buffer.set(bytes, at);
    this.size = Math.max(this.size, at + bytes.length);
  }

  resize(size: number): void {
    this.#own(size);
    if (size < this.size) this.#buffer.fill(0, size, this.size);
    this.size = size;
  }

  copy(): Bytes {
    const copy = new Bytes();
    copy.#buffer = this.#buffer;
    copy.#digest = this.#digest;
    copy.size = this.size;
    copy.#shared = this.#shared = true;
    return copy;
  }

  /** Makes the memory this one's alone and large enough. */
  #own(size: number): void {
    this.#digest = undefined;
    if (!this.#shared && size <= this.#buffer.length) return;
    const length = size <= this.#buffer.length ? this.#buffer.length : Math.max(size, this.#buffer.length * 2);
    const own = new Uint8Array(length);
    own.set(this.#buffer.subarray(0, this.size));
    this.#buffer = own;
    this.#shared = false;
  }
}
