/** Registry values as text. */
import type { ValueView } from "../../src/api/value-view.ts";

const longest = 300;

/** The data for people: texts as they are, numbers in both notations, everything else in hexadecimal. */
export function valueText({ type, data }: ValueView): string {
  const bytes = Uint8Array.from(atob(data), (letter) => letter.charCodeAt(0));
  const view = new DataView(bytes.buffer);
  if (type === "REG_SZ" || type === "REG_EXPAND_SZ" || type === "REG_LINK") return cut(utf16(bytes));
  if (type === "REG_MULTI_SZ") return cut(utf16(bytes).split("\0").join(" ⏎ "));
  if (type === "REG_DWORD" && bytes.length === 4) return number(BigInt(view.getUint32(0, true)), 8);
  if (type === "REG_QWORD" && bytes.length === 8) return number(view.getBigUint64(0, true), 16);
  return cut(Array.from(bytes.subarray(0, longest), (byte) => byte.toString(16).padStart(2, "0")).join(" "));
}

/** The name of a value; the default one has none. */
export function valueName(name: string): string {
  return name === "" ? "(Default)" : name;
}

function utf16(bytes: Uint8Array): string {
  return new TextDecoder("utf-16le").decode(bytes).replace(/\0+$/, "");
}

function number(value: bigint, digits: number): string {
  return `0x${value.toString(16).padStart(digits, "0")} (${value})`;
}

function cut(text: string): string {
  return text.length > longest ? `${text.slice(0, longest)}…` : text;
}
