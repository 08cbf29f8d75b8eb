/**
 * What Windows insists on in a hive, checked over raw bytes without the reader: lists sorted and hashed, counters and maxima,
 * parents, security ring and counts, cells that tile their bins and are all in use.
 */
import assert from "node:assert/strict";
import { compareNames, foldName } from "../../src/tree/path.ts";

const none = 0xffff_ffff;

/** Counts of what was checked. */
export interface HiveFacts {
  keys: number;
  values: number;
  securities: number;
  /** Subkey lists and big data by signature. */
  readonly lists: Map<string, number>;
  bins: number;
}

/** Fails an assertion at the first breach. `written`: by us, so maxima are exact and no allocated cell is unused. */
export function checkHive(bytes: Uint8Array, written: boolean): HiveFacts {
  return new HiveCheck(bytes, written).run();
}

class HiveCheck {
  readonly view: DataView;
  readonly bytes: Uint8Array;
  readonly written: boolean;
  readonly minor: number;
  readonly facts: HiveFacts = { keys: 0, values: 0, securities: 0, lists: new Map(), bins: 0 };
  readonly references = new Map<number, number>();
  readonly used = new Set<number>();

  constructor(bytes: Uint8Array, written: boolean) {
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.written = written;
    this.minor = this.u32(24);
  }

  u16(at: number): number {
    return this.view.getUint16(at, true);
  }

  u32(at: number): number {
    return this.view.getUint32(at, true);
  }

  letters(at: number): string {
    return String.fromCharCode(this.bytes[at] ?? 0, this.bytes[at + 1] ?? 0);
  }

  run(): HiveFacts {
    const allocated = this.checkBins();
    const root = this.u32(36);
    const waiting = [{ offset: root, parent: none }];
    for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
      for (const child of this.checkKey(next.offset, next.parent)) waiting.push({ offset: child, parent: next.offset });
    }
    if (this.written) assert.equal(this.u16(4096 + root + 4 + 2) & 0x0c, 0x0c, "flags of the root");
    this.checkRing();
    if (this.written)
      for (const offset of allocated) assert.ok(this.used.has(offset), `the allocated cell at ${offset} is in use`);
    return this.facts;
  }

  checkBins(): number[] {
    let sum = 0;
    for (let at = 0; at < 508; at += 4) sum ^= this.u32(at);
    if (this.written) {
      assert.equal(this.u32(508), sum >>> 0, "checksum");
      assert.equal(this.u32(4), this.u32(8), "sequences");
      assert.equal(this.bytes.length, 4096 + this.u32(40), "length of the file");
      assert.equal(this.view.getBigUint64(12, true), this.view.getBigUint64(4096 + 20, true), "time of the first bin");
    }
    const allocated: number[] = [];
    for (let bin = 4096; bin < 4096 + this.u32(40); bin += this.u32(bin + 8)) {
      this.facts.bins++;
      assert.equal(this.u32(bin + 4), bin - 4096, "offset of a bin");
      assert.ok(this.u32(bin + 8) > 0 && this.u32(bin + 8) % 4096 === 0, "size of a bin");
      let cell = bin + 32;
      const end = bin + this.u32(bin + 8);
      while (cell < end) {
        const size = this.view.getInt32(cell, true);
        assert.ok(size !== 0 && (size & 7) === 0, "size of a cell");
        if (size < 0) allocated.push(cell - 4096);
        cell += Math.abs(size);
      }
      assert.equal(cell, end, "cells tile their bin");
    }
    return allocated;
  }

  /** The file offset of a cell's data. */
  cell(offset: number): number {
    this.used.add(offset);
    return 4096 + offset + 4;
  }

  name(at: number, length: number, latin1: boolean): string {
    let text = "";
    for (let i = 0; i < length; i += latin1 ? 1 : 2)
      text += String.fromCharCode(latin1 ? (this.bytes[at + i] ?? 0) : this.u16(at + i));
    return text;
  }

  checkKey(offset: number, parent: number): number[] {
    const key = this.cell(offset);
    this.facts.keys++;
    assert.equal(this.letters(key), "nk");
    if (parent !== none) assert.equal(this.u32(key + 16), parent, "parent");
    const security = this.u32(key + 44);
    this.references.set(security, (this.references.get(security) ?? 0) + 1);
    if (this.u32(key + 48) !== none) this.cell(this.u32(key + 48));
    this.checkValues(key);
    const count = this.u32(key + 20);
    if (count === 0) {
      assert.equal(this.u32(key + 28), none);
      return [];
    }
    const children = this.list(this.u32(key + 28), this.minor);
    assert.equal(children.length, count, "count of subkeys");
    this.checkOrder(key, children);
    return children;
  }

  checkOrder(key: number, children: readonly number[]): void {
    let before: string | undefined;
    let [longest, longestClass] = [0, 0];
    for (const child of children) {
      const name = this.keyName(child);
      if (before !== undefined)
        assert.ok(compareNames(before, name) < 0, `${JSON.stringify(before)} before ${JSON.stringify(name)}`);
      before = name;
      longest = Math.max(longest, name.length * 2);
      longestClass = Math.max(longestClass, this.u16(4096 + child + 4 + 74));
    }
    if (this.written)
      assert.deepEqual([this.u32(key + 52), this.u32(key + 56)], [longest, longestClass], "maxima of subkeys");
    else assert.ok(this.u16(key + 52) >= longest && this.u32(key + 56) >= longestClass, "maxima of subkeys");
  }

  keyName(offset: number): string {
    const key = 4096 + offset + 4;
    return this.name(key + 76, this.u16(key + 72), (this.u16(key + 2) & 0x20) !== 0);
  }

  list(offset: number, minor: number, nested = false): number[] {
    const list = this.cell(offset);
    const kind = this.letters(list);
    this.facts.lists.set(kind, (this.facts.lists.get(kind) ?? 0) + 1);
    const count = this.u16(list + 2);
    if (kind === "ri") {
      assert.ok(!nested);
      return Array.from({ length: count }, (_, i) => this.list(this.u32(list + 4 + i * 4), minor, true)).flat();
    }
    if (this.written) {
      assert.ok(count <= 507, "a leaf has at most 507 entries");
      assert.equal(kind, minor === 5 ? "lh" : nested ? "li" : "lf");
    }
    const step = kind === "li" ? 4 : 8;
    return Array.from({ length: count }, (_, i) => {
      const child = this.u32(list + 4 + i * step);
      const name = this.keyName(child);
      if (kind === "lh") assert.equal(this.u32(list + 8 + i * step), hash(name), `hash of ${JSON.stringify(name)}`);
      if (kind === "lf") this.checkHint(list + 8 + i * step, name);
      return child;
    });
  }

  checkHint(at: number, name: string): void {
    const start = name.slice(0, 4);
    const expected = /^\p{ASCII}*$/u.test(start) ? start.padEnd(4, "\0") : "\0\0\0\0";
    if (this.written || expected !== "\0\0\0\0")
      assert.equal(this.name(at, 4, true), expected, `hint of ${JSON.stringify(name)}`);
  }

  checkValues(key: number): void {
    const count = this.u32(key + 36);
    let [longest, largest] = [0, 0];
    if (count > 0) {
      const list = this.cell(this.u32(key + 40));
      for (let i = 0; i < count; i++) {
        const value = this.cell(this.u32(list + i * 4));
        this.facts.values++;
        assert.equal(this.letters(value), "vk");
        if (this.u16(value + 2) === 0) assert.equal(this.u16(value + 16) & 1, 0, "flag of the default value");
        longest = Math.max(longest, this.u16(value + 2) * ((this.u16(value + 16) & 1) === 0 ? 1 : 2));
        largest = Math.max(largest, this.checkData(value));
      }
    }
    if (this.written)
      assert.deepEqual([this.u32(key + 60), this.u32(key + 64)], [longest, largest], "maxima of values");
    else assert.ok(this.u32(key + 60) >= longest && this.u32(key + 64) >= largest, "maxima of values");
  }

  checkData(value: number): number {
    const size = this.u32(value + 4);
    if (size >= 0x8000_0000) return size - 0x8000_0000;
    if (this.written) assert.ok(size > 4, "small data are inline");
    const data = this.cell(this.u32(value + 8));
    if (size > 16_344 && this.minor > 3) {
      assert.equal(this.letters(data), "db");
      this.facts.lists.set("db", (this.facts.lists.get("db") ?? 0) + 1);
      const segments = this.cell(this.u32(data + 4));
      assert.equal(this.u16(data + 2), Math.ceil(size / 16_344));
      for (let i = 0; i < this.u16(data + 2); i++) {
        const segment = this.cell(this.u32(segments + i * 4));
        assert.equal(this.view.getInt32(segment - 4, true), -16_352, "every segment's cell is a full one");
      }
    }
    return size;
  }

  checkRing(): void {
    const start = this.references.keys().next().value ?? none;
    const seen = new Set<string>();
    let at = start;
    let steps = 0;
    do {
      const security = this.cell(at);
      assert.equal(this.letters(security), "sk");
      assert.equal(this.u32(security + 12), this.references.get(at), "references of a descriptor");
      this.references.delete(at);
      const size = this.u32(security + 16);
      const descriptor = this.name(security + 20, size, true);
      if (this.written) assert.ok(!seen.has(descriptor), "one cell for each descriptor");
      seen.add(descriptor);
      const next = this.u32(security + 4);
      assert.equal(this.u32(4096 + next + 4 + 8), at, "the ring is closed backwards");
      at = next;
      assert.ok(++steps < 100_000);
    } while (at !== start);
    assert.equal(this.references.size, 0, "every descriptor is in the ring");
    this.facts.securities = steps;
  }
}

function hash(name: string): number {
  let sum = 0n;
  for (const unit of foldName(name).split("")) sum = (sum * 37n + BigInt(unit.charCodeAt(0))) & 0xffff_ffffn;
  return Number(sum);
}
