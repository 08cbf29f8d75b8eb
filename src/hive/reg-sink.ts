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
const quote = 0x22;
const backslash = 0x5c;
const comma = 0x2c;

/** Gathers registry text as UTF-16 units and hands it out in encoded chunks. Lines are written in parts and ended by `end`. */
export class RegSink {
  readonly #encoder: RegEncoder;
  readonly #write: (bytes: Uint8Array<ArrayBuffer>) => void;
  #units = new Uint16Array(chunkUnits / 8);
  #at = 0;
  /** Where the present line begins. */
  #line = 0;

  constructor(encoder: RegEncoder, write: (bytes: Uint8Array<ArrayBuffer>) => void) {
    this.#encoder = encoder;
    this.#write = write;
  }

  /** A text as it is. */
  text(text: string): void {
    this.#room(text.length);
    const units = this.#units;
    let at = this.#at;
    for (let i = 0; i < text.length; i++) units[at++] = text.charCodeAt(i);
    this.#at = at;
  }

  /** A text in quotation marks; those in it and backslashes are escaped. */
  quoted(text: string): void {
    this.#room(text.length * 2 + 2);
    const units = this.#units;
    let at = this.#at;
    units[at++] = quote;
    for (let i = 0; i < text.length; i++) {
      const unit = text.charCodeAt(i);
      if (unit === quote || unit === backslash) units[at++] = backslash;
      units[at++] = unit;
    }
    units[at++] = quote;
    this.#at = at;
  }

  /** The same for text that stands as UTF-16LE in bytes. */
  quotedUnits(bytes: Uint8Array, length: number): void {
    this.#room(length * 2 + 2);
    const units = this.#units;
    let at = this.#at;
    units[at++] = quote;
    for (let i = 0; i < length; i++) {
      const unit = bytes[i * 2]! | (bytes[i * 2 + 1]! << 8);
      if (unit === quote || unit === backslash) units[at++] = backslash;
      units[at++] = unit;
    }
    units[at++] = quote;
    this.#at = at;
  }

  /** Bytes in hexadecimal with commas between, over several lines unless `isOneLine`. */
  hex(data: Uint8Array, isOneLine = false): void {
    // At most 25 bytes a line, each line with 5 units more.
    this.#room(data.length * 4 + 16);
    const units = this.#units;
    const last = data.length - 1;
    let at = this.#at;
    let line = isOneLine ? Number.NEGATIVE_INFINITY : this.#line;
    let hasMore = false;
    for (let i = 0; i <= last; i++) {
      if (hasMore && at - line + (i === last ? 2 : 3) >= longestLine) {
        units[at] = backslash;
        units[at + 1] = 13;
        units[at + 2] = 10;
        units[at + 3] = 0x20;
        units[at + 4] = 0x20;
        line = at + 3;
        at += 5;
      }
      const pair = pairs[data[i]!]!;
      units[at++] = pair & 0xffff;
      units[at++] = pair >>> 16;
      if (i !== last) units[at++] = comma;
      hasMore = !isOneLine;
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
    if (this.#at > 0) this.#write(this.#encoder.encode(this.#units, this.#at));
    this.#at = 0;
    this.#line = 0;
  }

  #room(units: number): void {
    if (this.#at + units <= this.#units.length) return;
    const larger = new Uint16Array(Math.max(this.#units.length * 2, this.#at + units));
    larger.set(this.#units.subarray(0, this.#at));
    this.#units = larger;
  }
}
