/** The forms in which registry text stands in a file: which characters each can hold, and how its bytes are read and written. */
import { decodeUtf16 } from "../base/bytes.ts";
import { fail, type Failure } from "../base/errors.ts";

/**
 * `unicode` is what regedit writes: UTF-16LE with a byte order mark. `utf-8` has no mark. `ascii` is read alike by everything. These
 * three are "Windows Registry Editor Version 5.00"; `regedit4` is the old dialect, in the bytes of a code page.
 */
export type RegForm = "unicode" | "utf-8" | "ascii" | "regedit4";

/** Code pages with one byte a character, which can be written; by the names of the WHATWG Encoding Standard. */
const singleByte = /^(windows-(125[0-8]|874)|ibm866|koi8-[ru]|iso-8859-(1[0-6]?|[2-8]))$/i;

/** What a form can hold, and its bytes. */
export interface RegEncoder {
  /** Whether a text without line ends and NULs can stand in a line. */
  readonly holds: (text: string) => boolean;
  /** The bytes of `units[0 .. length)`; a copy. */
  readonly encode: (units: Uint16Array, length: number) => Uint8Array<ArrayBuffer>;
  /** A unit below 0x80 is one byte, the same number. */
  readonly isNarrow: boolean;
}

const unicode: RegEncoder = {
  holds: () => true,
  encode: (units, length) => new Uint8Array(units.buffer, units.byteOffset, length * 2).slice(),
  isNarrow: false,
};
const utf8: RegEncoder = { holds: (text) => text.isWellFormed(), encode: encodeUtf8, isNarrow: true };
const ascii: RegEncoder = {
  holds: (text) => /^[\0-\x7f]*$/.test(text),
  encode: narrowed,
  isNarrow: true,
};

/** For `regedit4`, `codePage` is one with a byte a character (INVALID_PARAMETER for others). */
export function encoderOf(form: RegForm, codePage = "windows-1252"): RegEncoder {
  if (form === "unicode") return unicode;
  if (form === "utf-8") return utf8;
  return form === "ascii" ? ascii : encoderOfCodePage(codePage);
}

function encodeUtf8(units: Uint16Array, length: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(length * 3);
  let to = 0;
  for (let at = 0; at < length; at++) {
    let code = units[at]!;
    if (code < 0x80) {
      bytes[to++] = code;
      continue;
    }
    if ((code & 0xfc00) === 0xd800) code = 0x1_0000 + ((code & 0x3ff) << 10) + (units[++at]! & 0x3ff);
    if (code < 0x800) bytes[to++] = 0xc0 | (code >> 6);
    else {
      if (code < 0x1_0000) bytes[to++] = 0xe0 | (code >> 12);
      else {
        bytes[to++] = 0xf0 | (code >> 18);
        bytes[to++] = 0x80 | ((code >> 12) & 63);
      }
      bytes[to++] = 0x80 | ((code >> 6) & 63);
    }
    bytes[to++] = 0x80 | (code & 63);
  }
  return bytes.slice(0, to);
}

/** The low bytes. */
function narrowed(units: Uint16Array, length: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(length);
  bytes.set(units.subarray(0, length));
  return bytes;
}

function encoderOfCodePage(codePage: string): RegEncoder {
  if (!singleByte.test(codePage)) throw unknownCodePage(codePage, "can't be written");
  const bytes = bytesOfUnits(codePage);
  return {
    holds: (text) => {
      for (let at = 0; at < text.length; at++) if (bytes[text.charCodeAt(at)]! < 0) return false;
      return true;
    },
    encode: (units, length) => Uint8Array.from(units.subarray(0, length), (unit) => bytes[unit]!),
    isNarrow: false,
  };
}

/** The byte of each UTF-16 unit, -1 for none. */
function bytesOfUnits(codePage: string): Int16Array {
  const bytes = new Int16Array(0x1_0000).fill(-1);
  const decoder = new TextDecoder(codePage);
  for (let byte = 255; byte >= 0; byte--) {
    const unit = decoder.decode(Uint8Array.of(byte)).charCodeAt(0);
    if (unit !== 0xfffd) bytes[unit] = byte;
  }
  return bytes;
}

/** Reads bytes in a code page; any that the platform knows, several bytes a character too. INVALID_PARAMETER, INVALID_DATA. */
export function decodeCodePage(bytes: Uint8Array, codePage: string): string {
  const decoder = decoderOf(codePage);
  try {
    return decoder.decode(bytes);
  } catch (cause) {
    throw fail("INVALID_DATA", {
      happened: `The registry text is not of the code page ${codePage}.`,
      unchanged: "Nothing was changed.",
      next: "Name the code page in which it was written.",
      cause,
    });
  }
}

function decoderOf(codePage: string): { decode(bytes: Uint8Array): string } {
  try {
    return new TextDecoder(codePage, { fatal: true, ignoreBOM: true });
  } catch {
    throw unknownCodePage(codePage, "is not known");
  }
}

function unknownCodePage(codePage: string, why: string): Failure {
  return fail("INVALID_PARAMETER", {
    happened: `The code page ${codePage} ${why}.`,
    unchanged: "Nothing was changed.",
    next: "Name one like windows-1252 or windows-1250.",
  });
}

/** Whether a file begins as registry text of either dialect does, in any encoding. */
export function isRegText(bytes: Uint8Array): boolean {
  const start = String.fromCharCode(...bytes.subarray(0, 24)).replace(/^(\xff\xfe|\xfe\xff|\xef\xbb\xbf)/, "");
  return /^(Windows R|REGEDIT4)/.test(start.replaceAll("\0", ""));
}

/**
 * The text of a file: UTF-16 of either byte order, UTF-8, ASCII; bytes that are none of these only with the name of their code page. Lone
 * surrogates of UTF-16 are kept. INVALID_DATA when it can't be told.
 */
export function decodeRegBytes(bytes: Uint8Array, codePage: string | undefined): string {
  const [first, second, third] = bytes;
  if (first === 0xff && second === 0xfe) return decodeUnits(bytes.subarray(2));
  if (first === 0xfe && second === 0xff) return decodeUnits(swapped(bytes.subarray(2)));
  if (first !== undefined && first !== 0 && second === 0) return decodeUnits(bytes);
  if (first === 0xef && second === 0xbb && third === 0xbf) return decodeCodePage(bytes.subarray(3), "utf-8");
  if (codePage !== undefined) return decodeCodePage(bytes, codePage);
  const isOld = String.fromCharCode(...bytes.subarray(0, 8)) === "REGEDIT4";
  try {
    // In the old dialect, bytes that happen to be UTF-8 may mean something else.
    return new TextDecoder("utf-8", { fatal: true }).decode(isOld ? refuseForeign(bytes) : bytes);
  } catch (cause) {
    throw fail("INVALID_DATA", {
      happened: `The registry text is ${isOld ? "in an unnamed code page" : "neither UTF-16 nor UTF-8"}.`,
      unchanged: "Nothing was changed.",
      next: "Name its code page (for example windows-1252), or save it as Unicode in the program that wrote it.",
      cause,
    });
  }
}

function refuseForeign(bytes: Uint8Array): Uint8Array {
  if (bytes.some((byte) => byte > 0x7f)) throw new Error("not ASCII");
  return bytes;
}

function decodeUnits(bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-16le", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return decodeUtf16(bytes);
  }
}

function swapped(bytes: Uint8Array): Uint8Array {
  const other = new Uint8Array(bytes.length & ~1);
  for (let at = 0; at < other.length; at++) other[at] = bytes[at ^ 1]!;
  return other;
}
