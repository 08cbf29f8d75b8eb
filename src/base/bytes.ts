/** Bytes and their texts: hexadecimal, base64 and UTF-16. Pure; runs wherever JavaScript does. */
import { fail } from "./errors.ts";

/** The parts one after the other, in a new array. */
export function concatBytes(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  let length = 0;
  for (const part of parts) length += part.length;
  const whole = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** Whether both hold the same bytes. Stops at the first difference: not for comparing secrets. */
export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

const hexPairs: readonly string[] = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"));

/** Lower case. */
export function toHex(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += hexPairs[byte];
  return text;
}

/** Either case; throws INVALID_DATA on anything but pairs of hexadecimal digits. */
export function fromHex(text: string): Uint8Array<ArrayBuffer> {
  if (text.length % 2 !== 0 || /[^0-9a-fA-F]/.test(text)) {
    throw fail("INVALID_DATA", { happened: "A text is not hexadecimal." });
  }
  const bytes = new Uint8Array(text.length / 2);
  for (let i = 0; i < bytes.length; i++) bytes[i] = Number.parseInt(text.slice(i * 2, i * 2 + 2), 16);
  return bytes;
}

const alphabet = new TextEncoder().encode("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/");
const sextets = new Uint8Array(256).fill(255);
alphabet.forEach((code, sextet) => {
  sextets[code] = sextet;
});
const padding = 0x3d;

/** Base64 of RFC 4648 §4, with padding. */
export function toBase64(bytes: Uint8Array): string {
  const codes = new Uint8Array(Math.ceil(bytes.length / 3) * 4);
  const code = (sextet: number): number => alphabet[sextet & 63] ?? 0;
  for (let i = 0, o = 0; i < bytes.length; i += 3, o += 4) {
    const left = bytes.length - i;
    const group = ((bytes[i] ?? 0) << 16) | ((bytes[i + 1] ?? 0) << 8) | (bytes[i + 2] ?? 0);
    codes[o] = code(group >> 18);
    codes[o + 1] = code(group >> 12);
    codes[o + 2] = left > 1 ? code(group >> 6) : padding;
    codes[o + 3] = left > 2 ? code(group) : padding;
  }
  return new TextDecoder().decode(codes);
}

/** Exactly what `toBase64` writes; throws INVALID_DATA on anything else. */
export function fromBase64(text: string): Uint8Array<ArrayBuffer> {
  const wrong = (): Error => fail("INVALID_DATA", { happened: "A text is not base64." });
  const codes = new TextEncoder().encode(text);
  if (codes.length % 4 !== 0) throw wrong();
  let padded = 0;
  while (padded < 2 && codes[codes.length - 1 - padded] === padding) padded++;
  const bytes = new Uint8Array((codes.length / 4) * 3 - padded);
  const digits = codes.length - padded;
  for (let i = 0, o = 0; i < digits; i += 4, o += 3) {
    let group = 0;
    for (let j = 0; j < 4; j++) {
      const sextet = i + j < digits ? (sextets[codes[i + j] ?? 0] ?? 255) : 0;
      if (sextet === 255) throw wrong();
      group = (group << 6) | sextet;
    }
    if (o + 1 >= bytes.length ? (group & 0xffff) !== 0 : o + 2 >= bytes.length && (group & 0xff) !== 0) throw wrong();
    bytes[o] = group >> 16;
    if (o + 1 < bytes.length) bytes[o + 1] = group >> 8;
    if (o + 2 < bytes.length) bytes[o + 2] = group;
  }
  return bytes;
}

/** UTF-16LE without mark or terminator; lone surrogates are kept. */
export function encodeUtf16(text: string): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(text.length * 2);
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    bytes[i * 2] = unit;
    bytes[i * 2 + 1] = unit >> 8;
  }
  return bytes;
}

/** UTF-16LE as it stands: terminators and lone surrogates are kept, an odd last byte is left out. */
export function decodeUtf16(bytes: Uint8Array): string {
  const units = bytes.length >> 1;
  const slice = 4096;
  let text = "";
  for (let from = 0; from < units; from += slice) {
    const chunk: number[] = [];
    for (let i = from; i < Math.min(units, from + slice); i++) {
      chunk.push((bytes[i * 2] ?? 0) | ((bytes[i * 2 + 1] ?? 0) << 8));
    }
    text += String.fromCharCode(...chunk);
  }
  return text;
}
