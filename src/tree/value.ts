/** Typed values of a key, and how the usual types are written and read. */
import { decodeUtf16, encodeUtf16, equalBytes } from "../base/bytes.ts";
import { fail } from "../base/errors.ts";

/** A value is never changed, nor are its bytes. The name "" is the key's default value. */
export interface Value {
  readonly name: string;
  /** One of `valueType`, or any other unsigned 32-bit number. */
  readonly type: number;
  readonly data: Uint8Array;
}

/** The types of winnt.h (REG_NONE …). */
export const valueType = {
  none: 0,
  sz: 1,
  expandSz: 2,
  binary: 3,
  dword: 4,
  dwordBigEndian: 5,
  link: 6,
  multiSz: 7,
  resourceList: 8,
  fullResourceDescriptor: 9,
  resourceRequirementsList: 10,
  qword: 11,
} as const;

/** A text with the NUL at its end. */
export function sz(name: string, text: string): Value {
  return { name, type: valueType.sz, data: encodeUtf16(`${text}\0`) };
}

/** A text with `%VARIABLES%`. */
export function expandSz(name: string, text: string): Value {
  return { name, type: valueType.expandSz, data: encodeUtf16(`${text}\0`) };
}

/** An unsigned 32-bit number; INVALID_PARAMETER for any other. */
export function dword(name: string, number: number): Value {
  if (!Number.isInteger(number) || number < 0 || number > 0xffff_ffff) {
    throw fail("INVALID_PARAMETER", {
      happened: `The value "${name}" can't be ${number}: a DWORD is a whole number from 0 to 4294967295.`,
    });
  }
  const data = new Uint8Array(4);
  new DataView(data.buffer).setUint32(0, number, true);
  return { name, type: valueType.dword, data };
}

/** An unsigned 64-bit number; INVALID_PARAMETER for any other. */
export function qword(name: string, number: bigint): Value {
  if (BigInt.asUintN(64, number) !== number) {
    throw fail("INVALID_PARAMETER", {
      happened: `The value "${name}" can't be ${number}: a QWORD is a whole number from 0 to 2^64-1.`,
    });
  }
  const data = new Uint8Array(8);
  new DataView(data.buffer).setBigUint64(0, number, true);
  return { name, type: valueType.qword, data };
}

/** The bytes are not copied. */
export function binary(name: string, data: Uint8Array): Value {
  return { name, type: valueType.binary, data };
}

/** A list of texts; INVALID_PARAMETER when one is empty or holds a NUL, because the format can't tell it from the list's end. */
export function multiSz(name: string, texts: readonly string[]): Value {
  for (const text of texts) {
    if (text === "" || text.includes("\0")) {
      throw fail("INVALID_PARAMETER", { happened: `The list "${name}" can't hold an empty text or one with a NUL.` });
    }
  }
  return { name, type: valueType.multiSz, data: encodeUtf16(`${texts.map((text) => `${text}\0`).join("")}\0`) };
}

/** The text of an SZ, EXPAND_SZ or LINK without the one NUL at its end (which may be missing). */
export function textOf(value: Value | undefined): string | undefined {
  if (value === undefined) return undefined;
  const { type, data } = value;
  if (type !== valueType.sz && type !== valueType.expandSz && type !== valueType.link) return undefined;
  const text = decodeUtf16(data);
  return text.endsWith("\0") ? text.slice(0, -1) : text;
}

/** Only of type DWORD with 4 bytes. */
export function dwordOf(value: Value | undefined): number | undefined {
  if (value === undefined || value.type !== valueType.dword || value.data.length !== 4) return undefined;
  return viewOf(value.data).getUint32(0, true);
}

/** Only of type QWORD with 8 bytes. */
export function qwordOf(value: Value | undefined): bigint | undefined {
  if (value === undefined || value.type !== valueType.qword || value.data.length !== 8) return undefined;
  return viewOf(value.data).getBigUint64(0, true);
}

/** The bytes of a BINARY value; not to be written to. */
export function binaryOf(value: Value | undefined): Uint8Array | undefined {
  return value?.type === valueType.binary ? value.data : undefined;
}

/** The texts of a MULTI_SZ up to its first empty one. */
export function multiSzOf(value: Value | undefined): string[] | undefined {
  if (value === undefined || value.type !== valueType.multiSz) return undefined;
  const texts = decodeUtf16(value.data).split("\0");
  const end = texts.indexOf("");
  return end === -1 ? texts : texts.slice(0, end);
}

/** Same name to the letter, same type, same bytes. */
export function equalValues(a: Value, b: Value): boolean {
  return a === b || (a.name === b.name && a.type === b.type && equalBytes(a.data, b.data));
}

function viewOf(data: Uint8Array): DataView {
  return new DataView(data.buffer, data.byteOffset, data.byteLength);
}
