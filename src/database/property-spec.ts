/** A row of the property tables, and how rows are written. */
import { minusOne } from "./schema.ts";

/** A property as it is documented. */
export interface PropertySpec {
  readonly name: string;
  readonly type: "dword" | "qword" | "sz" | "multi-sz" | "binary";
  /** What an absent value means. */
  readonly default: number | bigint | string | readonly string[] | undefined;
  /** Of numbers, inclusive. */
  readonly min: number;
  readonly max: number;
  /** Allowed besides the range. */
  readonly also: number | undefined;
  readonly readOnly: boolean;
  readonly meaning: string;
}

/** What few rows have. */
export interface PropertyOptions {
  readonly readOnly?: true;
  readonly also?: number;
}

/** A dword. */
export function number(
  name: string,
  min: number,
  max: number,
  standard: number,
  meaning: string,
  options: PropertyOptions = {},
): PropertySpec {
  const { readOnly = false, also } = options;
  return { name, type: "dword", default: standard, min, max, also, readOnly, meaning };
}

/** Of another type; its default is empty. */
export function other(
  name: string,
  type: "sz" | "multi-sz" | "binary" | "qword",
  meaning: string,
  options: PropertyOptions = {},
): PropertySpec {
  const standard = { sz: "", "multi-sz": [], binary: undefined, qword: 0n }[type];
  return {
    name,
    type,
    default: standard,
    min: 0,
    max: minusOne,
    also: undefined,
    readOnly: options.readOnly ?? false,
    meaning,
  };
}

/** A text whose default is not empty. */
export function text(name: string, standard: string, meaning: string): PropertySpec {
  return { ...other(name, "sz", meaning), default: standard };
}

/** Of a property that nobody sets. */
export const readOnly: PropertyOptions = { readOnly: true };
