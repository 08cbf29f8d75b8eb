import { decodeUtf16 } from "../base/bytes.ts";
import { upcase } from "../tree/upcase-table.ts";

/** Node's own decoders where there are any: for short texts they take a third of the time. */
const native = (globalThis as { readonly Buffer?: { readonly prototype: Slices } }).Buffer?.prototype;
interface Slices {
  latin1Slice(this: Uint8Array, from: number, to: number): string;
  ucs2Slice(this: Uint8Array, from: number, to: number): string;
}

/** A byte is a character, U+0000 to U+00FF (not windows-1252). */
export function decodeLatin1(bytes: Uint8Array, from: number, to: number): string {
  if (native !== undefined) return native.latin1Slice.call(bytes, from, to);
  const slice = 8192;
  let text = "";
  for (let at = from; at < to; at += slice) {
    text += String.fromCharCode.apply(null, bytes.subarray(at, Math.min(at + slice, to)) as unknown as number[]);
  }
  return text;
}

/** Reads a stored name: a byte a unit, or UTF-16. */
export function decodeName(bytes: Uint8Array, from: number, length: number, latin1: boolean): string {
  return latin1 ? decodeLatin1(bytes, from, from + length) : decodeUtf16(bytes.subarray(from, from + length));
}

/** Whether a name can be stored with a byte a character. */
export function isLatin1(text: string): boolean {
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) > 0xff) return false;
  return true;
}

/** The bytes a name takes on disk. */
export function nameSize(text: string, latin1: boolean): number {
  return latin1 ? text.length : text.length * 2;
}

/** Writes a name at `at`. */
export function writeName(view: DataView, at: number, text: string, latin1: boolean): void {
  if (latin1) for (let i = 0; i < text.length; i++) view.setUint8(at + i, text.charCodeAt(i));
  else for (let i = 0; i < text.length; i++) view.setUint16(at + i * 2, text.charCodeAt(i), true);
}

/** The hash of an `lh` list: h = 37h + unit over the folded name, 32 bits; of a name, or of a part of a text. */
export function nameHash(name: string, from = 0, to: number = name.length): number {
  let hash = 0;
  for (let i = from; i < to; i++) hash = (Math.imul(hash, 37) + upcase(name.charCodeAt(i))) | 0;
  return hash >>> 0;
}

/** The hint of an `lf` list: the first four letters; 0 ("look at the name") when one of them is not ASCII, as Windows writes it. */
export function nameHint(name: string): number {
  let hint = 0;
  for (let i = 0; i < 4 && i < name.length; i++) {
    const unit = name.charCodeAt(i);
    if (unit > 0x7f) return 0;
    hint |= unit << (8 * i);
  }
  return hint >>> 0;
}
