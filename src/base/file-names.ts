/** Names of files are bytes; a byte that is no UTF-8 is a lone surrogate in ours (as PEP 383 does), so that every name can be told. */
import { OutsideError } from "./outside.ts";

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const firstEscape = 0xdc00;

/** A name as listed by the kernel. */
export function nameOf(bytes: Uint8Array): string {
  const text = decodeWhole(bytes);
  if (text !== undefined) return text;
  let name = "";
  for (let at = 0; at < bytes.length; ) {
    const length = sequenceLength(bytes[at] ?? 0);
    const part = at + length <= bytes.length ? decodeWhole(bytes.subarray(at, at + length)) : undefined;
    name += part ?? String.fromCharCode(firstEscape + (bytes[at] ?? 0));
    at += part === undefined ? 1 : length;
  }
  return name;
}

/** A path as node:fs takes it. */
export function nativePath(path: string): string | Buffer {
  return path.isWellFormed() ? path : Buffer.from(bytesOfName(path));
}

/** The bytes of a name or path. EILSEQ for a lone surrogate that stands for no byte. */
export function bytesOfName(path: string): Uint8Array {
  const encoder = new TextEncoder();
  if (path.isWellFormed()) return encoder.encode(path);
  const bytes: number[] = [];
  for (const letter of path) {
    const unit = letter.codePointAt(0) ?? 0;
    if (unit < 0xd800 || unit > 0xdfff) bytes.push(...encoder.encode(letter));
    else if (unit >= firstEscape + 0x80 && unit <= firstEscape + 0xff) bytes.push(unit - firstEscape);
    else throw new OutsideError("EILSEQ", "a name holds half a character");
  }
  return Uint8Array.from(bytes);
}

function decodeWhole(bytes: Uint8Array): string | undefined {
  try {
    return decoder.decode(bytes);
  } catch {
    return undefined;
  }
}

function sequenceLength(first: number): number {
  if (first >= 0xf0) return 4;
  if (first >= 0xe0) return 3;
  return first >= 0xc0 ? 2 : 1;
}
