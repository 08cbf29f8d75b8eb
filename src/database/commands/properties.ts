/** Values of properties as people and programs give them, checked against the documented type and range. */
import { fail } from "../../base/errors.ts";
import { foldName } from "../../tree/path.ts";
import { binary, dword, multiSz, qword, sz, type Value } from "../../tree/value.ts";
import type { ChangeBuilder } from "../change.ts";
import type { PropertySpec } from "../property-spec.ts";
import { closestFirst, meantName } from "./spelling.ts";

/** null takes the value away, so that the default counts again. */
export type PropertyInput = string | number | bigint | boolean | readonly string[] | Uint8Array | null;
/** By property name; case makes no difference. */
export type PropertyInputs = Readonly<Record<string, PropertyInput>>;

const unchanged = "Nothing was changed.";

/** How many names are told. */
const mostNames = 8;

/**
 * Turns inputs into edits of the values under `path`. A name of `specs` is checked: 5089 when read-only, 5895 when of another type,
 * 87 outside the range. Another name is refused with 87 when `closed`, otherwise stored with the type that its input suggests,
 * unless it is nearly a name of `specs` (87): that is a slip.
 */
export function setProperties(
  change: ChangeBuilder,
  path: string,
  specs: readonly PropertySpec[],
  inputs: PropertyInputs,
  closed: boolean,
): void {
  if (Object.keys(inputs).length === 0)
    throw fail("INVALID_PARAMETER", { happened: "No property was given.", unchanged });
  for (const [given, input] of Object.entries(inputs)) {
    const spec = specs.find((one) => foldName(one.name) === foldName(given));
    if (spec === undefined && closed) {
      const near = closestFirst(
        given,
        specs.filter(({ readOnly }) => readOnly !== true).map(({ name }) => name),
      );
      const more = near.length > mostNames ? " …" : "";
      throw fail("INVALID_PARAMETER", {
        happened: `There is no property "${given}". There are: ${near.slice(0, mostNames).join(", ")}${more}`,
        unchanged,
        next: "docs/reference/properties.md lists them all; settings of the application are parameters (`clubar resource param`).",
      });
    }
    const meant =
      spec === undefined
        ? meantName(
            given,
            specs.map(({ name }) => name),
          )
        : undefined;
    if (meant !== undefined && input !== null) {
      throw fail("INVALID_PARAMETER", {
        happened: `"${given}" is no documented parameter; did you mean ${meant}?`,
        unchanged,
        next: `Write ${meant}=…, or give a parameter of your own a name that can't be taken for it.`,
      });
    }
    if (spec?.readOnly === true) {
      throw fail("RESOURCE_PROPERTY_UNCHANGEABLE", { happened: `The property ${spec.name} can't be set.`, unchanged });
    }
    const name = spec?.name ?? given;
    change.unchanged(path, name);
    if (input === null) change.remove(path, name);
    else change.set(path, spec === undefined ? freeValue(name, input) : specifiedValue(spec, input));
  }
}

/** The number of a known dword property in `inputs`, or what it is now. */
export function numberAfter(inputs: PropertyInputs, specs: readonly PropertySpec[], name: string, now: number): number {
  const entry = Object.entries(inputs).find(([given]) => foldName(given) === foldName(name));
  const spec = specs.find((one) => one.name === name);
  if (entry === undefined || spec === undefined) return now;
  return entry[1] === null ? Number(spec.default) : numberOf(spec, entry[1]);
}

function specifiedValue(spec: PropertySpec, input: Exclude<PropertyInput, null>): Value {
  switch (spec.type) {
    case "dword":
      return dword(spec.name, numberOf(spec, input));
    case "qword":
      if (typeof input === "bigint") return qword(spec.name, input);
      if (typeof input === "number" && Number.isSafeInteger(input) && input >= 0)
        return qword(spec.name, BigInt(input));
      if (typeof input === "string" && /^\d{1,19}$/.test(input)) return qword(spec.name, BigInt(input));
      throw mismatch(spec, input);
    case "sz":
      if (typeof input === "string") return sz(spec.name, input);
      if (typeof input === "number") return sz(spec.name, String(input));
      throw mismatch(spec, input);
    case "multi-sz":
      if (typeof input === "string") return multiSz(spec.name, input === "" ? [] : input.split(";"));
      if (isList(input) && input.every((text) => text !== "")) return multiSz(spec.name, [...input]);
      throw mismatch(spec, input);
    case "binary":
      if (input instanceof Uint8Array) return binary(spec.name, input);
      throw mismatch(spec, input);
  }
}

function isList(input: PropertyInput): input is readonly string[] {
  return Array.isArray(input);
}

/** A dword: a number, `0x…`, a decimal text, −1 for 0xFFFFFFFF, true and false. */
function numberOf(spec: PropertySpec, input: PropertyInput): number {
  const number = parseNumber(input);
  if (number === undefined) throw mismatch(spec, input);
  const unsigned = number === -1 ? 0xffffffff : number;
  const inside =
    Number.isInteger(unsigned) && ((unsigned >= spec.min && unsigned <= spec.max) || unsigned === spec.also);
  if (!inside) {
    const also = spec.also === undefined ? "" : ` or ${spec.also}`;
    throw fail("INVALID_PARAMETER", {
      happened: `${spec.name} can't be ${String(input)}: it goes from ${spec.min} to ${spec.max}${also}.`,
      unchanged,
    });
  }
  return unsigned;
}

function parseNumber(input: PropertyInput): number | undefined {
  if (typeof input === "number") return input;
  if (typeof input === "boolean") return input ? 1 : 0;
  if (typeof input !== "string") return undefined;
  if (/^true$/i.test(input)) return 1;
  if (/^false$/i.test(input)) return 0;
  return /^(-?\d{1,10}|0x[0-9a-f]{1,8})$/i.test(input) ? Number(input) : undefined;
}

function freeValue(name: string, input: Exclude<PropertyInput, null>): Value {
  if (typeof input === "string") return sz(name, input);
  if (typeof input === "boolean") return dword(name, input ? 1 : 0);
  if (typeof input === "bigint") return qword(name, input);
  if (input instanceof Uint8Array) return binary(name, input);
  if (typeof input !== "number") return multiSz(name, [...input]);
  if (Number.isInteger(input) && input >= 0 && input <= 0xffffffff) return dword(name, input);
  throw fail("INVALID_PARAMETER", {
    happened: `${name} can't be ${input}: numbers go from 0 to 4294967295.`,
    unchanged,
  });
}

function mismatch(spec: PropertySpec, input: PropertyInput): Error {
  const shown = typeof input === "string" || typeof input === "number" ? `"${input}"` : "what was given";
  return fail("CLUSTER_PROPERTY_DATA_TYPE_MISMATCH", {
    happened: `${spec.name} can't be ${shown}: it is ${kinds[spec.type]}.`,
    unchanged,
  });
}

const kinds: Readonly<Record<PropertySpec["type"], string>> = {
  dword: "a number (REG_DWORD)",
  qword: "a large number (REG_QWORD)",
  sz: "a text (REG_SZ)",
  "multi-sz": "texts, none of them empty, with ; between (REG_MULTI_SZ)",
  binary: "bytes (REG_BINARY)",
};
