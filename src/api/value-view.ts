/** Registry values as JSON carries them. */
import { fromBase64, toBase64, toHex } from "../base/bytes.ts";
import { fail } from "../base/errors.ts";
import { dwordOf, multiSzOf, qwordOf, textOf, type Value, valueType } from "../tree/value.ts";

/** A value, lossless. */
export interface ValueView {
  /** "" is the key's default value. */
  readonly name: string;
  /** `REG_SZ` …, or the number in decimal when it has no name. */
  readonly type: string;
  /** The bytes in base64. */
  readonly data: string;
}

/** Names of the types as reg.exe writes them. */
const typeNames: ReadonlyMap<number, string> = new Map([
  [valueType.none, "REG_NONE"],
  [valueType.sz, "REG_SZ"],
  [valueType.expandSz, "REG_EXPAND_SZ"],
  [valueType.binary, "REG_BINARY"],
  [valueType.dword, "REG_DWORD"],
  [valueType.dwordBigEndian, "REG_DWORD_BIG_ENDIAN"],
  [valueType.link, "REG_LINK"],
  [valueType.multiSz, "REG_MULTI_SZ"],
  [valueType.resourceList, "REG_RESOURCE_LIST"],
  [valueType.fullResourceDescriptor, "REG_FULL_RESOURCE_DESCRIPTOR"],
  [valueType.resourceRequirementsList, "REG_RESOURCE_REQUIREMENTS_LIST"],
  [valueType.qword, "REG_QWORD"],
]);

/** `REG_SZ` …, or the number in decimal. */
export function typeName(type: number): string {
  return typeNames.get(type) ?? String(type);
}

/** The number of a type's name (any case, decimal or 0x… allowed). INVALID_PARAMETER. */
export function typeNumber(name: string): number {
  const upper = name.toUpperCase();
  for (const [number, known] of typeNames) if (known === upper) return number;
  const number = /^(\d{1,10}|0X[0-9A-F]{1,8})$/.test(upper) ? Number(name) : Number.NaN;
  if (Number.isInteger(number) && number <= 0xffffffff) return number;
  throw fail("INVALID_PARAMETER", {
    happened: `There is no value type "${name}".`,
    unchanged: "Nothing was changed.",
    next: `Types: ${[...typeNames.values()].join(", ")}.`,
  });
}

/** A value for JSON. */
export function valueView(value: Value): ValueView {
  return { name: value.name, type: typeName(value.type), data: toBase64(value.data) };
}

/** The value of a view. INVALID_PARAMETER for its type, INVALID_DATA for its bytes. */
export function valueOfView(view: ValueView): Value {
  return { name: view.name, type: typeNumber(view.type), data: fromBase64(view.data) };
}

/** What a property shows: a text, a number, a list of texts; `hex:` bytes for what is none of these. */
export type PlainValue = string | number | readonly string[] | null;

/** A value as people write it. */
export function plainValue(value: Value): PlainValue {
  return (
    textOf(value) ?? dwordOf(value) ?? multiSzOf(value) ?? qwordOf(value)?.toString() ?? `hex:${toHex(value.data)}`
  );
}
