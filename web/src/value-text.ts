/** Registry values as text. */
import type { ValueView } from "../../src/api/value-view.ts";

const longest = 300;

/** The data for people: texts as they are, numbers in both notations, everything else in hexadecimal. */
export function valueText(value: ValueView): string {
  const { type } = value;
  const bytes = bytesOf(value);
  const view = new DataView(bytes.buffer);
  if (type === "REG_SZ" || type === "REG_EXPAND_SZ" || type === "REG_LINK") return cut(utf16(bytes));
  if (type === "REG_MULTI_SZ") return cut(utf16(bytes).split("\0").join(" ⏎ "));
  if (type === "REG_DWORD" && bytes.length === 4) return number(BigInt(view.getUint32(0, true)), 8);
  if (type === "REG_QWORD" && bytes.length === 8) return number(view.getBigUint64(0, true), 16);
  return cut(Array.from(bytes.subarray(0, longest), (byte) => byte.toString(16).padStart(2, "0")).join(" "));
}

/** As `valueText`, of a directory's tree: modes as people write them, contents as text where they are text. */
export function fileValueText(name: string, value: ValueView): string {
  const bytes = bytesOf(value);
  if (name === "Mode" && bytes.length === 4) {
    return new DataView(bytes.buffer).getUint32(0, true).toString(8).padStart(4, "0");
  }
  if (name !== "Content") return valueText(value);
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    if (!text.includes("\0")) return cut(text);
  } catch {
    return valueText(value);
  }
  return valueText(value);
}

/** The name of a value; the default one has none. */
export function valueName(name: string): string {
  return name === "" ? "(Default)" : name;
}

function bytesOf({ data }: ValueView): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(data), (letter) => letter.charCodeAt(0));
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
