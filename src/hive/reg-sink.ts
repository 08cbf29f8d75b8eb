import { decodeUtf16 } from "../base/bytes.ts";
import type { RegEncoder } from "./reg-encoding.ts";

/** Where long hexadecimal data is broken, as regedit does. */
const longestLine = 80;
/** A chunk is handed out at the first line's end after so many units. */
const chunkUnits = 1 << 16;
/** The units of two digits of each byte, the first in the low half. */
const pairs = Uint32Array.from({ length: 256 }, (_, byte) => {
  const digits = byte.toString(16).padStart(2, "0");
  return digits.charCodeAt(0) | (digits.charCodeAt(1) << 16);
});
const firstUnits = 1 << 17;
const quote = 0x22;
const backslash = 0x5c;
const comma = 0x2c;

/**
 * Gathers registry text and hands it out in encoded chunks: as bytes where a byte is a unit of ASCII, else as UTF-16 units. Lines are
 * written in parts and ended by `end`.
 */
export class RegSink {
  readonly #encoder: RegEncoder;
  readonly #write: (bytes: Uint8Array<ArrayBuffer>) => void;
  #units: Uint8Array<ArrayBuffer> | Uint16Array<ArrayBuffer>;
  /** The largest unit that stands in `#units` as it is. */
  readonly #most: number;
  #at = 0;
  /** Where the present line would begin if all in it were one unit long. */
  #line = 0;

  constructor(encoder: RegEncoder, write: (bytes: Uint8Array<ArrayBuffer>) => void) {
    this.#encoder = encoder;
    this.#write = write;
    this.#units = encoder.isNarrow ? new Uint8Array(firstUnits) : new Uint16Array(firstUnits);
    this.#most = encoder.isNarrow ? 0x7f : 0xffff;
  }

  /** A text as it is. */
  text(text: string): void {
    this.#room(text.length);
    const units = this.#units;
    const most = this.#most;
    let at = this.#at;
    for (let i = 0; i < text.length; i++) {
      const unit = text.charCodeAt(i);
      if (unit > most) {
        this.#encoded(text);
        return;
      }
      units[at++] = unit;
    }
    this.#at = at;
  }

  /** A text in quotation marks; those in it and backslashes are escaped. */
  quoted(text: string): void {
    this.#room(text.length * 2 + 2);
    const units = this.#units;
    const most = this.#most;
    let at = this.#at;
    units[at++] = quote;
    for (let i = 0; i < text.length; i++) {
      const unit = text.charCodeAt(i);
      if (unit > most) {
        this.#encoded(`"${text.replace(/["\\]/g, "\\$&")}"`);
        return;
      }
      if (unit === quote || unit === backslash) units[at++] = backslash;
      units[at++] = unit;
    }
    units[at++] = quote;
    this.#at = at;
  }

  /** The same for text of `length` units that stands as UTF-16LE at a place. */
  quotedUnits(bytes: Uint8Array, from: number, length: number): void {
    this.#room(length * 2 + 2);
    const units = this.#units;
    const most = this.#most;
    let at = this.#at;
    units[at++] = quote;
    for (let i = from, end = from + length * 2; i < end; i += 2) {
      const unit = bytes[i]! | (bytes[i + 1]! << 8);
      if (unit > most) {
        this.quoted(decodeUtf16(bytes.subarray(from, end)));
        return;
      }
      if (unit === quote || unit === backslash) units[at++] = backslash;
      units[at++] = unit;
    }
    units[at++] = quote;
    this.#at = at;
  }

  /** Columns are counted in units, whatever bytes they become. */
  #encoded(text: string): void {
    const bytes = this.#encoder.encode(
      Uint16Array.from({ length: text.length }, (_, i) => text.charCodeAt(i)),
      text.length,
    );
    this.#room(bytes.length);
    this.#units.set(bytes, this.#at);
    this.#at += bytes.length;
    this.#line += bytes.length - text.length;
  }

  /** The `size` bytes at a place in hexadecimal with commas between, over several lines unless `isOneLine`. */
  hex(data: Uint8Array, from: number, size: number, isOneLine = false): void {
    // At most 25 bytes a line, each line with 5 units more.
    this.#room(size * 4 + 16);
    const units = this.#units;
    const last = from + size - 1;
    let at = this.#at;
    let column = at - this.#line;
    for (let i = from; i <= last; ) {
      // As many as fit, the first in any case; the last one has no comma.
      let more = isOneLine ? size : Math.max(i === from ? 1 : 0, Math.ceil((longestLine - 3 - column) / 3));
      if (i + more > last) more = last - i;
      for (const end = i + more; i < end; i++) {
        const pair = pairs[data[i]!]!;
        units[at] = pair & 0xff;
        units[at + 1] = pair >>> 16;
        units[at + 2] = comma;
        at += 3;
      }
      column += more * 3;
      if (i === last && (isOneLine || i === from || column + 2 < longestLine)) {
        const pair = pairs[data[i++]!]!;
        units[at++] = pair & 0xff;
        units[at++] = pair >>> 16;
        continue;
      }
      units[at] = backslash;
      units[at + 1] = 13;
      units[at + 2] = 10;
      units[at + 3] = 0x20;
      units[at + 4] = 0x20;
      at += 5;
      column = 2;
    }
    this.#at = at;
  }

  /** Ends a line. */
  end(): void {
    this.#room(2);
    this.#units[this.#at++] = 13;
    this.#units[this.#at++] = 10;
    if (this.#at >= chunkUnits) this.flush();
    this.#line = this.#at;
  }

  /** Hands out what is left. */
  flush(): void {
    const units = this.#units;
    if (this.#at > 0)
      this.#write(units instanceof Uint16Array ? this.#encoder.encode(units, this.#at) : units.slice(0, this.#at));
    this.#at = 0;
    this.#line = 0;
  }

  #room(units: number): void {
    if (this.#at + units <= this.#units.length) return;
    const size = Math.max(this.#units.length * 2, this.#at + units);
    const larger = this.#encoder.isNarrow ? new Uint8Array(size) : new Uint16Array(size);
    larger.set(this.#units.subarray(0, this.#at));
    this.#units = larger;
  }
}
