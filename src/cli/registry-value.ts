/** Values of the registry as a command line gives and shows them. */
import type { ValueView } from "../api/value-view.ts";
import { typeName, typeNumber, valueOfView } from "../api/value-view.ts";
import { fromHex, toHex } from "../base/bytes.ts";
import {
  dword,
  dwordOf,
  expandSz,
  multiSz,
  multiSzOf,
  qword,
  qwordOf,
  sz,
  textOf,
  type Value,
  valueType,
} from "../tree/value.ts";
import { usage } from "./exit.ts";
import { oneLine } from "./render/table.ts";

/** reg.exe's spelling: texts as they are, numbers decimal or 0x…, lists with `separator` between, the rest in hexadecimal. */
export function parseValue(name: string, type: string, text: string, separator: string): Value {
  const number = typeNumber(type.toUpperCase().startsWith("REG_") || /^\d|^0x/i.test(type) ? type : `REG_${type}`);
  switch (number) {
    case valueType.sz:
      return sz(name, text);
    case valueType.expandSz:
      return expandSz(name, text);
    case valueType.multiSz:
      return multiSz(name, text === "" ? [] : text.split(separator));
    case valueType.dword:
      return dword(name, Number(wholeNumber(text, 0xffffffffn)));
    case valueType.qword:
      return qword(name, wholeNumber(text, 0xffffffffffffffffn));
    default:
      return { name, type: number, data: hexBytes(text) };
  }
}

function wholeNumber(text: string, most: bigint): bigint {
  const number = /^(\d+|0x[0-9a-f]+)$/i.test(text) ? BigInt(text) : -1n;
  if (number < 0n || number > most) throw usage(`"${text}" is not a whole number from 0 to ${most}.`);
  return number;
}

function hexBytes(text: string): Uint8Array {
  const digits = text.replace(/[\s,]/g, "");
  if (digits.length % 2 !== 0 || /[^0-9a-f]/i.test(digits)) throw usage(`"${text}" is no data in hexadecimal.`);
  return fromHex(digits);
}

/** A value's type and data for people. */
export function valueText(view: ValueView): readonly [type: string, data: string] {
  return typeAndData(valueOfView(view));
}

/** The same without a view; the name does not count. */
export function typeAndData(value: Value): readonly [type: string, data: string] {
  const type = typeName(value.type);
  const number = dwordOf(value) ?? qwordOf(value);
  if (number !== undefined) return [type, `0x${number.toString(16)}`];
  const list = multiSzOf(value);
  if (list !== undefined) return [type, oneLine(list.join("\\0"))];
  return [type, oneLine(textOf(value) ?? toHex(value.data))];
}
